import type { BackupChoice } from '../core/backup.ts';
import type { Job } from '../core/job.ts';

/**
 * What a job starts as steps of itself. Each start is checked and authorised like a request of the job's owner, with the rights that the owner
 * has now, and is made once per step: a step that is tried again gets the job that it made before. Inputs are those of
 * service/start-input.ts, and are checked there.
 */
export interface ChildJobs {
  start(parent: Job, step: string, input: ChildStart, signal: AbortSignal): Promise<Job>;
}

/** Databases that a job made for itself (`scratch`) are named by `jobDatabaseName`, and are its children's to use. */
export type ChildStart =
  | {
      readonly kind: 'export' | 'import' | 'copy' | 'verify' | 'dump_delete';
      readonly input: Readonly<Record<string, unknown>>;
      readonly jobName?: (attempt: number) => string;
    }
  | {
      readonly kind: 'backup_verify';
      readonly backup: number;
      readonly method: 'digest' | 'restore';
      readonly scratchDatabase: string | null;
    }
  | {
      readonly kind: 'backup_delete';
      readonly backups: readonly { readonly id: number; readonly reason: string }[];
      readonly database: string;
    }
  | { readonly kind: 'restore'; readonly database: string; readonly choice: BackupChoice };
