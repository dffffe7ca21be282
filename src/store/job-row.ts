import type { Selectable } from 'kysely';
import { AppError, type ErrorRecord } from '../core/errors.ts';
import {
  isResting,
  type Job,
  type JobLogEntry,
  type JobState,
  jobTransitions,
  type NewJobLogEntry,
} from '../core/job.ts';
import { completeRequest } from '../core/stored-request.ts';
import { readDocument } from './documents.ts';
import { dropJobCredentials } from './job-credentials.ts';
import { appendLogRows } from './log-row.ts';
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

/**
 * Writes the changes to a locked job and the entries to its log. The one setter of a job's state: refuses what
 * {@link jobTransitions} does not hold, logs the change, keeps the times. Gives the row as it is now.
 */
export async function saveJob(
  store: StoreContext,
  trx: Trx,
  before: JobRow,
  changes: JobChanges,
  entries: readonly NewJobLogEntry[] = [],
): Promise<JobRow> {
  const now = store.clock.now();
  const log = [...entries];
  const derived: Partial<JobRow> = {};
  const to = changes.state ?? before.state;
  if (to !== before.state) {
    if (!jobTransitions[before.state].includes(to)) {
      throw new AppError('internal', { message: `A job cannot go from ${before.state} to ${to}.` });
    }
    derived.finished_at = isResting(to) ? now : null;
    if (to !== 'failed') derived.error_json = null;
    // A failed or stopped job can be resumed, and a cancel that failed tried again.
    if (to === 'completed' || to === 'cancelled') await dropJobCredentials(trx, [before.id]);
    const isTold = (to === 'completed' || to === 'failed') && before.mail_to_json !== null;
    Object.assign(derived, { mail_due_at: isTold ? now : null, mail_attempts: 0 });
    log.push(stateEntry(to, changes.error_count ?? before.error_count));
  }
  if (isResting(to) || changes.held_until === 0) derived.held_for = null;
  derived.log_seq = before.log_seq + log.length;
  const after = await trx
    .updateTable('job')
    .set({ ...changes, ...derived })
    .where('id', '=', before.id)
    .where('state', '=', before.state)
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendLogRows(trx, before.id, before.log_seq, now, log);
  return after;
}

/** The log line of a state that was reached. */
export function stateEntry(state: JobState, errors: number): NewJobLogEntry {
  const level: JobLogEntry['level'] =
    state === 'failed' ? 'error' : state === 'completed' && errors > 0 ? 'warn' : 'info';
  const withErrors =
    state === 'completed' && errors > 0 ? ` with ${errors} ${errors === 1 ? 'error' : 'errors'}` : '';
  return { level, event: 'state', message: `${stateTexts[state]}${withErrors}.`, data: { state } };
}

const stateTexts: Readonly<Record<JobState, string>> = {
  queued: 'The job is queued',
  planning: 'The job is being planned',
  executing: 'The job is executing',
  completing: 'The job is completing',
  completed: 'The job completed',
  failed: 'The job failed',
  stopping: 'The job is being stopped',
  stopped: 'The job stopped; it can be resumed',
  cancelling: 'The job is being cancelled',
  cancelled: 'The job is cancelled',
};
