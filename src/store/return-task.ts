import type { ErrorRecord } from '../core/errors.ts';
import { jobTransitions, type NewJobLogEntry, unfinishedStates } from '../core/job.ts';
import type { Lease } from '../jobs/job-store.ts';
import { isStopped } from './family.ts';
import { type JobChanges, type JobRow, lockJob } from './job-row.ts';
import { offerWork } from './offer-work.ts';
import { saveJob } from './save-job.ts';
import { inTransaction, type StoreContext, type Trx, toJson, whole } from './store-context.ts';
import { addDelta, changeGroups, type GroupDeltas } from './task-group.ts';
import { againState, cleanupTask, leaseLost, lockLease, ownedBy, refusal, type TaskRow } from './task-row.ts';

export function reportProgress(
  store: StoreContext,
  lease: Lease,
  done: { readonly bytes: number; readonly rows: number },
): Promise<void> {
  return inTransaction(store, 'report progress', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    const [bytes, rows] = [whole(done.bytes), whole(done.rows)];
    const updated = await trx
      .updateTable('task')
      .set({ bytes_done: bytes, rows_done: rows })
      .where(ownedBy(lease))
      .returning('key')
      .executeTakeFirst();
    if (updated === undefined) throw leaseLost(lease);
    if (task.counted === 0) return;
    const delta = { bytesDone: bytes - task.bytes_done, rowsDone: rows - task.rows_done };
    await changeGroups(trx, job.id, new Map([[task.group_name, delta]]));
    await saveJob(store, trx, job, {
      bytes_done: job.bytes_done + delta.bytesDone,
      rows_done: job.rows_done + delta.rowsDone,
    });
  });
}

export function retryTask(
  store: StoreContext,
  lease: Lease,
  retryAt: number,
  log?: readonly NewJobLogEntry[],
): Promise<void> {
  return inTransaction(store, 'retry a task', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    const changes = await giveBack(trx, job, [task], { attempt: task.attempt, retryAt: whole(retryAt) });
    await saveJob(store, trx, job, await atRest(trx, job, changes), log);
  });
}

export function holdJob(
  store: StoreContext,
  lease: Lease,
  until: number,
  reason: string,
  log?: readonly NewJobLogEntry[],
): Promise<void> {
  return inTransaction(store, 'hold a job', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    const changes = await giveBack(trx, job, [task]);
    // The cleanup of a cancel does not wait for what is no longer wanted.
    const isOver = job.state === 'cancelling' && task.kind !== cleanupTask.kind;
    const held_until = isOver ? 0 : Math.max(job.held_until, whole(until));
    const held = { ...changes, held_until, held_for: reason };
    await saveJob(store, trx, job, await atRest(trx, job, held), log);
  });
}

export function releaseTask(store: StoreContext, lease: Lease): Promise<void> {
  return inTransaction(store, 'release a task', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    await saveJob(store, trx, job, await atRest(trx, job, await giveBack(trx, job, [task])));
  });
}

export function unclaimTask(store: StoreContext, lease: Lease): Promise<void> {
  return inTransaction(store, 'give a claim back', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    await trx
      .updateTable('task')
      .set({ claims: task.claims - 1 })
      .where(ownedBy(lease))
      .execute();
    await saveJob(store, trx, job, await atRest(trx, job, await giveBack(trx, job, [task])));
  });
}

export function awaitJobs(
  store: StoreContext,
  lease: Lease,
  jobIds: readonly string[],
  recheckMs: number,
): Promise<void> {
  return inTransaction(store, 'wait for jobs', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    const isOver = !(await allWork(trx, jobIds));
    const changes = await giveBack(trx, job, [task], {
      attempt: task.attempt - 1,
      retryAt: isOver ? 0 : store.clock.now() + whole(recheckMs),
    });
    await trx
      .updateTable('task')
      .set({ awaits_json: toJson(jobIds) })
      .where('job_id', '=', job.id)
      .where('key', '=', task.key)
      .execute();
    const isShown = jobTransitions[job.state].includes('executing');
    await saveJob(
      store,
      trx,
      job,
      await atRest(trx, job, isShown ? { ...changes, state: 'executing' } : changes),
    );
  });
}

