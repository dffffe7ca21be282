import Type, { type Static } from 'typebox';
import { type BackupPolicy, proofMethods, type RetentionRules } from '../../core/backup.ts';
import { AppError } from '../../core/errors.ts';
import type { SetBackupPolicy } from '../../service/backup-service.ts';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { Priority } from './job-fields.ts';
import { defined } from './job-input.ts';
import { decodeLocation, locationFields, locationView } from './location.ts';
import { decodeScheduleRule, encodeScheduleRule, ScheduleRuleSchema } from './schedule-rule.ts';
import { Count, listOf, NameParams, nullable, Timestamp, timestamp, words } from './schema-parts.ts';

const count = (description: string) =>
  Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 100_000, description })));

const Retention = Type.Object(
  {
    keep_last: count('The newest so many.'),
    keep_daily: count('The newest of each of the last so many days that have one.'),
    keep_weekly: count('The newest of each of the last so many weeks (Monday to Sunday) that have one.'),
    keep_monthly: count('The newest of each of the last so many months that have one.'),
    keep_days: count('All that are younger than so many days.'),
    time_zone: Type.Optional(
      Type.String({
        description: 'Whose days, weeks and months; by default those of the schedule, else UTC.',
        examples: ['Europe/Zurich'],
      }),
    ),
  },
  {
    $id: 'RetentionRules',
    description:
      'Which backups stay: those that any rule wants; without any rule all. The newest good one stays whatever they say.',
    additionalProperties: false,
  },
);

const Verify = words(
  proofMethods,
  'What becomes of a new backup: nothing, its files are read against their digests, or it is restored into a scratch database and compared.',
);
const Scratch = nullable(
  Type.String({
    description:
      'Registered database that the proof `restore` may empty and fill, for engines that cannot make one beside the database; null: one is made and dropped.',
  }),
);
const EncryptionKey = nullable(
  Type.String({
    description: 'Name of the credential of the type encryption that the backups are encrypted with.',
  }),
);

export const NewPolicy = Type.Object(
  {
    ...locationFields,
    encryption_key: Type.Optional(EncryptionKey),
    verify: Type.Optional(Verify),
    scratch_database: Type.Optional(Scratch),
    retention: Type.Optional(Retention),
    schedule: Type.Optional(nullable(ScheduleRuleSchema)),
    threads: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Threads of the exports; 1 by default.' }),
    ),
    ...Priority,
  },
  {
    $id: 'NewBackupPolicy',
    description: 'directory or location has to be there; verify is digest by default.',
    additionalProperties: false,
  },
);

const Policy = Type.Object(
  {
    database: Type.String({ description: 'Name of the database.' }),
    directory: nullable(Type.String({ description: 'Named directory that the backups go to.' })),
    location: nullable(Type.String({ description: 'Storage URL that they go to.' })),
    credential: nullable(Type.String({ description: 'Name of the credential of that URL.' })),
    encryption_key: EncryptionKey,
    verify: Verify,
    scratch_database: Scratch,
    retention: Retention,
    schedule: nullable(ScheduleRuleSchema),
    threads: Count('Threads of the exports.'),
    priority: Type.Integer({ description: 'Of the jobs of the backups.' }),
    owner: Type.String({ description: 'Who set it: scheduled backups have the rights of this user.' }),
    updated_at: Timestamp('When it was set.'),
  },
  { $id: 'BackupPolicy', description: 'How a database is backed up.' },
);

const retentionView = (rules: RetentionRules): Static<typeof Retention> => ({
  keep_last: rules.keepLast,
  keep_daily: rules.keepDaily,
  keep_weekly: rules.keepWeekly,
  keep_monthly: rules.keepMonthly,
  keep_days: rules.keepDays,
  time_zone: rules.timeZone,
});

const policyView = (policy: BackupPolicy): Static<typeof Policy> => ({
  database: policy.database,
  ...locationView(policy.location),
  encryption_key: policy.encryptionKey,
  verify: policy.verify,
  scratch_database: policy.scratchDatabase,
  retention: retentionView(policy.retention),
  schedule: policy.schedule === null ? null : encodeScheduleRule(policy.schedule),
  threads: policy.threads,
  priority: policy.priority ?? 0,
  owner: policy.owner,
  updated_at: timestamp(policy.updatedAt),
});

function decodePolicy(database: string, body: Static<typeof NewPolicy>): SetBackupPolicy {
  const { directory, location: url, credential, retention, schedule } = body;
  const location = decodeLocation(defined({ directory, location: url, credential }));
  if (location === undefined) {
    throw new AppError('field-invalid', {
      field: 'location',
      message: 'location is missing, and directory too.',
      hint: 'Say where the backups go: a storage URL as location, or a directory as directory.',
    });
  }
  return defined({
    database,
    location,
    encryptionKey: body.encryption_key,
    verify: body.verify,
    scratchDatabase: body.scratch_database,
    retention: retention === undefined ? undefined : decodeRetention(retention),
    schedule: schedule === undefined || schedule === null ? schedule : decodeScheduleRule(schedule),
    threads: body.threads,
    priority: body.priority,
  });
}

const decodeRetention = (rules: Static<typeof Retention>): Partial<RetentionRules> =>
  defined({
    keepLast: rules.keep_last,
    keepDaily: rules.keep_daily,
    keepWeekly: rules.keep_weekly,
    keepMonthly: rules.keep_monthly,
    keepDays: rules.keep_days,
    timeZone: rules.time_zone,
  });

/** How databases are backed up. */
export function backupPolicyRoutes(service: Service): readonly Route[] {
  const shared = { tags: ['backups'], access: 'authenticated' } as const;
  const path = '/databases/:name/backup-policy';
  return [
    {
      ...shared,
      method: 'GET',
      path: '/backup-policies',
      operationId: 'listBackupPolicies',
      summary: 'List the backup policies of the databases that the caller may read',
      responses: { 200: { description: 'The policies.', schema: listOf(Policy, 'By database.') } },
      handle: async (request) => ({
        status: 200,
        body: { items: (await service.listBackupPolicies(callContext(request))).map(policyView) },
      }),
    },
    {
      ...shared,
      method: 'GET',
      path,
      operationId: 'getBackupPolicy',
      summary: 'Show the backup policy of a database',
      params: NameParams,
      responses: { 200: { description: 'The policy.', schema: Policy } },
      async handle(request) {
        const name = request.params.name as string;
        const policy = await service.getBackupPolicy(callContext(request), name);
        if (policy !== null) return { status: 200, body: policyView(policy) };
        throw new AppError('backup-policy-missing', {
          field: 'database',
          message: `The database ${name} has no backup policy.`,
        });
      },
    },
    {
      ...shared,
      method: 'PUT',
      path,
      operationId: 'setBackupPolicy',
      summary: 'Set the backup policy of a database, as a whole',
      params: NameParams,
      body: NewPolicy,
      responses: { 200: { description: 'The policy.', schema: Policy } },
      async handle(request) {
        const input = decodePolicy(request.params.name as string, request.body as Static<typeof NewPolicy>);
        return { status: 200, body: policyView(await service.setBackupPolicy(callContext(request), input)) };
      },
    },
    {
      ...shared,
      method: 'DELETE',
      path,
      operationId: 'removeBackupPolicy',
      summary: 'Forget the backup policy of a database; its backups stay',
      params: NameParams,
      responses: { 204: { description: 'Forgotten.', schema: null } },
      async handle(request) {
        await service.removeBackupPolicy(callContext(request), request.params.name as string);
        return { status: 204 };
      },
    },
  ];
}
