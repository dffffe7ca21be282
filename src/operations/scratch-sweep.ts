import type { OperationContext } from '../core/context.ts';
import { toAppError } from '../core/errors.ts';
import { jobOfDatabase } from '../core/job-database.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { dropRegistered, type ScratchParts } from './scratch.ts';

/**
 * Drops the databases of jobs that are over and could not do so themselves: a stopped job that was removed with what it had made. A database
 * that was to take the place of another one stays, and is told of: the exchange may have been under way. Never rejects: the log tells.
 */
export async function sweepJobDatabases(
  parts: ScratchParts,
  jobs: Pick<JobStore, 'getJob'>,
  context: OperationContext,
): Promise<void> {
  const failed = (message: string, thrown: unknown, data: Readonly<Record<string, string>> = {}): void => {
    const error = toAppError(thrown);
    context.log.warn(message, { ...data, message: error.message, hint: error.hint });
  };
  try {
    for (const name of await parts.jobDatabases.list()) {
      context.signal.throwIfAborted();
      await sweepOne(parts, jobs, name, context).catch((error: unknown) =>
        failed('the database of a job that is over could not be dropped', error, { database: name }),
      );
    }
  } catch (error) {
    if (!context.signal.aborted) failed('databases of jobs could not be looked for', error);
  }
}

async function sweepOne(
  parts: ScratchParts,
  jobs: Pick<JobStore, 'getJob'>,
  name: string,
  context: OperationContext,
): Promise<void> {
  const id = jobOfDatabase(name);
  const job = id === null ? null : await jobs.getJob(id);
  if (job !== null && job.state !== 'completed' && job.state !== 'cancelled') return;
  if (job === null && name.endsWith(':new')) {
    context.log.warn('a database that a restore had made was left behind', { database: name });
    return;
  }
  await dropRegistered(parts, name, context);
  context.log.info('the database of a job that is over was dropped', { database: name });
}
