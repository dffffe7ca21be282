import { quantity } from '../base/quantity.ts';
import type { Backup } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import type { BackupRequest } from '../core/request.ts';
import { layoutForSet, masterName } from '../dump/layout.ts';
import { openDumpSet } from '../dump/read-set.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { type BackupParts, entryOf, titleOf } from './backup-parts.ts';
import type { BackupResult } from './backup-results.ts';
import { failureOf, stepOf } from './job-steps.ts';
import { logLine } from './log-lines.ts';
import type { ExportResult } from './plan-types.ts';
import { runChild, storedError } from './run-child.ts';

/** Result of the task `export`. */
interface ExportedSet {
  readonly bytes: number;
  readonly rows: number;
  readonly position: string | null;
}

/** The set, by a job of kind `export`; what names it is in the catalogue as soon as that job is. */
export async function exportBackup(
  parts: BackupParts,
  request: BackupRequest,
  id: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const backup = await beginAgain(parts, id);
  const { location, encryptionKey } = backup;
  const run = await runChild(parts, context, 'export', () => ({
    kind: 'export',
    input: { database: request.database, mode: 'full', location, encryptionKey, threads: request.threads },
    jobName: backupNames(request.database, parts.clock.now()),
  }));
  const filePattern = folderOf(run.job.name);
  await parts.catalogue.changeBackup(id, ['running'], { filePattern });
  if (run.state === 'waits') return run.outcome;

  const { name, errorCount, result } = run.job;
  const { files, rows, failedTables } = result as ExportResult;
  if (errorCount > 0) {
    throw new AppError('child-failed', {
      message: `The job ${name} (export) left out what it could not read: ${failedTables.slice(0, 10).join(', ')}.`,
      hint: 'Look at the log of that job; then start a new backup.',
      temporary: false,
    });
  }
  const storage = await parts.environment.storage(location);
  const { manifest } = await openDumpSet(storage, filePattern, context);
  const exported: ExportedSet = {
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    rows,
    position: manifest.position ?? null,
  };
  return { type: 'done', result: exported };
}

/** The entry is running: for the first time, or because its job was resumed. */
async function beginAgain({ catalogue }: BackupParts, id: number): Promise<Backup> {
  const backup = await catalogue.changeBackup(id, ['running', 'failed'], { state: 'running', error: null });
  if (backup !== null) return backup;
  throw notWritten(await entryOf(catalogue, id));
}

const notWritten = (backup: Backup): AppError =>
  new AppError('backup-state', {
    field: 'backup',
    message: `${titleOf(backup)} is ${backup.state}: it cannot be written any more.`,
    hint: 'Start a new backup.',
  });

/** The folder of the set that an export of that name writes. */
const folderOf = (jobName: string): string =>
  masterName(layoutForSet(null, jobName)).slice(0, -'/manifest.json'.length);

/** `BACKUP_orders_20261121093007`, UTC, and the seconds after it. */
const backupNames =
  (database: string, now: number) =>
  (attempt: number): string =>
    `BACKUP_${database}_${new Date(now + attempt * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14)}`;

/** What became of the export, in the catalogue: only now is it a backup. */
export async function recordBackup(
  { catalogue, clock, tell }: BackupParts,
  id: number,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { job } = context;
  const exported = await stepOf(context, 'export');
  const error = failureOf(exported);
  if (error !== null) {
    await catalogue.changeBackup(id, ['running'], { state: 'failed', error: error.message });
    const backup = await entryOf(catalogue, id);
    await tell({
      type: 'backup.failed',
      message: `${titleOf(backup)} failed: ${error.message}`,
      database: backup.database,
      jobId: job.id,
      data: { backup: id, code: error.code },
      key: `backup.failed:${job.id}:${claims}`,
    });
    throw storedError(error);
  }

  const { bytes, rows, position } = exported.result as ExportedSet;
  await catalogue.changeBackup(id, ['running'], {
    state: 'completed',
    completedAt: clock.now(),
    bytes,
    rows,
    position,
  });
  const backup = await entryOf(catalogue, id);
  if (backup.state !== 'completed') throw notWritten(backup);
  await tell({
    type: 'backup.completed',
    message: `${titleOf(backup)} is complete: ${quantity(rows, 'row')} in ${bytes} bytes.`,
    database: backup.database,
    jobId: job.id,
    data: { backup: id, tag: backup.tag, bytes, rows, position },
    key: `backup.completed:${id}`,
  });
  const jobResult: BackupResult = { backup: id, tag: backup.tag, bytes, rows, removed: [] };
  return {
    type: 'done',
    result: null,
    jobResult,
    log: [logLine('note', `${titleOf(backup)} is complete.`, { backup: id, tag: backup.tag })],
  };
}
