import { quantity } from '../base/quantity.ts';
import { AppError, type ErrorRecord } from '../core/errors.ts';
import type { RestoreRequest } from '../core/request.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import { type BackupParts, completedBackup, entryOf, titleOf } from './backup-parts.ts';
import type { BackupPlan, RestoreResult } from './backup-results.ts';
import { confirmedParts } from './confirmed.ts';
import { failureOf, findStep, stepOf, stepsInTurn } from './job-steps.ts';
import { logLine } from './log-lines.ts';
import type { ImportResult } from './plan-types.ts';
import { decideSwap, dropOld, finishSwapOrDropNew, restoreBeside, swapIn } from './restore-in-place.ts';
import { runChild, storedError } from './run-child.ts';

/**
 * The restore of a backup, as a runbook. In place, where the engine can make databases:
 *
 *     beside  into a new database, whose rows are counted                                   -> restore-in-place.ts
 *     decide  all of it came back: from here on the exchange is carried to its end          -> restore-in-place.ts
 *     swap    the new database takes the place and the name of the old one                  -> restore-in-place.ts
 *     settle  it did: the old one can go
 *     drop    the old one goes, unless it is to be kept                                     -> restore-in-place.ts
 *     finish
 *
 * Else, and into another database:
 *
 *     import  which checks every byte before it empties or writes anything
 *     finish
 */
export function createRestoreHandler(parts: BackupParts): JobHandler {
  return {
    kind: 'restore',
    run: (claimed, context) => runTask(confirmedParts(parts, context), claimed, context),
    onError: (taskKind: string, _error: ErrorRecord) =>
      ['beside', 'import', 'swap', 'drop'].includes(taskKind) ? 'fail-task' : 'fail-job',
  };
}

async function runTask(
  parts: BackupParts,
  { task, job, claims }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as RestoreRequest;
  switch (task.kind) {
    case 'plan':
      return planRestore(parts, request);
    case 'import':
      return importBackup(parts, request, context);
    case 'beside':
      return restoreBeside(parts, request, claims, context);
    case 'decide':
      return decideSwap(
        parts,
        request,
        () => tellIfFailed(parts, request, 'beside', claims, context),
        context,
      );
    case 'swap':
      return swapIn(parts, request, context);
    case 'settle':
      return settleSwap(parts, request, claims, context);
    case 'drop':
      return dropOld(parts, context);
    case 'finish':
      return finishRestore(parts, request, claims, context);
    case 'cleanup':
      return finishSwapOrDropNew(parts, request, context);
    default:
      throw new Error(`A restore has no task of kind ${task.kind}.`);
  }
}

async function planRestore(
  { catalogue, environment }: BackupParts,
  { database, backup: id, how }: RestoreRequest,
): Promise<TaskOutcome> {
  const backup = await completedBackup(catalogue, id);
  const { engine } = await environment.database(database);
  if (engine.id !== backup.engine) {
    throw new AppError('unsupported', {
      field: 'database',
      message: `${titleOf(backup)} comes from ${backup.engine}, the target is ${engine.title}.`,
      hint: `Restore it into a ${backup.engine} database.`,
    });
  }
  const swaps = how.type === 'in_place' && engine.capabilities.scratch;
  const plan: BackupPlan = { kind: 'restore', backup: id };
  const way =
    how.type === 'into'
      ? `into ${database}`
      : swaps
        ? `beside ${database}, and takes its place then`
        : `in the place of what ${database} holds`;
  return {
    type: 'done',
    result: null,
    plan,
    // The exchange itself is added once it is decided.
    spawn: stepsInTurn(swaps ? ['beside', 'decide'] : ['import', 'finish']),
    log: [logLine('plan', `${titleOf(backup)} is restored ${way}.`, { backup: id })],
  };
}

/** Result of the tasks `import` and `beside`. */
export type RestoredRows = Pick<RestoreResult, 'tables' | 'rows'>;

/** Straight into the database. In place: all that it holds goes, once every byte of the set was checked. */
async function importBackup(
  parts: BackupParts,
  { database, backup: id, how, threads }: RestoreRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { location, filePattern, encryptionKey } = await completedBackup(parts.catalogue, id);
  const room =
    how.type === 'in_place' ? { erase: true } : { tableExistsAction: how.tableExistsAction ?? undefined };
  const run = await runChild(parts, context, 'import', () => ({
    kind: 'import',
    input: { database, location, filePattern, encryptionKey, threads, ...room },
  }));
  if (run.state === 'waits') return run.outcome;
  const { tables, rows } = run.job.result as ImportResult;
  if (run.job.errorCount > 0) {
    throw new AppError('child-failed', {
      message: `The job ${run.job.name} (import) ended with ${run.job.errorCount} errors: not everything was restored.`,
      hint: 'Look at the log of that job.',
      temporary: false,
    });
  }
  const result: RestoredRows = { tables, rows };
  return { type: 'done', result };
}

/** Tells of a step that failed. Gives why; null: it did not. */
async function tellIfFailed(
  { catalogue, tell }: BackupParts,
  { database, backup: id }: RestoreRequest,
  kind: string,
  claims: number,
  context: TaskContext,
): Promise<ErrorRecord | null> {
  const step = await findStep(context, kind);
  const error = step === null ? null : failureOf(step);
  if (error === null) return null;
  await tell({
    type: 'restore.failed',
    message: `The restore of ${titleOf(await entryOf(catalogue, id))} to ${database} failed: ${error.message}`,
    database,
    jobId: context.job.id,
    data: { backup: id, step: kind, code: error.code },
    key: `restore.failed:${context.job.id}:${kind}:${claims}`,
  });
  return error;
}

/** Nothing is dropped before the new database is where the old one was. */
async function settleSwap(
  parts: BackupParts,
  request: RestoreRequest,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const error = await tellIfFailed(parts, request, 'swap', claims, context);
  if (error !== null) throw storedError(error);
  return { type: 'done', result: null, spawn: stepsInTurn(['drop', 'finish']) };
}

async function finishRestore(
  parts: BackupParts,
  request: RestoreRequest,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { catalogue, tell } = parts;
  const { database, backup: id } = request;
  for (const kind of ['import', 'drop']) {
    const error = await tellIfFailed(parts, request, kind, claims, context);
    if (error !== null) throw storedError(error);
  }

  const backup = await entryOf(catalogue, id);
  const written = (await findStep(context, 'import')) ?? (await stepOf(context, 'beside'));
  const { tables, rows } = written.result as RestoredRows;
  const swap = await findStep(context, 'swap');
  const old = swap === null ? null : (swap.result as string | null);
  const jobResult: RestoreResult = { backup: id, tag: backup.tag, tables, rows, old };
  const message = `${titleOf(backup)} was restored to ${database}: ${quantity(tables, 'table')} with ${quantity(rows, 'row')}.`;
  await tell({
    type: 'restore.completed',
    message,
    database,
    jobId: context.job.id,
    data: { ...jobResult },
    key: `restore.completed:${context.job.id}`,
  });
  const kept = old === null ? [] : [logLine('note', `What ${database} held before is kept as ${old}.`)];
  return { type: 'done', result: null, jobResult, log: [logLine('note', message), ...kept] };
}
