import Type, { type Static } from 'typebox';
import { backupStates } from '../../core/backup.ts';
import type { RetentionPlan } from '../../service/backup-service.ts';
import type { Service } from '../../service/service.ts';
import type { ApiRequest, Route } from '../api.ts';
import { BackupSchema, backupView } from './backup-view.ts';
import { callContext } from './call-context.ts';
import { defined } from './job-input.ts';
import { JobSchema } from './job-view.ts';
import type { JobViews } from './job-views.ts';
import { listOf, NameParams, words } from './schema-parts.ts';
import { startOptions } from './start-job.ts';

const IdParams = Type.Object({
  id: Type.String({ pattern: '^[1-9][0-9]{0,14}$', description: 'Id of the backup.' }),
});

const BackupListQuery = Type.Object(
  {
    database: Type.Optional(Type.String({ description: 'Only backups of this database.' })),
    state: Type.Optional(
      Type.Array(words(backupStates, 'State.'), {
        description: 'Only these; may repeat. By default all but deleted.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  { additionalProperties: false },
);

const KeepRequest = Type.Object(
  { keep_forever: Type.Boolean({ description: 'Whether retention leaves it alone.' }) },
  { $id: 'KeepBackup', additionalProperties: false },
);

const Plan = Type.Object(
  {
    keep: Type.Array(
      Type.Object({
        backup: BackupSchema,
        reasons: Type.Array(Type.String(), { description: 'What keeps it.' }),
      }),
      { description: 'Newest first.' },
    ),
    remove: Type.Array(
      Type.Object({ backup: BackupSchema, reason: Type.String({ description: 'Why nothing keeps it.' }) }),
      { description: 'Newest first.' },
    ),
  },
  { $id: 'RetentionPlan', description: 'What retention would do now.' },
);

const planView = ({ keep, remove }: RetentionPlan): Static<typeof Plan> => ({
  keep: keep.map(({ backup, reasons }) => ({ backup: backupView(backup), reasons: [...reasons] })),
  remove: remove.map(({ backup, reason }) => ({ backup: backupView(backup), reason })),
});

const idOf = (request: ApiRequest): number => Number(request.params.id);

/** The catalogue of backups. Backups are made, proved, restored and removed by jobs: `POST /jobs`. */
export function backupRoutes(service: Service, views: JobViews): readonly Route[] {
  const shared = { tags: ['backups'], access: 'authenticated' } as const;
  return [
    {
      ...shared,
      method: 'GET',
      path: '/backups',
      operationId: 'listBackups',
      summary: 'List the backups of the databases that the caller may read',
      query: BackupListQuery,
      responses: { 200: { description: 'The backups.', schema: listOf(BackupSchema, 'Newest first.') } },
      async handle(request) {
        const { state: states, database, limit } = request.query as Static<typeof BackupListQuery>;
        const query = defined({ database, limit, states });
        const found = await service.listBackups(callContext(request), query);
        return { status: 200, body: { items: found.map(backupView) } };
      },
    },
    {
      ...shared,
      method: 'GET',
      path: '/backups/:id',
      operationId: 'getBackup',
      summary: 'Show a backup',
      params: IdParams,
      responses: { 200: { description: 'The backup.', schema: BackupSchema } },
      handle: async (request) => ({
        status: 200,
        body: backupView(await service.getBackup(callContext(request), idOf(request))),
      }),
    },
    {
      ...shared,
      method: 'POST',
      path: '/backups/:id/keep',
      operationId: 'keepBackup',
      summary: 'Keep a backup for ever, or let retention have it again',
      params: IdParams,
      body: KeepRequest,
      responses: { 200: { description: 'The backup.', schema: BackupSchema } },
      async handle(request) {
        const { keep_forever: forever } = request.body as Static<typeof KeepRequest>;
        const kept = await service.keepBackup(callContext(request), idOf(request), forever);
        return { status: 200, body: backupView(kept) };
      },
    },
    {
      ...shared,
      method: 'GET',
      path: '/databases/:name/retention',
      operationId: 'planRetention',
      summary: 'Show what retention would keep and remove now; nothing is removed',
      params: NameParams,
      responses: { 200: { description: 'The plan.', schema: Plan } },
      handle: async (request) => ({
        status: 200,
        body: planView(await service.planRetention(callContext(request), request.params.name as string)),
      }),
    },
    {
      ...shared,
      method: 'POST',
      path: '/databases/:name/retention/prune',
      operationId: 'pruneBackups',
      summary: 'Remove what retention does not want, without waiting for the next backup',
      params: NameParams,
      responses: {
        200: { description: 'The Idempotency-Key was known: its job.', schema: JobSchema },
        201: { description: 'The job that removes it.', schema: JobSchema },
        204: { description: 'There is nothing to remove.', schema: null },
      },
      async handle(request) {
        const started = await service.startBackupPrune(
          callContext(request),
          { database: request.params.name as string },
          startOptions(request),
        );
        if (started === null) return { status: 204 };
        return views.started(started, request);
      },
    },
  ];
}
