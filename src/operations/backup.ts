import type { ErrorRecord } from '../core/errors.ts';
import type { BackupRequest } from '../core/request.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import { exportBackup, recordBackup } from './backup-export.ts';
import { type BackupParts, entryOf, titleOf } from './backup-parts.ts';
import { pruneBackups } from './backup-prune.ts';
import type { BackupPlan, BackupResult } from './backup-results.ts';
import { confirmedParts } from './confirmed.ts';
import { failureOf, stepOf, stepsInTurn } from './job-steps.ts';
import { logLine } from './log-lines.ts';
import { runChild, storedError } from './run-child.ts';

/**
 * The backup, as a runbook whose heavy steps are jobs of their own.
 *
 *     plan    write the entry of the catalogue, before the first byte                         -> here
 *     export  a full export to where the policy says                                          -> backup-export.ts
 *     record  the entry is completed, or it failed                                            -> backup-export.ts
 *     verify  the proof that the policy asks for                                              -> backup-verify.ts
 *     check   without a good proof nothing is removed, and the job fails                      -> here
 *     prune   what retention makes room for                                                   -> backup-prune.ts
 *     finish  tell of a prune that failed                                                     -> here
 *
 * A step that fails for good leaves it to the one after it to say so in the catalogue and to fail the job: that is durable, so that a crash
 * in between changes nothing, and a resume tries the step again.
 */
export function createBackupHandler(parts: BackupParts): JobHandler {
  return {
    kind: 'backup',
    run: (claimed, context) => runTask(confirmedParts(parts, context), claimed, context),
    onError: (taskKind: string, _error: ErrorRecord) =>
      ['export', 'verify', 'prune'].includes(taskKind) ? 'fail-task' : 'fail-job',
  };
}

async function runTask(
  parts: BackupParts,
  { task, job, claims }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as BackupRequest;
  switch (task.kind) {
    case 'plan':
      return planBackup(parts, request, context);
    case 'export':
      return exportBackup(parts, request, idOf(context), context);
    case 'record':
      return recordBackup(parts, idOf(context), claims, context);
    case 'verify':
      return verifyBackup(parts, request, idOf(context), context);
    case 'check':
      return checkProof(parts, idOf(context), claims, context);
    case 'prune':
      return pruneBackups(parts, request, context);
    case 'finish':
      return finishBackup(parts, claims, context);
    case 'cleanup':
      return cancelBackup(parts, context);
    default:
      throw new Error(`A backup has no task of kind ${task.kind}.`);
  }
}

const idOf = ({ job }: TaskContext): number => (job.plan as BackupPlan).backup;

async function planBackup(
  { environment, catalogue, clock }: BackupParts,
  { database, policy, keepForever }: BackupRequest,
  { job }: TaskContext,
): Promise<TaskOutcome> {
  const { engine } = await environment.database(database);
  const { id } = await catalogue.addBackup({
    database,
    engine: engine.id,
    jobId: job.id,
    location: policy.location,
    encryptionKey: policy.encryptionKey,
    keepForever,
    startedAt: clock.now(),
  });
  const plan: BackupPlan = { kind: 'backup', backup: id };
  const proof = policy.verify === 'none' ? [] : ['verify', 'check'];
  return {
    type: 'done',
    result: null,
    plan,
    spawn: stepsInTurn(['export', 'record', ...proof, 'prune', 'finish']),
    log: [logLine('plan', `This is backup ${id} of ${database}.`, { backup: id })],
  };
}

async function verifyBackup(
  parts: BackupParts,
  { policy }: BackupRequest,
  backup: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { verify, scratchDatabase } = policy;
  const run = await runChild(parts, context, 'verify', () => ({
    kind: 'backup_verify',
    backup,
    method: verify === 'restore' ? 'restore' : 'digest',
    scratchDatabase: verify === 'restore' ? scratchDatabase : null,
  }));
  return run.state === 'waits' ? run.outcome : { type: 'done', result: null };
}

/** A proof that went wrong was told by the job that tried it; one that could not be tried at all is told here. */
async function checkProof(
  { catalogue, tell }: BackupParts,
  id: number,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const error = failureOf(await stepOf(context, 'verify'));
  if (error === null) return { type: 'done', result: null };
  const backup = await entryOf(catalogue, id);
  if (backup.proofs.at(-1)?.ok !== false) {
    await tell({
      type: 'backup.failed',
      message: `${titleOf(backup)} was written, and could not be verified: ${error.message}`,
      database: backup.database,
      jobId: context.job.id,
      data: { backup: id, code: error.code },
      key: `backup.unverified:${context.job.id}:${claims}`,
    });
  }
  throw storedError(error);
}

async function finishBackup(
  { catalogue, tell }: BackupParts,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { job } = context;
  const prune = await stepOf(context, 'prune');
  const error = failureOf(prune);
  if (error !== null) {
    const backup = await entryOf(catalogue, idOf(context));
    await tell({
      type: 'backup.prune_failed',
      message: `${titleOf(backup)} was written, and older ones could not be removed: ${error.message}`,
      database: backup.database,
      jobId: job.id,
      data: { backup: backup.id, code: error.code },
      key: `backup.prune_failed:${job.id}:${claims}`,
    });
    throw storedError(error);
  }
  const removed = prune.result as readonly number[];
  const jobResult: BackupResult = { ...(job.result as BackupResult), removed };
  return { type: 'done', result: null, jobResult };
}

/** What the export wrote, its own job removes, which is cancelled with this one. */
async function cancelBackup({ catalogue }: BackupParts, { job }: TaskContext): Promise<TaskOutcome> {
  const backup = await catalogue.backupOfJob(job.id);
  if (backup !== null) {
    await catalogue.changeBackup(backup.id, ['running'], {
      state: 'failed',
      error: 'The job was cancelled.',
    });
  }
  return { type: 'done', result: null };
}
