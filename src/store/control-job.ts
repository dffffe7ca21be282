import { AppError, type ErrorRecord } from '../core/errors.ts';
import { claimableStates, type Job, type JobState, jobStates, jobTransitions } from '../core/job.ts';
import { addTasks, growth } from './add-tasks.ts';
import { descendantsOf, isStopped, openChildren } from './family.ts';
import {
  type JobChanges,
  type JobRow,
  lockJob,
  lockKnownJob,
  toFoundJob,
  toJob,
  unknownJob,
} from './job-row.ts';
import { offerWork } from './offer-work.ts';
import { saveJob } from './save-job.ts';
import { inTransaction, type StoreContext, type Trx } from './store-context.ts';
import { addDelta, changeGroups, type GroupDeltas } from './task-group.ts';
import { againState, cleanupTask } from './task-row.ts';

/*
 * Each of these reaches the jobs that the job started, the youngest first, as all verbs lock families. While the job itself is locked it starts
 * no other (create-job.ts): those that it started in the meantime are the last.
 */

export function requestStop(store: StoreContext, jobId: string): Promise<Job> {
  return inTransaction(store, 'stop a job', async (trx) => {
    const known = await lookUp(trx, jobId);
    if (known.state === 'stopping' || known.state === 'stopped') return unchanged(store, trx, known);
    const stopBelow = () => eachBelow(trx, known, claimableStates, (job) => stop(store, trx, job));
    await stopBelow();
    const job = await lockKnownJob(trx, jobId);
    if (!claimableStates.includes(job.state)) throw wrongState(job, 'stopped');
    await stopBelow();
    return toJob(store, trx, await stop(store, trx, job));
  });
}

async function stop(store: StoreContext, trx: Trx, job: JobRow): Promise<JobRow> {
  const isAtRest = await isStopped(trx, { id: job.id, state: 'stopping' }, job.running);
  return saveJob(store, trx, job, { state: isAtRest ? 'stopped' : 'stopping' });
}

export function requestResume(store: StoreContext, jobId: string): Promise<Job> {
  return inTransaction(store, 'resume a job', async (trx) => {
    const { parent_id } = await lookUp(trx, jobId);
    const parent = parent_id === null ? undefined : await findJobRow(trx, parent_id);
    if (parent?.state === 'stopping' || parent?.state === 'cancelling') {
      throw wrongState(parent, 'joined by a job of its own', 'Wait until it rests.');
    }
    return toJob(store, trx, await resume(store, trx, jobId));
  });
}

/** Resumes a job after those of its children that did not complete; the steps of those that were cancelled forget them. */
async function resume(store: StoreContext, trx: Trx, jobId: string): Promise<JobRow> {
  const known = await lookUp(trx, jobId);
  if (known.state === 'stopped' || known.state === 'failed') {
    for (const child of await openChildren(trx, jobId)) {
      // Its end would look like one of this try's: the step would fail by it.
      if (child.state === 'stopping' || child.state === 'cancelling') {
        throw wrongState(await lookUp(trx, child.id), 'resumed yet', 'Wait until it rests.');
      }
      if (child.state === 'cancelled') await forget(trx, child.id);
      else await resume(store, trx, child.id);
    }
  }
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
    .where((eb) => eb.or([eb('attempt', '>', 0), eb('awaits_json', 'is not', null)]))
    .execute();
  const after = await saveJob(store, trx, job, {
    state: 'queued',
    unfinished: job.unfinished + failed,
    error_count: job.error_count - failed,
    held_until: 0,
    // Else the first task would find that it was too often again.
    restarts: job.restarts + (hasLostSnapshot(job) ? 1 : 0),
  });
  await offerWork(store, trx, after);
  return after;
}

async function forget(trx: Trx, jobId: string): Promise<void> {
  await trx
    .updateTable('job')
    .set((eb) => ({ forgotten: eb.ref('seq'), version: eb('version', '+', 1) }))
    .where('id', '=', jobId)
    .where('state', '=', 'cancelled')
    .execute();
}

/** Whether it failed because its snapshot was lost too often. */
const hasLostSnapshot = ({ state, error_json }: JobRow): boolean =>
  state === 'failed' &&
  error_json !== null &&
  (JSON.parse(error_json) as ErrorRecord).code === 'snapshot-lost';

export function requestCancel(store: StoreContext, jobId: string): Promise<Job> {
  return inTransaction(store, 'cancel a job', async (trx) => {
    const known = await lookUp(trx, jobId);
    if (known.state === 'cancelling' || known.state === 'cancelled') return unchanged(store, trx, known);
    const cancelBelow = () => eachBelow(trx, known, cancellableStates, (job) => cancel(store, trx, job));
    await cancelBelow();
    const job = await lockKnownJob(trx, jobId);
    if (!cancellableStates.includes(job.state)) throw wrongState(job, 'cancelled');
    await cancelBelow();
    return toJob(store, trx, await cancel(store, trx, job));
  });
}

const cancellableStates = jobStates.filter((state) => jobTransitions[state].includes('cancelling'));

async function cancel(store: StoreContext, trx: Trx, job: JobRow): Promise<JobRow> {
  const changes: JobChanges = { state: 'cancelling', held_until: 0 };
  if (await hasCleanup(trx, job)) {
    // The cleanup of a cancel that failed: it is tried again from the start.
    await trx
      .updateTable('task')
      .set({ attempt: 0, retry_at: 0 })
      .where('job_id', '=', job.id)
      .where('key', '=', cleanupTask.key)
      .execute();
  } else {
    await addTasks(trx, job.id, [cleanupTask], new Map());
    Object.assign(changes, growth(job, [cleanupTask]));
  }
  const after = await saveJob(store, trx, job, changes);
  await offerWork(store, trx, after);
  return after;
}

async function unchanged(store: StoreContext, trx: Trx, known: JobRow): Promise<Job> {
  const job = await toFoundJob(store, trx, known);
  if (job === null) throw unknownJob(known.id);
  return job;
}

/** Looks without locking, so that asking twice leaves the version alone. Throws `job-unknown`. */
async function lookUp(trx: Trx, jobId: string): Promise<JobRow> {
  const row = await findJobRow(trx, jobId);
  if (row === undefined) throw unknownJob(jobId);
  return row;
}

const findJobRow = (trx: Trx, jobId: string): Promise<JobRow | undefined> =>
  trx.selectFrom('job').selectAll().where('id', '=', jobId).executeTakeFirst();

/** Does something to each job below this one, locked, that is in one of the states. */
async function eachBelow(
  trx: Trx,
  job: Pick<JobRow, 'id' | 'root_id'>,
  states: readonly JobState[],
  work: (job: JobRow) => Promise<unknown>,
): Promise<void> {
  for (const member of await descendantsOf(trx, job)) {
    if (!states.includes(member.state)) continue;
    const locked = await lockJob(trx, member.id);
    if (locked !== undefined && states.includes(locked.state)) await work(locked);
  }
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
    .set((eb) => ({
      state: againState(eb),
      attempt: 0,
      retry_at: 0,
      // What stood in the way of a task that has written nothing may still stand there.
      error_json: eb.case().when('claims', '=', 0).then(eb.ref('error_json')).else(null).end(),
    }))
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
