import { AppError } from '../core/errors.ts';
import { jobDatabaseName } from '../core/job-database.ts';
import type { RestoreRequest } from '../core/request.ts';
import { openDumpSet } from '../dump/read-set.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { type BackupParts, completedBackup, titleOf } from './backup-parts.ts';
import { failureOf, findStep, stepOf, stepsInTurn } from './job-steps.ts';
import { logLine } from './log-lines.ts';
import { dropFilled, importStep, restoreInto, stopFilling } from './restore-set.ts';
import { storedError } from './run-child.ts';
import { dropJobDatabase, dropRegistered, makeJobDatabase, physicalName, scratchOf } from './scratch.ts';

/** The backup in a new database beside the one that is to be replaced, of which nothing is touched so far. */
export async function restoreBeside(
  parts: BackupParts,
  { database, backup: id, threads }: RestoreRequest,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const backup = await completedBackup(parts.catalogue, id);
  const storage = await parts.environment.storage(backup.location);
  const { manifest } = await openDumpSet(storage, backup.filePattern, context);
  const beside = await makeJobDatabase(parts, context.job, 'new', { like: database, claims }, context);
  const restored = await restoreInto(
    parts,
    backup,
    manifest,
    { database: beside.name, step: importStep(beside), threads, erase: false },
    context,
  );
  if ('type' in restored) return restored;
  const { tables, rows, differences } = restored;
  if (differences.length > 0) {
    throw new AppError('proof-failed', {
      message: `${titleOf(backup)} was restored beside ${database}, and is not what was saved: ${differences.slice(0, 5).join(' ')}`,
    });
  }
  return { type: 'done', result: { tables, rows } };
}

/**
 * Whether the new database takes the place of the old one. With the tasks that this adds the exchange has begun: from then on neither a
 * crash nor a cancel leaves it half done.
 * @param tellFailure tells of a restore beside that failed
 */
export async function decideSwap(
  parts: BackupParts,
  { database }: RestoreRequest,
  tellFailure: () => Promise<unknown>,
  context: TaskContext,
): Promise<TaskOutcome> {
  const failure = failureOf(await stepOf(context, 'beside'));
  if (failure !== null) {
    const waits = await stopFilling(parts, 'new', context);
    if (waits !== null) return waits;
    await tellFailure();
    await dropJobDatabase(parts, context.job, 'new', database, context);
    throw storedError(failure);
  }
  return {
    type: 'done',
    result: null,
    spawn: stepsInTurn(['swap', 'settle']),
    log: [logLine('note', `Everything came back; the new database takes the place of ${database} now.`)],
  };
}

/** The exchange. Its result: where the old database is kept, without secrets; null: it is not. Repeatable. */
export async function swapIn(
  parts: BackupParts,
  { database, how }: RestoreRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { environment, jobDatabases } = parts;
  const { job } = context;
  const { engine, target } = await environment.database(database);
  const beside = await environment.database(jobDatabaseName(job.id, 'new'));
  await context.confirm();
  const old = await scratchOf(engine).swap(target, beside.target, physicalName(job, 'old'), context);
  const keepsOld = how.type === 'in_place' && how.keepOld;
  // Registered, so that it is found to be dropped, whatever happens in between.
  if (!keepsOld) await jobDatabases.put(jobDatabaseName(job.id, 'old'), engine, old);
  return { type: 'done', result: keepsOld ? engine.describe(old) : null };
}

/** What was replaced goes, and nothing of the job's own stays registered. Repeatable. */
export async function dropOld(parts: BackupParts, { job, ...context }: TaskContext): Promise<TaskOutcome> {
  await context.confirm();
  await dropRegistered(parts, jobDatabaseName(job.id, 'old'), context);
  await parts.jobDatabases.remove(jobDatabaseName(job.id, 'new'));
  return { type: 'done', result: null };
}

/** After a cancel: an exchange that may have begun is carried to its end; else the new database goes, and nothing has happened. */
export async function finishSwapOrDropNew(
  parts: BackupParts,
  request: RestoreRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const swap = await findStep(context, 'swap');
  if (swap !== null) {
    if (swap.state !== 'done') await swapIn(parts, request, context);
    await dropOld(parts, context);
    const message = `The cancel came too late: ${request.database} is the restored database.`;
    return { type: 'done', result: null, log: [logLine('note', message)] };
  }
  const begun = (await findStep(context, 'beside')) !== null;
  const waits = begun ? await dropFilled(parts, 'new', request.database, context) : null;
  return waits ?? { type: 'done', result: null };
}
