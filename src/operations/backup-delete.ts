import { quantity } from '../base/quantity.ts';
import { type Backup, isGood } from '../core/backup.ts';
import { unfinishedStates } from '../core/job.ts';
import type { BackupDeleteRequest, BackupVerifyRequest, RestoreRequest } from '../core/request.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, TaskSpec } from '../jobs/job-store.ts';
import { removeSetOf } from './backup-files.ts';
import { type BackupParts, entryOf, titleOf } from './backup-parts.ts';
import type { BackupDeleteResult } from './backup-results.ts';
import { confirmedParts } from './confirmed.ts';
import { logLine } from './log-lines.ts';

/**
 * The removal of backups, as a runbook.
 *
 *     plan    mark the entries, so that nobody restores them any more; the last good one of the database stays unless it is forced
 *     remove  one each: its files go, then the entry says so                                  -> backup-files.ts
 *     finish  the sum
 */
export function createBackupDeleteHandler(parts: BackupParts): JobHandler {
  return {
    kind: 'backup_delete',
    run: (claimed, context) => runTask(confirmedParts(parts, context), claimed, context),
    // One set that cannot be removed now does not keep the others; it stays marked, and the next removal tries it again.
    onError: () => 'fail-job',
    subject: ({ payload }) => (payload === null ? null : `Backup ${(payload as RemovePayload).backup}`),
  };
}

/** Payload of the tasks `remove`. */
interface RemovePayload {
  readonly backup: number;
}

async function runTask(
  parts: BackupParts,
  { task, job }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  switch (task.kind) {
    case 'plan':
      return planRemovals(parts, job.request as BackupDeleteRequest);
    case 'remove':
      return removeBackup(parts, (task.payload as RemovePayload).backup, context);
    case 'finish':
      return finish(context);
    case 'cleanup':
      // Entries that are marked stay so: what of their files is gone, nobody brings back.
      return { type: 'done', result: null };
    default:
      throw new Error(`A removal of backups has no task of kind ${task.kind}.`);
  }
}

async function planRemovals(
  { catalogue, jobs }: BackupParts,
  { backups, force }: BackupDeleteRequest,
): Promise<TaskOutcome> {
  const marked: Backup[] = [];
  const left: string[] = [];
  for (const { id, reason } of backups) {
    const entry = await entryOf(catalogue, id);
    const stays = (await readBy(jobs, entry)) ?? (force ? null : await lastGoodOne(catalogue, entry));
    const backup =
      stays === null
        ? await catalogue.changeBackup(id, ['completed', 'failed', 'deleting'], {
            state: 'deleting',
            deletedReason: reason,
          })
        : null;
    if (backup === null) left.push(stays ?? `${titleOf(entry)} is ${entry.state}: it is left alone.`);
    else marked.push(backup);
  }
  return {
    type: 'done',
    result: null,
    spawn: [...marked.map(removeTask), finishTask],
    log: [
      ...left.map((message) => ({ ...logLine('note', message), level: 'warn' as const })),
      ...marked.map((backup) =>
        logLine('note', `${titleOf(backup)} is removed: ${backup.deletedReason}.`, { backup: backup.id }),
      ),
    ],
  };
}

/** Why an entry has to stay for now: a restore or a proof of it is under way, and would lose what it reads. Null: none is. */
async function readBy(jobs: BackupParts['jobs'], entry: Backup): Promise<string | null> {
  const kinds = ['restore', 'backup_verify'] as const;
  const reading = await jobs.listJobs({ kinds, states: unfinishedStates, limit: 1000 });
  const job = reading.find(
    ({ request }) => (request as RestoreRequest | BackupVerifyRequest).backup === entry.id,
  );
  return job === undefined ? null : `${titleOf(entry)} stays: the job ${job.name} (${job.kind}) reads it.`;
}

/** Why an entry has to stay: it is good, and no other one of the database is. Null: it may go. */
async function lastGoodOne(catalogue: BackupParts['catalogue'], entry: Backup): Promise<string | null> {
  if (!isGood(entry)) return null;
  const completed = await catalogue.listBackups({
    database: entry.database,
    states: ['completed'],
    ofPresent: true,
  });
  if (!completed.some(({ id }) => id === entry.id)) return null;
  return completed.some((other) => other.id !== entry.id && isGood(other))
    ? null
    : `${titleOf(entry)} stays: it is the last good one of the database.`;
}

/** Progress is that of the jobs that remove the files. */
const removeTask = ({ id }: Backup): TaskSpec => {
  const payload: RemovePayload = { backup: id };
  return {
    key: `remove/${String(id).padStart(10, '0')}`,
    kind: 'remove',
    group: 'remove',
    waitsFor: [],
    payload,
    bytes: 0,
    rows: 0,
    counted: false,
  };
};

const finishTask: TaskSpec = {
  key: 'finish',
  kind: 'finish',
  group: 'finish',
  waitsFor: ['remove'],
  payload: null,
  bytes: 0,
  rows: 0,
  counted: false,
};

/** The files first: an entry never says that they are gone while they are there. */
async function removeBackup(parts: BackupParts, id: number, context: TaskContext): Promise<TaskOutcome> {
  const { catalogue, clock, tell } = parts;
  const before = await entryOf(catalogue, id);
  if (before.state === 'deleting') {
    const waits = await removeSetOf(parts, before, context);
    if (waits !== null) return waits;
    await catalogue.changeBackup(id, ['deleting'], { state: 'deleted', deletedAt: clock.now() });
  }
  const backup = await entryOf(catalogue, id);
  await tell({
    type: 'backup.deleted',
    message: `${titleOf(backup)} was removed: ${backup.deletedReason}.`,
    database: backup.database,
    jobId: context.job.id,
    data: { backup: id, reason: backup.deletedReason },
    key: `backup.deleted:${id}`,
  });
  return { type: 'done', result: id };
}

async function finish(context: TaskContext): Promise<TaskOutcome> {
  const removals = await context.tasks('remove');
  const jobResult: BackupDeleteResult = { removed: removals.map(({ result }) => result as number) };
  return {
    type: 'done',
    result: null,
    jobResult,
    log: [logLine('note', `Removed ${quantity(removals.length, 'backup')}.`)],
  };
}
