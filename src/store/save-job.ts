import { sql } from 'kysely';
import { AppError } from '../core/errors.ts';
import {
  isResting,
  type JobLogEntry,
  type JobState,
  jobTransitions,
  type NewJobLogEntry,
} from '../core/job.ts';
import { isStopped, jobIdsOf } from './family.ts';
import { dropJobCredentials } from './job-credentials.ts';
import { type JobChanges, type JobRow, lockJob } from './job-row.ts';
import { appendLogRows } from './log-row.ts';
import { offerWork } from './offer-work.ts';
import { dropUses } from './set-uses.ts';
import { forgetSnapshots } from './snapshots.ts';
import type { StoreContext, Trx } from './store-context.ts';

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
    if (to === 'completed' || to === 'cancelled') {
      await dropJobCredentials(trx, [before.id]);
      await dropUses(trx, before.id);
    }
    const isTold = (to === 'completed' || to === 'failed') && before.mail_to_json !== null;
    Object.assign(derived, { mail_due_at: isTold ? now : null, mail_attempts: 0 });
    log.push(stateEntry(to, changes.error_count ?? before.error_count));
  }
  if (isResting(to) || changes.held_until === 0) derived.held_for = null;
  if (to !== before.state && isResting(to)) {
    derived.home = null;
    await forgetSnapshots(trx, before.id);
  }
  derived.log_seq = before.log_seq + log.length;
  const after = await trx
    .updateTable('job')
    .set((eb) => ({ ...changes, ...derived, version: eb('version', '+', 1) }))
    .where('id', '=', before.id)
    .where('state', '=', before.state)
    .returningAll()
    .$if(store.sharing !== null && log.length > 0, (query) => query.returning(tellAll))
    .executeTakeFirstOrThrow();
  await appendLogRows(trx, before.id, before.log_seq, now, log);
  if (to !== before.state && isResting(to) && before.parent_id !== null) {
    await tellParent(store, trx, before.parent_id, before.id);
  }
  return after;
}

/** What is told of changes of jobs at the commit; see postgres/notices.ts. */
export const noticeChannel = 'pumphouse_job';

const tellAll =
  sql<null>`pg_notify(${sql.lit(noticeChannel)}, concat_ws(' ', id, state, restarts, version))`.as('told');

/**
 * A job came to rest: the tasks of its parent that wait for it go on, and so does a stop of the parent that was held up by it. Children are
 * locked before their parents, here and wherever both are.
 */
async function tellParent(store: StoreContext, trx: Trx, parentId: string, childId: string): Promise<void> {
  const parent = await lockJob(trx, parentId);
  if (parent === undefined) return;
  const waiting = await trx
    .selectFrom('task')
    .select(['key', 'awaits_json'])
    .where('job_id', '=', parentId)
    .where('state', 'in', ['waiting', 'ready'])
    .where('awaits_json', 'is not', null)
    .execute();
  for (const { key, awaits_json } of waiting) {
    if (!jobIdsOf(awaits_json).includes(childId)) continue;
    await trx
      .updateTable('task')
      .set({ retry_at: 0 })
      .where('job_id', '=', parentId)
      .where('key', '=', key)
      .execute();
  }
  if (await isStopped(trx, parent, parent.running)) await saveJob(store, trx, parent, { state: 'stopped' });
  else await offerWork(store, trx, parent);
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
