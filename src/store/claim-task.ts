import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import { newId } from '../base/id.ts';
import { claimableStates, type JobState, jobTransitions, unfinishedStates } from '../core/job.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import { hasUnfinishedChildren } from './family.ts';
import { type JobRow, lockJob, toJob } from './job-row.ts';
import { saveJob } from './save-job.ts';
import type { StoreSchema } from './schema.ts';
import { inTransaction, type StoreContext, type Trx, withoutIndex } from './store-context.ts';
import { cleanupTask, type TaskRow, toTaskSpec } from './task-row.ts';

/** The state that a job is in while tasks of a kind run; all others: executing. */
const stateOfKind: Readonly<Record<string, JobState>> = {
  plan: 'planning',
  finish: 'completing',
  forget: 'completing',
  cleanup: 'cancelling',
};

export async function claimTask(store: StoreContext, workerId: string): Promise<ClaimedTask | null> {
  for (;;) {
    const found = await inTransaction(store, 'claim a task', (trx) => claimOnce(store, trx, workerId));
    if (found !== 'raced') return found;
  }
}

export function nextRetryAt(store: StoreContext): Promise<number | null> {
  return inTransaction(store, 'look for retries', async (trx) => {
    const now = store.clock.now();
    const held = await trx
      .selectFrom('job')
      .select(sql<number | null>`min(held_until)`.as('heldUntil'))
      .where('held_until', '>', sql.lit(0))
      .where('held_until', '>', now)
      .where(withoutIndex('state'), 'in', [...claimableStates, 'cancelling'])
      .executeTakeFirst();
    const row = await trx
      .selectFrom('task')
      .select(sql<number | null>`min(retry_at)`.as('retryAt'))
      .where('retry_at', '>', sql.lit(0))
      .where('state', '=', 'ready')
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('job')
            .select('job.id')
            .whereRef('job.id', '=', 'task.job_id')
            .where('job.held_until', '<=', now)
            .where((job) => mayRun(job)),
        ),
      )
      .executeTakeFirst();
    const times = [held?.heldUntil, row?.retryAt].filter((time) => typeof time === 'number');
    return times.length === 0 ? null : Math.min(...times);
  });
}

/** 'raced': another process took the job's last slot between the look and the lock. */
async function claimOnce(
  store: StoreContext,
  trx: Trx,
  workerId: string,
): Promise<ClaimedTask | null | 'raced'> {
  const now = store.clock.now();
  const candidate = await trx
    .selectFrom('job')
    .select('id')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('task')
          .select('task.key')
          .whereRef('task.job_id', '=', 'job.id')
          .where('task.state', '=', 'ready')
          .where('task.retry_at', '<=', now)
          .where((task) => mayRun(task)),
      ),
    )
    .where('job.held_until', '<=', now)
    .where('job.finished_at', 'is', null)
    .orderBy('job.priority', 'desc')
    .orderBy('job.running')
    .orderBy('job.seq')
    .limit(1)
    .executeTakeFirst();
  if (candidate === undefined) return null;

  const job = await lockJob(trx, candidate.id);
  const task =
    job === undefined || job.running >= job.threads || job.held_until > now
      ? undefined
      : await takeTask(trx, job, workerId, now);
  if (job === undefined || task === undefined) return 'raced';

  return startTask(store, trx, job, task, now);
}

/** The job of a task that was just taken goes on. */
export async function startTask(
  store: StoreContext,
  trx: Trx,
  job: JobRow,
  task: TaskRow,
  now: number,
): Promise<ClaimedTask> {
  const wanted = stateOfKind[task.kind] ?? 'executing';
  const after = await saveJob(store, trx, job, {
    running: job.running + 1,
    started_at: job.started_at ?? now,
    state: jobTransitions[job.state].includes(wanted) ? wanted : job.state,
  });
  return {
    lease: { jobId: job.id, taskKey: task.key, attempt: task.attempt, token: task.token ?? '' },
    claims: task.claims,
    task: toTaskSpec(task),
    job: await toJob(store, trx, after),
  };
}

/** Whether a ready task (`task`) of a job (`job`) may be given out, whatever its time of retry. */
function mayRun(eb: ExpressionBuilder<StoreSchema, 'job' | 'task'>): Expression<SqlBool> {
  return eb.or([
    eb.and([
      eb(withoutIndex('job.state'), 'in', claimableStates),
      eb('job.running', '<', eb.ref('job.threads')),
      eb('task.kind', '<>', cleanupTask.kind),
    ]),
    eb.and([
      eb(withoutIndex('job.state'), '=', 'cancelling'),
      eb('job.running', '=', 0),
      eb('task.kind', '=', cleanupTask.kind),
      eb.not(
        eb.exists(
          eb
            .selectFrom('job as child')
            .select('child.id')
            .whereRef('child.parent_id', '=', 'job.id')
            .where('child.state', 'in', unfinishedStates),
        ),
      ),
    ]),
  ]);
}

/** The heaviest ready task of a locked job, now running under a new lease. */
export async function takeTask(
  trx: Trx,
  job: JobRow,
  workerId: string,
  now: number,
): Promise<TaskRow | undefined> {
  const isCleanup = job.state === 'cancelling';
  if (
    isCleanup
      ? job.running > 0 || (await hasUnfinishedChildren(trx, job.id))
      : !claimableStates.includes(job.state)
  ) {
    return undefined;
  }
  return trx
    .updateTable('task')
    .set((eb) => ({
      state: 'running',
      attempt: eb('attempt', '+', 1),
      claims: eb('claims', '+', 1),
      claimed_at: eb.fn.coalesce('claimed_at', eb.val(now)),
      token: newId(),
      worker_id: workerId,
      retry_at: 0,
      bytes_done: 0,
      rows_done: 0,
    }))
    .where('job_id', '=', job.id)
    .where('key', '=', (eb) =>
      eb
        .selectFrom('task')
        .select('key')
        .where('job_id', '=', job.id)
        .where('state', '=', 'ready')
        .where('retry_at', '<=', now)
        .where('kind', isCleanup ? '=' : '<>', cleanupTask.kind)
        .orderBy('bytes', 'desc')
        .orderBy('key')
        .limit(1),
    )
    .returningAll()
    .executeTakeFirst();
}
