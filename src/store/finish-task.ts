import { AppError, type ErrorRecord } from '../core/errors.ts';
import { claimableStates, type NewJobLogEntry } from '../core/job.ts';
import type { CompletionEffect, Lease, TaskCompletion, TaskSpec } from '../jobs/job-store.ts';
import { addTasks, growth } from './add-tasks.ts';
import { writeDocument } from './documents.ts';
import { isStopped } from './family.ts';
import type { JobChanges, JobRow } from './job-row.ts';
import { failWith, giveBack, runningTasks } from './return-task.ts';
import { saveJob } from './save-job.ts';
import { inTransaction, type StoreContext, type Trx, toJson, whole } from './store-context.ts';
import { addDelta, type GroupDeltas } from './task-group.ts';
import { cleanupTask, leaseLost, lockLease, ownedBy, refusal, type TaskRow } from './task-row.ts';

export function completeTask(
  store: StoreContext,
  lease: Lease,
  completion: TaskCompletion,
): Promise<CompletionEffect> {
  return inTransaction(store, 'complete a task', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    const exact = {
      bytes: whole(completion.done?.bytes ?? task.bytes),
      rows: whole(completion.done?.rows ?? task.rows),
    };
    await endTask(trx, lease, {
      state: 'done',
      bytes: exact.bytes,
      rows: exact.rows,
      bytes_done: exact.bytes,
      rows_done: exact.rows,
      result_json: toJson(completion.result ?? null),
    });

    const spawn = completion.spawn ?? [];
    const deltas: GroupDeltas = new Map([[task.group_name, { unfinished: -1 }]]);
    const changes: JobChanges = { ...growth(job, spawn), running: job.running - 1 };
    if (task.counted === 1) {
      addDelta(deltas, task.group_name, {
        bytesDone: exact.bytes - task.bytes_done,
        bytesTotal: exact.bytes - task.bytes,
        rowsDone: exact.rows - task.rows_done,
        unitsDone: 1,
      });
      changes.bytes_done = job.bytes_done + exact.bytes - task.bytes_done;
      changes.bytes_total = (changes.bytes_total ?? job.bytes_total) + exact.bytes - task.bytes;
      changes.rows_done = job.rows_done + exact.rows - task.rows_done;
      changes.rows_total = (changes.rows_total ?? job.rows_total) + exact.rows - task.rows;
      changes.units_done = job.units_done + 1;
    }
    if (completion.plan !== undefined) {
      changes.plan_id = await writeDocument(trx, job.id, completion.plan, job.plan_id);
    }
    if (completion.jobResult !== undefined) {
      changes.result_id = await writeDocument(trx, job.id, completion.jobResult, job.result_id);
    }
    // What it was held for answers again.
    if (job.held_until <= store.clock.now()) changes.held_for = null;
    if (completion.staysHere === true) changes.home = store.sharing?.instance ?? null;
    changes.error_count = job.error_count + whole(completion.errors ?? 0);
    const { after, finishedGroups } = await settle(
      store,
      trx,
      job,
      task,
      changes,
      spawn,
      deltas,
      completion.log,
    );
    const { rest } = completion;
    if (rest === undefined || !claimableStates.includes(job.state)) {
      return { state: after.state, finishedGroups };
    }
    if (after.unfinished === 0) {
      throw new AppError('internal', {
        message: `Task ${task.key} left nothing for a resume to go on with.`,
      });
    }
    await putToRest(store, trx, after, rest);
    return { state: rest.state, finishedGroups };
  });
}

export function failTask(
  store: StoreContext,
  lease: Lease,
  error: ErrorRecord,
  log?: readonly NewJobLogEntry[],
): Promise<CompletionEffect> {
  return inTransaction(store, 'fail a task', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    await endTask(trx, lease, {
      state: 'failed',
      bytes_done: 0,
      rows_done: 0,
      error_json: toJson(error),
      ...refusal(task, error),
    });
    const deltas: GroupDeltas = new Map([[task.group_name, { unfinished: -1, failed: 1 }]]);
    const changes: JobChanges = {
      unfinished: job.unfinished,
      running: job.running - 1,
      error_count: job.error_count + 1,
    };
    if (task.counted === 1) {
      addDelta(deltas, task.group_name, { bytesDone: -task.bytes_done, rowsDone: -task.rows_done });
      changes.bytes_done = job.bytes_done - task.bytes_done;
      changes.rows_done = job.rows_done - task.rows_done;
    }
    const { after, finishedGroups } = await settle(store, trx, job, task, changes, [], deltas, log);
    return { state: after.state, finishedGroups };
  });
}

type Ending = Partial<TaskRow> & Pick<TaskRow, 'state'>;

async function endTask(trx: Trx, lease: Lease, ending: Ending): Promise<void> {
  const updated = await trx
    .updateTable('task')
    .set({ ...ending, token: null, worker_id: null })
    .where(ownedBy(lease))
    .returning('key')
    .executeTakeFirst();
  if (updated === undefined) throw leaseLost(lease);
}

/** Counts the task as finished, adds the new ones, and moves the job on when this was the last. */
async function settle(
  store: StoreContext,
  trx: Trx,
  job: JobRow,
  task: TaskRow,
  changes: JobChanges,
  spawn: readonly TaskSpec[],
  deltas: GroupDeltas,
  log: readonly NewJobLogEntry[] | undefined,
): Promise<{ readonly after: JobRow; readonly finishedGroups: CompletionEffect['finishedGroups'] }> {
  const unfinishedByGroup = await addTasks(trx, job.id, spawn, deltas);
  const unfinished = (changes.unfinished ?? job.unfinished) - 1;
  const running = changes.running ?? job.running;
  const after = await saveJob(
    store,
    trx,
    job,
    { ...changes, unfinished, state: await stateAfter(trx, job, task, unfinished, running) },
    log,
  );
  return {
    after,
    finishedGroups: unfinishedByGroup.get(task.group_name) === 0 ? [task.group_name] : [],
  };
}

/** The job rests although it has tasks: those that run lose their leases. */
async function putToRest(
  store: StoreContext,
  trx: Trx,
  job: JobRow,
  rest: NonNullable<TaskCompletion['rest']>,
): Promise<void> {
  if (rest.state === 'failed') return failWith(store, trx, job, rest.error);
  const changes = await giveBack(trx, job, await runningTasks(trx, job));
  await saveJob(store, trx, job, { ...changes, state: 'stopped' });
}

async function stateAfter(
  trx: Trx,
  job: JobRow,
  task: TaskRow,
  unfinished: number,
  running: number,
): Promise<JobRow['state']> {
  if (task.kind === cleanupTask.kind) return 'cancelled';
  if (job.state === 'stopping') {
    if (unfinished === 0) return 'completed';
    return (await isStopped(trx, job, running)) ? 'stopped' : job.state;
  }
  return unfinished === 0 && claimableStates.includes(job.state) ? 'completed' : job.state;
}
