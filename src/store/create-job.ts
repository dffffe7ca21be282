import { newId } from '../base/id.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { NewJob } from '../jobs/job-store.ts';
import { addTasks } from './add-tasks.ts';
import { type JobRow, stateEntry, toJob } from './job-row.ts';
import { appendLogRows } from './log-row.ts';
import { inTransaction, nextNumber, type StoreContext, type Trx, toJson } from './store-context.ts';
import { planTask } from './task-row.ts';

export function createJob(
  store: StoreContext,
  job: NewJob,
): Promise<{ readonly job: Job; readonly created: boolean }> {
  return inTransaction(store, 'create a job', async (trx) => {
    const known = await findByIdempotencyKey(trx, job.owner, job.idempotency);
    if (known !== undefined) return { job: await toJob(store, trx, known), created: false };

    const seq = await nextNumber(trx, 'job');
    let tried: string | undefined;
    for (let attempt = 0; ; attempt++) {
      const name = job.name(attempt);
      if (name === tried) {
        throw new AppError('job-exists', {
          message: `The database ${JSON.stringify(job.database)} has a job ${JSON.stringify(name)} already.`,
        });
      }
      tried = name;
      const row = await insertJob(store, trx, job, seq, name);
      if (row !== undefined) {
        await addTasks(trx, row.id, [planTask], new Map());
        await appendLogRows(trx, row.id, 0, row.created_at, [stateEntry('queued', 0)]);
        return { job: await toJob(store, trx, row), created: true };
      }
      // Not written: the name is taken, or another process has just used the same key.
      const raced = await findByIdempotencyKey(trx, job.owner, job.idempotency);
      if (raced !== undefined) return { job: await toJob(store, trx, raced), created: false };
    }
  });
}

export function findIdempotent(
  store: StoreContext,
  owner: string,
  idempotency: { readonly key: string; readonly digest: string },
): Promise<Job | null> {
  return inTransaction(store, 'find a job', async (trx) => {
    const row = await findByIdempotencyKey(trx, owner, idempotency);
    return row === undefined ? null : toJob(store, trx, row);
  });
}

async function findByIdempotencyKey(
  trx: Trx,
  owner: string,
  idempotency: NewJob['idempotency'],
): Promise<JobRow | undefined> {
  if (idempotency === null) return undefined;
  const row = await trx
    .selectFrom('job')
    .selectAll()
    .where('owner', '=', owner)
    .where('idempotency_key', '=', idempotency.key)
    .executeTakeFirst();
  if (row !== undefined && row.idempotency_digest !== idempotency.digest) {
    throw new AppError('idempotency-mismatch', {
      message: `The idempotency key was used before for another request: job ${JSON.stringify(row.name)}.`,
    });
  }
  return row;
}

/** Undefined when name or idempotency key are taken. */
function insertJob(
  store: StoreContext,
  trx: Trx,
  job: NewJob,
  seq: number,
  name: string,
): Promise<JobRow | undefined> {
  return trx
    .insertInto('job')
    .values({
      id: newId(),
      seq,
      name,
      kind: job.request.kind,
      state: 'queued',
      owner: job.owner,
      database: job.database,
      api: job.api,
      api_data_json: toJson(job.apiData),
      request_json: toJson(job.requestFor?.(name) ?? job.request),
      idempotency_key: job.idempotency?.key ?? null,
      idempotency_digest: job.idempotency?.digest ?? null,
      plan_id: null,
      result_id: null,
      threads: job.threads,
      running: 0,
      unfinished: 1,
      bytes_done: 0,
      bytes_total: 0,
      rows_done: 0,
      rows_total: 0,
      units_done: 0,
      units_total: 0,
      error_count: 0,
      error_json: null,
      restarts: 0,
      log_seq: 1,
      created_at: store.clock.now(),
      started_at: null,
      finished_at: null,
      version: 1,
      held_until: 0,
      held_for: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}
