import type { Backup, BackupProof } from '../core/backup.ts';
import { AppError, type ErrorRecord, toAppError } from '../core/errors.ts';
import type { BackupVerifyRequest } from '../core/request.ts';
import { openDumpSet } from '../dump/read-set.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import { type BackupParts, completedBackup, titleOf } from './backup-parts.ts';
import type { BackupPlan, BackupVerifyResult } from './backup-results.ts';
import { confirmedParts } from './confirmed.ts';
import { isOfTheBackup } from './error-scope.ts';
import { failureOf, stepOf, stepsInTurn } from './job-steps.ts';
import { logLine } from './log-lines.ts';
import type { VerifyResult } from './plan-types.ts';
import { restoreForProof } from './restore-for-proof.ts';
import { dropFilled, stopFilling } from './restore-set.ts';
import { childFailed, followChild, storedError } from './run-child.ts';

/**
 * The proof of a backup, as a runbook.
 *
 *     plan   the backup is there to be tried
 *     prove  digest: every file against its digest, by a job of kind `verify`
 *            restore: into a database of its own, whose rows are counted         -> restore-for-proof.ts
 *     judge  the proof goes to the catalogue, the database goes away; a bad one fails the job
 *
 * A backup that is found bad is another thing than one that could not be tried: of the latter the catalogue says nothing.
 */
export function createBackupVerifyHandler(parts: BackupParts): JobHandler {
  return {
    kind: 'backup_verify',
    run: (claimed, context) => runTask(confirmedParts(parts, context), claimed, context),
    onError: (taskKind: string, _error: ErrorRecord) => (taskKind === 'prove' ? 'fail-task' : 'fail-job'),
  };
}

async function runTask(
  parts: BackupParts,
  { task, job, claims }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as BackupVerifyRequest;
  switch (task.kind) {
    case 'plan': {
      const backup = await completedBackup(parts.catalogue, request.backup);
      const plan: BackupPlan = { kind: 'backup_verify', backup: backup.id };
      const log = [logLine('plan', `${titleOf(backup)} is verified by ${request.method}.`, { ...plan })];
      return { type: 'done', result: null, plan, spawn: stepsInTurn(['prove', 'judge']), log };
    }
    case 'prove':
      return prove(parts, request, claims, context);
    case 'judge':
      return judge(parts, request, claims, context);
    case 'cleanup':
      return (await dropScratch(parts, request, context)) ?? { type: 'done', result: null };
    default:
      throw new Error(`The proof of a backup has no task of kind ${task.kind}.`);
  }
}

/** Result of the task `prove`. */
type Finding = Pick<BackupProof, 'at' | 'ok' | 'message'>;

async function prove(
  parts: BackupParts,
  request: BackupVerifyRequest,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const backup = await completedBackup(parts.catalogue, request.backup);
  const found = (ok: boolean, message: string): TaskOutcome => {
    const result: Finding = { at: parts.clock.now(), ok, message };
    return { type: 'done', result };
  };
  try {
    const storage = await parts.environment.storage(backup.location);
    const { manifest } = await openDumpSet(storage, backup.filePattern, context);
    const proof =
      request.method === 'digest'
        ? await checkDigests(parts, backup, request.threads, context)
        : await restoreForProof(parts, backup, manifest, request, claims, context);
    return 'type' in proof ? proof : found(proof.ok, proof.message);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (!isOfTheBackup(error)) throw error;
    return found(false, error.message);
  }
}

async function checkDigests(
  parts: BackupParts,
  { location, filePattern }: Backup,
  threads: number,
  context: TaskContext,
): Promise<TaskOutcome | Pick<Finding, 'ok' | 'message'>> {
  const run = await followChild(parts, context, 'digest', () => ({
    kind: 'verify',
    input: { location, filePattern, threads },
  }));
  if (run.state === 'waits') return run.outcome;
  const { job } = run;
  if (run.state === 'broken') {
    if (job.error !== null && isOfTheBackup(job.error)) throw storedError(job.error);
    throw childFailed(job);
  }
  const { files, damaged } = job.result as VerifyResult;
  return damaged.length === 0
    ? { ok: true, message: `All ${files} files match their digests.` }
    : {
        ok: false,
        message: `${damaged.length} of ${files} files are damaged: ${damaged.slice(0, 10).join(', ')}`,
      };
}

/** Writes the proof down. Nothing of the job's own stays. */
async function judge(
  parts: BackupParts,
  request: BackupVerifyRequest,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { job } = context;
  const { backup: id, method } = request;
  const step = await stepOf(context, 'prove');
  const failure = failureOf(step);
  if (failure !== null) {
    const waits = await stopFilling(parts, 'scratch', context);
    if (waits !== null) return waits;
    const error = storedError(failure);
    await tellUntried(parts, request, error, claims, context);
    await dropScratch(parts, request, context);
    throw error;
  }

  const finding = step.result as Finding;
  const { ok, message } = finding;
  const backup = await parts.catalogue.addProof(id, { method, ...finding, jobId: job.id });
  await parts.tell({
    type: ok ? 'backup.verified' : 'backup.damaged',
    message: ok ? `${titleOf(backup)} is good: ${message}` : `${titleOf(backup)} is damaged: ${message}`,
    database: backup.database,
    jobId: job.id,
    data: { backup: id, method, ok },
    key: `backup.proof:${id}:${job.id}`,
  });
  const waits = await dropScratch(parts, request, context);
  if (waits !== null) return waits;
  if (!ok) {
    throw new AppError('proof-failed', { message: `${titleOf(backup)} is damaged: ${message}` });
  }
  const jobResult: BackupVerifyResult = { backup: id, method, ok, message };
  return { type: 'done', result: null, jobResult, log: [logLine('note', message, { backup: id, method })] };
}

/** A job that started this one tells of it in its own words. */
async function tellUntried(
  { catalogue, tell }: BackupParts,
  { backup: id, database }: BackupVerifyRequest,
  error: AppError,
  claims: number,
  { job }: TaskContext,
): Promise<void> {
  const backup = job.parent === null ? await catalogue.getBackup(id) : null;
  if (backup === null) return;
  await tell({
    type: 'backup.failed',
    message: `${titleOf(backup)} could not be verified: ${error.message}`,
    database,
    jobId: job.id,
    data: { backup: id, code: error.code },
    key: `backup.unverified:${job.id}:${claims}`,
  });
}

/** A database that was named for the purpose stays as it is: the next proof empties it. Null: nothing is left; else what the task waits for. */
async function dropScratch(
  parts: BackupParts,
  { database, method, scratchDatabase }: BackupVerifyRequest,
  context: TaskContext,
): Promise<TaskOutcome | null> {
  const isOwn = method === 'restore' && scratchDatabase === null && context.job.plan !== null;
  return isOwn ? await dropFilled(parts, 'scratch', database, context) : null;
}