/** Whether none of these rests, or is gone. */
async function allWork(trx: Trx, jobIds: readonly string[]): Promise<boolean> {
  if (jobIds.length === 0) return true;
  const rows = await trx
    .selectFrom('job')
    .select('id')
    .where('id', 'in', jobIds)
    .where('state', 'in', unfinishedStates)
    .execute();
  return rows.length === new Set(jobIds).size;
}

export const recover = (store: StoreContext, workerId: string): Promise<number> =>
  inTransaction(store, 'recover', (trx) => recoverIn(store, trx, workerId));

export async function recoverIn(store: StoreContext, trx: Trx, workerId: string): Promise<number> {
  const owners = await trx
    .selectFrom('task')
    .select('job_id')
    .distinct()
    .where('worker_id', '=', workerId)
    .orderBy('job_id')
    .execute();
  let count = 0;
  for (const { job_id } of owners) {
    const job = await lockJob(trx, job_id);
    if (job === undefined) continue;
    const tasks = await runningTasks(trx, job, workerId);
    const after = await saveJob(store, trx, job, await atRest(trx, job, await giveBack(trx, job, tasks)));
    await offerWork(store, trx, after);
    count += tasks.length;
  }
  return count;
}

export function failJob(store: StoreContext, lease: Lease, error: ErrorRecord): Promise<void> {
  return inTransaction(store, 'fail a job', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    const refused = refusal(task, error);
    if (refused !== null) await trx.updateTable('task').set(refused).where(ownedBy(lease)).execute();
    if (job.state === 'cancelling' && task.kind !== cleanupTask.kind) {
      // Nobody wants the job any more: its files are still to be removed.
      await saveJob(store, trx, job, await giveBack(trx, job, [task]), [errorEntry(error)]);
    } else {
      await failWith(store, trx, job, error);
    }
  });
}

/** A locked job fails: its running tasks lose their leases. */
export async function failWith(
  store: StoreContext,
  trx: Trx,
  job: JobRow,
  error: ErrorRecord,
): Promise<void> {
  const changes = await giveBack(trx, job, await runningTasks(trx, job));
  await saveJob(store, trx, job, { ...changes, state: 'failed', error_json: toJson(error) }, [
    errorEntry(error),
  ]);
}

const errorEntry = ({ code, message }: ErrorRecord): NewJobLogEntry => ({
  level: 'error',
  event: 'error',
  message,
  data: { code },
});

export function runningTasks(trx: Trx, job: JobRow, workerId?: string): Promise<TaskRow[]> {
  return trx
    .selectFrom('task')
    .selectAll()
    .where('job_id', '=', job.id)
    .where('state', '=', 'running')
    .$if(workerId !== undefined, (query) => query.where('worker_id', '=', workerId ?? ''))
    .execute();
}

/**
 * Takes the leases away from running tasks of a locked job, as if they had never been claimed, or for another attempt. What they
 * reported is taken back. Gives the changes to the job's sums.
 */
export async function giveBack(
  trx: Trx,
  job: JobRow,
  tasks: readonly TaskRow[],
  again?: { readonly attempt: number; readonly retryAt: number },
): Promise<JobChanges> {
  const deltas: GroupDeltas = new Map();
  let { bytes_done, rows_done } = job;
  for (const task of tasks) {
    await trx
      .updateTable('task')
      .set((eb) => ({
        state: againState(eb),
        attempt: again?.attempt ?? task.attempt - 1,
        retry_at: again?.retryAt ?? 0,
        token: null,
        worker_id: null,
        bytes_done: 0,
        rows_done: 0,
      }))
      .where('job_id', '=', job.id)
      .where('key', '=', task.key)
      .where('token', '=', task.token)
      .execute();
    if (task.counted === 0) continue;
    addDelta(deltas, task.group_name, { bytesDone: -task.bytes_done, rowsDone: -task.rows_done });
    bytes_done -= task.bytes_done;
    rows_done -= task.rows_done;
  }
  await changeGroups(trx, job.id, deltas);
  return { running: job.running - tasks.length, bytes_done, rows_done };
}

/** A stopping job of which nothing runs any more, nor of those that it started, has stopped. */
export const atRest = async (trx: Trx, job: JobRow, changes: JobChanges): Promise<JobChanges> =>
  (await isStopped(trx, job, changes.running ?? job.running)) ? { ...changes, state: 'stopped' } : changes;
