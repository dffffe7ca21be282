import type { Clock } from '../base/clock.ts';
import type { Backup } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import type { NewEvent } from '../core/event.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { BackupCatalogue } from '../registry/backup-catalogue.ts';
import type { ChildJobs } from './child-jobs.ts';
import type { Environment } from './environment.ts';
import type { JobDatabases } from './scratch.ts';

/** What the operations of backups are made of; app.ts brings it. */
export interface BackupParts {
  readonly environment: Environment;
  readonly catalogue: BackupCatalogue;
  readonly jobs: Pick<JobStore, 'childJob' | 'getJob' | 'listJobs'>;
  readonly children: ChildJobs;
  /** Cancels a job that may be at rest, so that it removes what it wrote. Repeatable. */
  readonly cancel: (jobId: string) => Promise<void>;
  readonly jobDatabases: JobDatabases;
  readonly tell: TellEvent;
  readonly clock: Clock;
}

/** Writes an event down, for those who listen. */
export type TellEvent = (event: NewEvent) => Promise<void>;

/** An entry that must be there: entries are never removed. */
export async function entryOf(catalogue: BackupCatalogue, id: number): Promise<Backup> {
  const backup = await catalogue.getBackup(id);
  if (backup !== null) return backup;
  throw new AppError('backup-unknown', { field: 'backup', message: `There is no backup ${id}.` });
}

/** A backup whose set can be read; any other state says why not. */
export async function completedBackup(catalogue: BackupCatalogue, id: number): Promise<Backup> {
  const backup = await entryOf(catalogue, id);
  if (backup.state === 'completed') return backup;
  throw new AppError('backup-state', {
    field: 'backup',
    message: `${titleOf(backup)} is ${backup.state}, and only completed ones can be read.`,
  });
}

/** As messages say it: `Backup 12 of orders (TAG20260213T021840)`. */
export const titleOf = ({ id, database, tag }: Backup): string =>
  `Backup ${id} of ${database}${tag === null ? '' : ` (${tag})`}`;
