import type { Backup } from '../core/backup.ts';
import { AppError, toAppError } from '../core/errors.ts';
import { isResting, type Job } from '../core/job.ts';
import { plainManifestName } from '../dump/file-pattern.ts';
import { below } from '../dump/layout.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { type BackupParts, titleOf } from './backup-parts.ts';
import { errorLine, logLine } from './log-lines.ts';
import { childFailed, followChild } from './run-child.ts';

/**
 * Removes the files of a backup, whatever state its set is in. Null when they are gone; else what the task waits for.
 *
 *     a complete set                        by a job of kind `dump_delete`
 *     what an export left that did not end  by the cancel of its job, which knows what it wrote
 *     a set that lost its manifest, or whose manifest cannot be read: the folder, which only the backup's export has ever written to
 */
export async function removeSetOf(
  parts: BackupParts,
  backup: Backup,
  context: TaskContext,
): Promise<TaskOutcome | null> {
  const exporter = await parts.jobs.childJob(backup.jobId, 'export');
  if (exporter !== null && exporter.state !== 'completed') return await cancelExport(parts, exporter);
  if (backup.filePattern === null) return null;
  return await removeSet(parts, backup, backup.filePattern, context);
}

async function cancelExport({ cancel }: BackupParts, exporter: Job): Promise<TaskOutcome | null> {
  if (exporter.state === 'cancelled') return null;
  if (isResting(exporter.state)) await cancel(exporter.id);
  return { type: 'wait', jobIds: [exporter.id], recheckMs: foreignJobMs };
}

/** Only the jobs that a job started itself are sure to wake it. */
const foreignJobMs = 1000;

/** What a set says that has lost its head, or part of it. */
const headless: ReadonlySet<string> = new Set([
  'dump-incomplete',
  'dump-not-a-dump',
  'dump-damaged',
  'dump-truncated',
  'dump-version',
]);

async function removeSet(
  parts: BackupParts,
  backup: Backup,
  folder: string,
  context: TaskContext,
): Promise<TaskOutcome | null> {
  const { location } = backup;
  try {
    const run = await followChild(parts, context, `remove/${backup.id}`, () => ({
      kind: 'dump_delete',
      input: { location, filePattern: folder },
    }));
    if (run.state === 'waits') return run.outcome;
    if (run.state === 'done') return null;
    if (run.job.error === null || !(headless.has(run.job.error.code) || isMissing(run.job.error))) {
      throw childFailed(run.job);
    }
  } catch (thrown) {
    const error = toAppError(thrown);
    if (isMissing(error)) {
      await context.note(logLine('note', `${titleOf(backup)}: its files had gone already.`));
      return null;
    }
    if (!headless.has(error.code)) throw error;
  }
  await removeFolder(parts, backup, folder, context);
  return null;
}

const isMissing = ({ code }: { readonly code: string }): boolean => code === 'file-missing';

/** The manifest first, so that no half set ever looks complete. */
async function removeFolder(
  { environment }: BackupParts,
  backup: Backup,
  folder: string,
  context: TaskContext,
): Promise<void> {
  const storage = await environment.storage(backup.location);
  if (!storage.lists) {
    throw new AppError('dump-incomplete', {
      message: `${titleOf(backup)} has no manifest any more, and ${storage.description} cannot tell what of it is left in ${folder}.`,
      hint: 'Remove what is there by hand, then resume the job.',
    });
  }
  await context.note(
    errorLine(`${titleOf(backup)} has no manifest that could be read; its folder ${folder} is emptied.`, {
      code: 'dump-incomplete',
      backup: backup.id,
    }),
  );
  await storage.remove(below(folder, plainManifestName), context);
  const names: string[] = [];
  for await (const { name } of storage.list(`${folder}/`, context)) names.push(name);
  for (const name of names) await storage.remove(name, context);
  await storage.sweep(`${folder}/`, context);
}
