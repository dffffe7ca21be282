import { quantity } from '../base/quantity.ts';
import type { Backup } from '../core/backup.ts';
import type { BackupRequest } from '../core/request.ts';
import { planRetention } from '../core/retention-rules.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { type BackupParts, titleOf } from './backup-parts.ts';
import type { BackupDeleteResult } from './backup-results.ts';
import { logLine } from './log-lines.ts';
import { runChild } from './run-child.ts';

/** Removes what the policy's rules do not keep, by a job of kind `backup_delete`. Its result: the ids of what is gone. */
export async function pruneBackups(
  parts: BackupParts,
  request: BackupRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const started = await parts.jobs.childJob(context.job.id, 'prune');
  // What was decided once stays decided: the job that removes has it in its request.
  const backups = started === null ? await chooseRemovals(parts, request, context) : [];
  if (started === null && backups.length === 0) return { type: 'done', result: [] };
  const run = await runChild(parts, context, 'prune', () => ({
    kind: 'backup_delete',
    database: request.database,
    backups,
  }));
  if (run.state === 'waits') return run.outcome;
  return { type: 'done', result: (run.job.result as BackupDeleteResult).removed };
}

async function chooseRemovals(
  parts: BackupParts,
  { database, policy }: BackupRequest,
  context: TaskContext,
): Promise<readonly { readonly id: number; readonly reason: string }[]> {
  const { catalogue, clock } = parts;
  await failForsaken(parts, database);
  // Those of a database that had the name before are no business of this one's rules.
  const entries = await catalogue.listBackups({ database, ofPresent: true });
  const { keep, remove } = planRetention(entries, policy.retention, clock.now());
  // A removal that broke off is brought to its end.
  const begun = entries
    .filter(({ state }) => state === 'deleting')
    .map((backup) => ({ backup, reason: backup.deletedReason ?? 'a removal that was broken off' }));
  const removals = [...remove, ...begun];
  if (removals.length > 0) {
    await context.note(
      logLine('note', `Retention keeps ${quantity(keep.length, 'backup')} and removes ${removals.length}.`, {
        keep: keep.length,
      }),
      ...removals.map(({ backup, reason }) =>
        logLine('note', `${titleOf(backup)} is removed: ${reason}.`, { backup: backup.id, reason }),
      ),
    );
  }
  return removals.map(({ backup, reason }) => ({ id: backup.id, reason }));
}

/** Entries whose job will not go on by itself and could not say so: it is gone, or it ended before it got so far. */
async function failForsaken({ catalogue, jobs }: BackupParts, database: string): Promise<void> {
  const running = await catalogue.listBackups({ database, states: ['running'] });
  for (const { id, jobId } of running) {
    const error = await forsakenBy(jobs, jobId);
    if (error !== null) await catalogue.changeBackup(id, ['running'], { state: 'failed', error });
  }
}

async function forsakenBy(jobs: BackupParts['jobs'], jobId: Backup['jobId']): Promise<string | null> {
  const job = await jobs.getJob(jobId);
  if (job === null) return 'Its job is gone.';
  if (job.state === 'cancelled') return 'The job was cancelled.';
  return job.state === 'failed' ? (job.error?.message ?? 'The job failed.') : null;
}
