import { AppError } from '../../core/errors.ts';
import { unfinishedStates } from '../../core/job.ts';
import type { CallContext, DatabaseView, Service } from '../../service/service.ts';
import { type BdbRuns, newestSuccess } from './bdb-view.ts';
import { withFirstErrors } from './first-error.ts';
import { apiId } from './settings.ts';

/** Largest number of a path that can be a uid. */
const uidPattern = /^[1-9]\d{0,14}$/;
/** How far back a success is looked for behind runs that went on past errors. */
const mostLookedAt = 50;

/** The database of a path. Throws `database-unknown` also for what is no number, and `forbidden` outside of the role's resources. */
export async function findBdb(service: Service, context: CallContext, uid: string): Promise<DatabaseView> {
  if (uidPattern.test(uid)) {
    return service.databaseByUid(context, Number(uid)).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'forbidden') throw error;
      // Numbers can be counted through, and would tell the names of all databases.
      const message = `The role of user ${context.caller.name} does not extend to the database ${uid}.`;
      throw new AppError('forbidden', { message });
    });
  }
  throw new AppError('database-unknown', {
    field: 'uid',
    message: `There is no database ${JSON.stringify(uid.slice(0, 100))}: a uid is a number.`,
  });
}

/** What the jobs of a database say of it. */
export async function runsOf(service: Service, context: CallContext, database: string): Promise<BdbRuns> {
  const query = { database, api: apiId, limit: 1 };
  const [exported, imported, succeeded, running] = await Promise.all([
    service.databaseJobs(context, { ...query, kinds: ['export'] }),
    service.databaseJobs(context, { ...query, kinds: ['import'] }),
    service.databaseJobs(context, {
      ...query,
      kinds: ['export'],
      states: ['completed'],
      limit: mostLookedAt,
    }),
    service.databaseJobs(context, { database, states: unfinishedStates, limit: 1 }),
  ]);
  const [[newestExport = null], [newestImport = null]] = await Promise.all([
    withFirstErrors(service, context, exported),
    withFirstErrors(service, context, imported),
  ]);
  return {
    newestExport,
    newestImport,
    lastExport: newestSuccess(succeeded),
    running: running[0] ?? null,
  };
}
