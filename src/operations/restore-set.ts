import type { Backup } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { jobDatabaseName } from '../core/job-database.ts';
import type { Manifest } from '../core/manifest.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { BackupParts } from './backup-parts.ts';
import { compareRows, type RowComparison } from './count-rows.ts';
import { isOfTheBackup } from './error-scope.ts';
import type { ImportResult } from './plan-types.ts';
import { cancelChild, childFailed, followChild, storedError } from './run-child.ts';
import { dropJobDatabase, type JobDatabase, type JobDatabaseWord } from './scratch.ts';

/** What is restored into, and how much of what it holds may go. */
export interface RestoreTarget {
  readonly database: string;
  /** Of the import in the job. */
  readonly step: string;
  readonly threads: number;
  /** Remove all that it holds first, once every byte of the set was checked. */
  readonly erase: boolean;
}

/** The step that fills a database of the job's own: a database that is made anew is filled anew. */
export const importStep = ({ uid }: Pick<JobDatabase, 'uid'>): string => `import/${uid}`;

/**
 * Cancels what fills the job's own database and did not end: who is cut off in the middle of its work might make the database again. Null: nothing
 * fills it; else what the task waits for.
 */
export async function stopFilling(
  parts: BackupParts,
  word: JobDatabaseWord,
  context: TaskContext,
): Promise<TaskOutcome | null> {
  const uid = await parts.jobDatabases.find(jobDatabaseName(context.job.id, word));
  return uid === null ? null : await cancelChild(parts, context, importStep({ uid }));
}

/** Drops the job's own database once nothing fills it. Null: it is gone; else what the task waits for. */
export async function dropFilled(
  parts: BackupParts,
  word: JobDatabaseWord,
  like: string,
  context: TaskContext,
): Promise<TaskOutcome | null> {
  const waits = await stopFilling(parts, word, context);
  if (waits === null) await dropJobDatabase(parts, context.job, word, like, context);
  return waits;
}

/**
 * Restores the whole of a backup by a job of kind `import`, and counts the rows of every table by the database's own word.
 * Throws `proof-failed` when something of the set did not come back.
 */
export async function restoreInto(
  parts: BackupParts,
  { location, filePattern, encryptionKey }: Backup,
  manifest: Manifest,
  { database, step, threads, erase }: RestoreTarget,
  context: TaskContext,
): Promise<TaskOutcome | RowComparison> {
  const run = await followChild(parts, context, step, () => ({
    kind: 'import',
    input: { database, location, filePattern, encryptionKey, erase, threads },
  }));
  if (run.state === 'waits') return run.outcome;
  if (run.state === 'broken') {
    const { error } = run.job;
    if (error !== null && isOfTheBackup(error)) throw storedError(error);
    throw childFailed(run.job);
  }
  refuseErrors(run.job);
  const { engine } = await parts.environment.database(database);
  if (!engine.capabilities.keyedRows) {
    return await compareRows(parts.environment, database, manifest, threads, context);
  }
  // Keys may end by themselves at any moment: their engine compared them when the import ended, and knows which.
  const { tables, rows } = run.job.result as ImportResult;
  return { tables, rows, differences: [] };
}

/** Of a whole set nothing may be left out. */
function refuseErrors({ name, errorCount, result }: Job): void {
  if (errorCount === 0) return;
  const { failedTables } = result as ImportResult;
  const tables = failedTables.length === 0 ? '' : ` (tables: ${failedTables.slice(0, 5).join(', ')})`;
  throw new AppError('proof-failed', {
    message: `${errorCount} objects of the backup could not be restored${tables}; the job ${name} (import) says which.`,
  });
}
