import type { Lease, PlanPayload } from '../jobs/job-store.ts';
import { addTasks } from './add-tasks.ts';
import { deleteDocument } from './documents.ts';
import { isStopped } from './family.ts';
import { giveBack } from './return-task.ts';
import { saveJob } from './save-job.ts';
import { forgetSnapshots } from './snapshots.ts';
import { inTransaction, type StoreContext, type Trx } from './store-context.ts';
import { addDelta, type GroupDeltas } from './task-group.ts';
import { isRefused, lockLease, planTask } from './task-row.ts';

/** Parameters of one statement: far below every database's limit. */
const batch = 200;

export function restartJob(
  store: StoreContext,
  lease: Lease,
  reason: string,
  keep: readonly string[],
): Promise<void> {
  return inTransaction(store, 'restart a job', async (trx) => {
    const { job, task } = await lockLease(trx, lease);
    if (job.state === 'cancelling') {
      await saveJob(store, trx, job, await giveBack(trx, job, [task]));
      return;
    }
    const payload: PlanPayload = { refused: await refusedTasks(trx, job.id) };
    const kept = await forgetTasks(trx, job.id, new Set(keep));
    await addTasks(trx, job.id, [{ ...planTask, payload }], kept.groups);
    await deleteDocument(trx, job.result_id);
    await forgetSnapshots(trx, job.id);
    await saveJob(
      store,
      trx,
      job,
      {
        state:
          job.state === 'stopping' ? ((await isStopped(trx, job, 0)) ? 'stopped' : 'stopping') : 'queued',
        result_id: null,
        home: null,
        running: 0,
        unfinished: 1,
        bytes_done: kept.bytes,
        bytes_total: kept.bytes,
        rows_done: kept.rows,
        rows_total: kept.rows,
        units_done: kept.units,
        units_total: kept.units,
        error_count: 0,
        restarts: job.restarts + 1,
      },
      [{ level: 'warn', event: 'restart', message: `The job starts again: ${reason}`, data: { reason } }],
    );
  });
}

/** Payloads of the refused tasks of a locked job; those that an unmade plan was told are among them. */
async function refusedTasks(trx: Trx, jobId: string): Promise<readonly unknown[]> {
  const suspects = await trx
    .selectFrom('task')
    .select(['key', 'state', 'payload_json', 'error_json'])
    .where('job_id', '=', jobId)
    .where('state', '<>', 'done')
    .where((eb) => eb.or([eb('error_json', 'is not', null), eb('key', '=', planTask.key)]))
    .orderBy('key')
    .execute();
  return suspects.flatMap((task) => {
    const payload = JSON.parse(task.payload_json) as unknown;
    // A plan that was made has found every name free.
    if (task.key === planTask.key) return (payload as PlanPayload | null)?.refused ?? [];
    return isRefused(task) ? [payload] : [];
  });
}

interface Kept {
  /** What the kept tasks are in the sums of their groups. */
  readonly groups: GroupDeltas;
  bytes: number;
  rows: number;
  units: number;
}

/** Removes the tasks of a locked job but the done ones among `keep`; of a finished task nobody asks any more what it waited for. */
async function forgetTasks(trx: Trx, jobId: string, keep: ReadonlySet<string>): Promise<Kept> {
  const kept: Kept = { groups: new Map(), bytes: 0, rows: 0, units: 0 };
  const forgotten: string[] = [];
  const tasks = await trx
    .selectFrom('task')
    .select(['key', 'group_name', 'state', 'counted', 'bytes', 'rows'])
    .where('job_id', '=', jobId)
    .execute();
  for (const { key, group_name, state, counted, bytes, rows } of tasks) {
    if (state !== 'done' || key === planTask.key || !keep.has(key)) {
      forgotten.push(key);
    } else if (counted === 1) {
      addDelta(kept.groups, group_name, {
        bytesDone: bytes,
        bytesTotal: bytes,
        rowsDone: rows,
        unitsDone: 1,
        unitsTotal: 1,
      });
      kept.bytes += bytes;
      kept.rows += rows;
      kept.units += 1;
    }
  }
  await trx.deleteFrom('task_wait').where('job_id', '=', jobId).execute();
  await trx.deleteFrom('task_group').where('job_id', '=', jobId).execute();
  for (let start = 0; start < forgotten.length; start += batch) {
    await trx
      .deleteFrom('task')
      .where('job_id', '=', jobId)
      .where('key', 'in', forgotten.slice(start, start + batch))
      .execute();
  }
  return kept;
}
