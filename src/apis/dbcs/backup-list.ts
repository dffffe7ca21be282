import { type Backup, isGood } from '../../core/backup.ts';
import type { Job } from '../../core/job.ts';
import { dateText } from './dates.ts';

/** One item of `backupList`. */
export type BackupItem =
  | { readonly backupStartDate: string; readonly status: 'IN PROGRESS' | 'FAILED' }
  | { readonly backupCompleteDate: string; readonly dbTag: string; readonly status: 'COMPLETED' };

/**
 * What the contract shows of the backups of a deployment: at most one in progress, all that are completed, and of those that failed the last one.
 * A backup is completed when its job is: what is still to be proved is in progress; what a proof spoke against, and what was stopped, has failed.
 * @param backups newest first
 * @param jobs the backup jobs that are stopped or not at rest, newest first
 */
export function backupList(backups: readonly Backup[], jobs: readonly Job[]): readonly BackupItem[] {
  const stopped = new Set(jobs.filter(({ state }) => state === 'stopped').map(({ id }) => id));
  const working = jobs.filter(({ id }) => !stopped.has(id));
  const ended = backups.filter(({ jobId }) => !working.some(({ id }) => id === jobId));
  const hasFailed = (backup: Backup): boolean =>
    backup.state === 'failed' ||
    (backup.state === 'running' && stopped.has(backup.jobId)) ||
    (backup.state === 'completed' && !isGood(backup));
  const lastFailed = ended.find(hasFailed);
  return [
    ...working.slice(0, 1).map(({ startedAt, createdAt }) => begun(startedAt ?? createdAt, 'IN PROGRESS')),
    ...ended.flatMap((backup): readonly BackupItem[] => {
      if (backup === lastFailed) return [begun(backup.startedAt, 'FAILED')];
      const { completedAt, tag } = backup;
      if (!isGood(backup) || completedAt === null || tag === null) return [];
      return [{ backupCompleteDate: dateText(completedAt), dbTag: tag, status: 'COMPLETED' }];
    }),
  ];
}

const begun = (at: number, status: 'IN PROGRESS' | 'FAILED'): BackupItem => ({
  backupStartDate: dateText(at),
  status,
});
