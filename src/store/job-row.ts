import type { Selectable } from 'kysely';
import { AppError, type ErrorRecord } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { completeRequest } from '../core/stored-request.ts';
import { readDocument } from './documents.ts';
import type { JobTable } from './schema.ts';
import type { StoreContext, Trx } from './store-context.ts';

export type JobRow = Selectable<JobTable>;

/** The job as readers get it. */
export async function toJob(store: StoreContext, trx: Trx, row: JobRow): Promise<Job> {
  return {
    id: row.id,
    seq: row.seq,
    name: row.name,
    kind: row.kind,
    state: row.state,
    owner: row.owner,
    database: row.database,
    api: row.api,
    apiData: JSON.parse(row.api_data_json) as Readonly<Record<string, unknown>>,
    request: completeRequest(JSON.parse(row.request_json)),
    plan: await readDocument(trx, store.documents, row.plan_id),
    result: await readDocument(trx, store.documents, row.result_id),
    threads: row.threads,
    running: row.running,
    progress: {
      bytesDone: row.bytes_done,
      bytesTotal: row.bytes_total,
      rowsDone: row.rows_done,
      rowsTotal: row.rows_total,
      unitsDone: row.units_done,
      unitsTotal: row.units_total,
    },
    errorCount: row.error_count,
    error: row.error_json === null ? null : (JSON.parse(row.error_json) as ErrorRecord),
    restarts: row.restarts,
    waitingFor: row.held_for === null ? null : { message: row.held_for, until: row.held_until },
    parent:
      row.parent_id === null || row.parent_step === null
        ? null
        : { jobId: row.parent_id, step: row.parent_step },
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    version: row.version,
  };
}

/**
 * Raises the job's version, which locks its row until the end of the transaction. Every verb that changes a job or its tasks begins
 * so: verbs on one job run one after the other, and never wait for each other in a circle.
 */
export function lockJob(trx: Trx, id: string): Promise<JobRow | undefined> {
  return trx
    .updateTable('job')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/** As {@link lockJob}; throws `job-unknown`. */
export async function lockKnownJob(trx: Trx, id: string): Promise<JobRow> {
  const row = await lockJob(trx, id);
  if (row === undefined) throw unknownJob(id);
  return row;
}

export const unknownJob = (id: string): AppError =>
  new AppError('job-unknown', { message: `There is no job ${JSON.stringify(id)}.` });

/** Columns that verbs change after {@link lockJob}. */
export type JobChanges = Partial<
  Pick<
    JobRow,
    | 'state'
    | 'plan_id'
    | 'result_id'
    | 'running'
    | 'unfinished'
    | 'bytes_done'
    | 'bytes_total'
    | 'rows_done'
    | 'rows_total'
    | 'units_done'
    | 'units_total'
    | 'error_count'
    | 'error_json'
    | 'restarts'
    | 'started_at'
    | 'held_until'
    | 'held_for'
    | 'mail_due_at'
  >
>;
