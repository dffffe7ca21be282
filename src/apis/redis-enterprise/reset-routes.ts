import { AppError } from '../../core/errors.ts';
import type { JobKind } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';
import { bdbKey } from './bdb-routes.ts';
import { isRunning } from './bdb-view.ts';
import { emptyBody } from './bodies.ts';
import { bdbOf, callContext, type Operation, type OperationParts } from './operation.ts';
import type { Permission } from './permissions.ts';
import { apiId, type BdbSettings, changeSettings } from './settings.ts';

interface Reset {
  readonly word: 'export' | 'import' | 'backup';
  readonly permission: Permission;
  /** The settings that make the status idle, given the `seq` of the newest job of its kind. */
  mark(newest: number): BdbSettings;
}

const resets: readonly Reset[] = [
  {
    word: 'export',
    permission: 'reset_bdb_current_export_status',
    mark: (newest) => ({ exportReset: newest }),
  },
  {
    word: 'import',
    permission: 'reset_bdb_current_import_status',
    mark: (newest) => ({ importReset: newest }),
  },
  { word: 'backup', permission: 'reset_bdb_current_backup_status', mark: () => ({ backupReset: true }) },
];

/** The three PUTs that make a status idle again. */
export const resetOperations = ({ service }: OperationParts): readonly Operation[] =>
  resets.map(({ word, permission, mark }) => ({
    method: 'PUT',
    path: `/v1/bdbs/:uid/actions/${word}_reset_status`,
    operationId: `reset${word[0]?.toUpperCase()}${word.slice(1)}Status`,
    summary: `Make the ${word} status idle`,
    description: `409 while an ${word} runs. The moment of the last success stays.`.replace(
      'an backup',
      'a backup',
    ),
    tags: ['bdbs'],
    permission,
    params: bdbKey,
    responses: { 200: { description: 'The status is idle.', schema: emptyBody } },
    async handle(request) {
      const context = callContext(request);
      const { name } = await bdbOf(service, request);
      // Scheduled backups have no jobs yet.
      const newest = word === 'backup' ? 0 : await newestSeq(service, context, name, word);
      await changeSettings(service, context, name, `database:reset-${word}-status`, mark(newest));
      return { status: 200, body: {} };
    },
  }));

/** 0: there is none. Throws 409 while it runs. */
async function newestSeq(
  service: Service,
  context: CallContext,
  database: string,
  kind: JobKind,
): Promise<number> {
  const [newest] = await service.databaseJobs(context, { database, api: apiId, kinds: [kind], limit: 1 });
  if (newest === undefined) return 0;
  if (!isRunning(newest)) return newest.seq;
  throw new AppError('database-busy', {
    message: `The ${kind} of database ${database} goes on, and its status cannot be reset.`,
    hint: 'Wait until it has ended.',
  });
}
