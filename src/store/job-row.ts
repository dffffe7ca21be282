import type { Selectable } from 'kysely';
import { AppError, type ErrorRecord } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { completeRequest } from '../core/stored-request.ts';
import { readDocuments } from './documents.ts';
import type { JobTable } from './schema.ts';
import { type Db, othersWrite, type StoreContext, type Trx } from './store-context.ts';

export type JobRow = Selectable<JobTable>;

/** A job of a locked row, as readers get it. */
export async function toJob(store: StoreContext, trx: Trx, row: JobRow): Promise<Job> {
  return withDocuments(row, await readDocuments(trx, store.documents, documentsOf(row)));
}

/** Jobs as readers get them. The rows are not locked: of a job that has got another plan or result meanwhile it is the newer state, and one that is gone is left out. */
export async function toJobs(store: StoreContext, db: Db, rows: readonly JobRow[]): Promise<readonly Job[]> {
  const bodies = new Map(await readDocuments(db, store.documents, rows.flatMap(documentsOf)));
  const jobs: Job[] = [];
  for (const row of rows) {
    let current: JobRow | undefined = row;
    while (current !== undefined && !documentsOf(current).every((id) => bodies.has(id))) {
      current = await db.selectFrom('job').selectAll().where('id', '=', row.id).executeTakeFirst();
      if (current === undefined) break;
      for (const [id, body] of await readDocuments(db, store.documents, documentsOf(current)))
        bodies.set(id, body);
    }
    if (current !== undefined) jobs.push(withDocuments(current, bodies));
  }
  return jobs;
}

/** The job that a query found, as readers get it; null when it found none. */
export async function toFoundJob(store: StoreContext, db: Db, row: JobRow | undefined): Promise<Job | null> {
  if (row === undefined) return null;
  const [job] = await toJobs(store, db, [row]);
  return job ?? null;
}

const documentsOf = ({ plan_id, result_id }: JobRow): readonly string[] =>
  [plan_id, result_id].filter((id) => id !== null);

function withDocuments(row: JobRow, bodies: ReadonlyMap<string, unknown>): Job {
  const bodyOf = (id: string | null): unknown => (id === null ? null : bodies.get(id));
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
    plan: bodyOf(row.plan_id),
    result: bodyOf(row.result_id),
    threads: row.threads,
    priority: row.priority,
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
 * Locks the job's row until the end of the transaction. Every verb that changes a job or its tasks begins so: verbs on one job run one after
 * the other, and never wait for each other in a circle.
 */
export function lockJob(trx: Trx, id: string): Promise<JobRow | undefined> {
  const job = trx.selectFrom('job').selectAll().where('id', '=', id);
  return (othersWrite(trx) ? job.forNoKeyUpdate() : job).executeTakeFirst();
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
    | 'home'
  >
>;
