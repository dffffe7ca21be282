import { type Expression, type ExpressionBuilder, type Selectable, sql } from 'kysely';
import { AppError, type ErrorRecord } from '../core/errors.ts';
import type { Lease, TaskRecord, TaskSpec, TaskState } from '../jobs/job-store.ts';
import { type JobRow, lockJob } from './job-row.ts';
import type { StoreSchema, TaskTable } from './schema.ts';
import type { Trx } from './store-context.ts';

export type TaskRow = Selectable<TaskTable>;

export const planTask: TaskSpec = {
  key: 'plan',
  kind: 'plan',
  group: 'plan',
  waitsFor: [],
  payload: null,
  bytes: 0,
  rows: 0,
  counted: false,
};

export const cleanupTask: TaskSpec = { ...planTask, key: 'cleanup', kind: 'cleanup', group: 'cleanup' };

/** The task as the handler that planned it wrote it. */
export function toTaskSpec(row: TaskRow): TaskSpec {
  return {
    key: row.key,
    kind: row.kind,
    group: row.group_name,
    waitsFor: JSON.parse(row.waits_for_json) as readonly string[],
    payload: JSON.parse(row.payload_json) as unknown,
    bytes: row.bytes,
    rows: row.rows,
    counted: row.counted === 1,
  };
}

type RecordColumns = Pick<
  TaskRow,
  'key' | 'kind' | 'group_name' | 'state' | 'payload_json' | 'result_json' | 'error_json'
>;

export function toTaskRecord(row: RecordColumns): TaskRecord {
  return {
    key: row.key,
    kind: row.kind,
    group: row.group_name,
    state: row.state,
    payload: JSON.parse(row.payload_json) as unknown,
    result: row.result_json === null ? null : (JSON.parse(row.result_json) as unknown),
    error: row.error_json === null ? null : (JSON.parse(row.error_json) as ErrorRecord),
  };
}

/** Locks the job, then finds the task that the lease owns. Throws `lease-lost`; the transaction then changes nothing. */
export async function lockLease(trx: Trx, lease: Lease): Promise<{ job: JobRow; task: TaskRow }> {
  const job = await lockJob(trx, lease.jobId);
  const task =
    job === undefined
      ? undefined
      : await trx.selectFrom('task').selectAll().where(ownedBy(lease)).executeTakeFirst();
  if (job === undefined || task === undefined) throw leaseLost(lease);
  return { job, task };
}

/** The guard of every write that carries a lease. */
export const ownedBy =
  (lease: Lease) =>
  (eb: ExpressionBuilder<StoreSchema, 'task'>): Expression<import('kysely').SqlBool> =>
    eb.and([
      eb('job_id', '=', lease.jobId),
      eb('key', '=', lease.taskKey),
      eb('state', '=', 'running'),
      eb('attempt', '=', lease.attempt),
      eb('token', '=', lease.token),
    ]);

export function leaseLost(lease: Lease): AppError {
  return new AppError('lease-lost', {
    message: `The lease of task ${lease.taskKey} is no longer valid.`,
    context: { job: lease.jobId, task: lease.taskKey, attempt: lease.attempt },
  });
}

/**
 * What becomes of a task whose first run met a file of somebody else: it counts as never claimed, since later runs take what they meet for their own, and
 * the error stays with it, so that nobody removes that file either. Null: it was something else.
 */
export const refusal = (
  { claims }: TaskRow,
  error: ErrorRecord,
): Pick<TaskRow, 'claims' | 'error_json'> | null =>
  error.code === refusalCode && claims === 1 ? { claims: 0, error_json: JSON.stringify(error) } : null;

/** Whether a task was refused so, and has not been done since. */
export const isRefused = ({ state, error_json }: Pick<TaskRow, 'state' | 'error_json'>): boolean =>
  state !== 'done' && error_json !== null && (JSON.parse(error_json) as ErrorRecord).code === refusalCode;

const refusalCode = 'file-exists';

/** The state of a task that is to run again: ready, unless a group that it waits for has got new work meanwhile. */
export const againState = (eb: ExpressionBuilder<StoreSchema, 'task'>): Expression<TaskState> =>
  eb
    .case()
    .when('blockers', '=', 0)
    .then(sql.lit('ready' as TaskState))
    .else(sql.lit('waiting' as TaskState))
    .end();
