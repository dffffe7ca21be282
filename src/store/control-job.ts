import { AppError, type ErrorRecord } from '../core/errors.ts';
import { claimableStates, type Job, type JobState } from '../core/job.ts';
import { addTasks, growth } from './add-tasks.ts';
import { type JobRow, lockKnownJob, saveJob, toJob } from './job-row.ts';
import { inTransaction, type StoreContext, type Trx } from './store-context.ts';
import { addDelta, changeGroups, type GroupDeltas } from './task-group.ts';
import { againState, cleanupTask } from './task-row.ts';

export function requestStop(store: StoreContext, jobId: string): Promise<Job> {
  return inTransaction(store, 'stop a job', async (trx) => {
    const already = await findInState(trx, jobId, ['stopping', 'stopped']);
    if (already !== undefined) return toJob(store, trx, already);
    const job = await lockKnownJob(trx, jobId);
    if (!claimableStates.includes(job.state)) throw wrongState(job, 'stopped');
    const after = await saveJob(store, trx, job, { state: job.running === 0 ? 'stopped' : 'stopping' });
    return toJob(store, trx, after);
  });
}

export function requestResume(store: StoreContext, jobId: string): Promise<Job> {
  return inTransaction(store, 'resume a job', async (trx) => {
    const job = await lockKnownJob(trx, jobId);
    if (job.state !== 'stopped' && job.state !== 'failed') throw wrongState(job, 'resumed');
    if (await hasCleanup(trx, job)) {
      // A cancel that failed may have removed files of finished tasks already.
      throw wrongState(job, 'resumed because it was being cancelled', 'Cancel it again.');
    }
    const failed = await reviveFailedTasks(trx, job);
    await trx
      .updateTable('task')
      .set({ attempt: 0, retry_at: 0 })
      .where('job_id', '=', job.id)
      .where('state', 'in', ['waiting', 'ready'])
      .where('attempt', '>', 0)
      .execute();
    const after = await saveJob(store, trx, job, {
      state: 'queued',
      unfinished: job.unfinished + failed,
      error_count: job.error_count - failed,
      held_until: 0,
      // Else the first task would find that it was too often again.
      restarts: job.restarts + (hasLostSnapshot(job) ? 1 : 0),
    });
    return toJob(store, trx, after);
  });
}

/** Whether it failed because its snapshot was lost too often. */
const hasLostSnapshot = ({ state, error_json }: JobRow): boolean =>
  state === 'failed' &&
  error_json !== null &&
  (JSON.parse(error_json) as ErrorRecord).code === 'snapshot-lost';

export function requestCancel(store: StoreContext, jobId: string): Promise<Job> {
  return inTransaction(store, 'cancel a job', async (trx) => {
    const already = await findInState(trx, jobId, ['cancelling', 'cancelled']);
    if (already !== undefined) return toJob(store, trx, already);
    const job = await lockKnownJob(trx, jobId);
    if (job.state === 'completed') throw wrongState(job, 'cancelled');
    const deltas: GroupDeltas = new Map();
    if (await hasCleanup(trx, job)) {
      // The cleanup of a cancel that failed: it is tried again from the start.
      await trx
        .updateTable('task')
        .set({ attempt: 0, retry_at: 0 })
        .where('job_id', '=', job.id)
        .where('key', '=', cleanupTask.key)
        .execute();
      return toJob(store, trx, await saveJob(store, trx, job, { state: 'cancelling', held_until: 0 }));
    }
    await addTasks(trx, job.id, [cleanupTask], deltas);
    const changes = { ...growth(job, [cleanupTask]), state: 'cancelling' as const, held_until: 0 };
    return toJob(store, trx, await saveJob(store, trx, job, changes));
  });
}

/** Looks without locking, so that asking twice leaves the version alone. */
function findInState(trx: Trx, jobId: string, states: readonly JobState[]): Promise<JobRow | undefined> {
  return trx
    .selectFrom('job')
    .selectAll()
    .where('id', '=', jobId)
    .where('state', 'in', states)
    .executeTakeFirst();
}

async function hasCleanup(trx: Trx, job: JobRow): Promise<boolean> {
  const row = await trx
    .selectFrom('task')
    .select('key')
    .where('job_id', '=', job.id)
    .where('key', '=', cleanupTask.key)
    .executeTakeFirst();
  return row !== undefined;
}

/** Sets failed tasks back; what waits for their groups waits again. Gives their number. */
async function reviveFailedTasks(trx: Trx, job: JobRow): Promise<number> {
  const failed = await trx
    .updateTable('task')
    .set((eb) => ({ state: againState(eb), attempt: 0, retry_at: 0, error_json: null }))
    .where('job_id', '=', job.id)
    .where('state', '=', 'failed')
    .returning('group_name')
    .execute();
  const deltas: GroupDeltas = new Map();
  for (const { group_name } of failed) addDelta(deltas, group_name, { unfinished: 1, failed: -1 });
  await changeGroups(trx, job.id, deltas);
  return failed.length;
}

function wrongState(job: JobRow, action: string, hint?: string): AppError {
  return new AppError('job-state', {
    message: `Job ${JSON.stringify(job.name)} is ${job.state} and cannot be ${action}.`,
    ...(hint === undefined ? {} : { hint }),
  });
}
