import { type Expression, expressionBuilder, sql } from 'kysely';
import { claimableStates } from '../core/job.ts';
import type { Reminder, Ticket } from '../jobs/tickets.ts';
import { hasUnfinishedChildren } from './family.ts';
import type { JobRow } from './job-row.ts';
import type { StoreSchema } from './schema.ts';
import { inTransaction, reading, type StoreContext, type Trx } from './store-context.ts';
import { cleanupTask } from './task-row.ts';

/** What is ready of a job. */
interface Ready {
  /** Tasks that could be given out now, as far as there are threads. */
  readonly due: number;
  /** When the next one can, for which its retry is waited; null: none. */
  readonly nextAt: number | null;
}

interface Offer {
  readonly tickets: readonly Ticket[];
  readonly reminders: readonly Reminder[];
}

/**
 * Makes sure of the tickets that a job needs as it is now, and of a reminder for what is ready later. Every verb that makes work ready ends
 * so, but for those of a lease: who holds one holds a ticket, and passes it on.
 */
export async function offerWork(store: StoreContext, trx: Trx, job: JobRow): Promise<void> {
  const queue = store.sharing?.tickets;
  if (queue === undefined || queue === null) return;
  const now = store.clock.now();
  if (job.held_until > now && isAtWork(job)) {
    await queue.remind(trx, [{ jobId: job.id, at: job.held_until }]);
    return;
  }
  if (job.state === 'cancelling' && (job.running > 0 || (await hasUnfinishedChildren(trx, job.id)))) return;
  if (job.state !== 'cancelling' && !claimableStates.includes(job.state)) return;
  const kind = job.state === 'cancelling' ? '=' : '<>';
  const ready = await trx
    .selectNoFrom([
      dueTasks(sql.val(job.id), sql.val(job.threads), kind, now).as('due'),
      nextRetry(sql.val(job.id), kind, now).as('nextAt'),
    ])
    .executeTakeFirstOrThrow();
  const { tickets, reminders } = offerOf(job, { due: ready.due ?? 0, nextAt: ready.nextAt ?? null });
  if (tickets.length > 0) await queue.offer(trx, tickets);
  if (reminders.length > 0) await queue.remind(trx, reminders);
}

/** As {@link offerWork}, of a job that has one ready task, its plan. Its maker keeps others waiting, and so asks for nothing that is known. */
export async function offerPlan(store: StoreContext, trx: Trx, job: JobRow): Promise<void> {
  await store.sharing?.tickets?.offer(trx, offerOf(job, { due: 1, nextAt: null }).tickets);
}

/** Jobs that are looked through in one transaction. */
const batch = 200;

/** Offers what {@link offerWork} would for every unfinished job, many at a time. */
export async function offerAll(store: StoreContext): Promise<void> {
  const queue = store.sharing?.tickets;
  if (queue === undefined || queue === null) return;
  for (let seq = 0; ; ) {
    const now = store.clock.now();
    // They are not locked: what becomes ready meanwhile is offered by whoever makes it ready, and a ticket too many is settled by its first holder.
    const jobs = await reading(store, 'look for work', (db) =>
      db
        .selectFrom('job')
        .selectAll('job')
        .select((eb) => [
          dueTasks(eb.ref('job.id'), eb.ref('job.threads'), '<>', now).as('due'),
          nextRetry(eb.ref('job.id'), '<>', now).as('nextAt'),
        ])
        .where('finished_at', 'is', null)
        .where('seq', '>', seq)
        .orderBy('seq')
        .limit(batch)
        .execute(),
    );
    const last = jobs.at(-1);
    if (last === undefined) return;
    const isSimple = (job: JobRow): boolean => claimableStates.includes(job.state) && job.held_until <= now;
    await inTransaction(store, 'offer work', async (trx) => {
      for (const job of jobs) if (!isSimple(job)) await offerWork(store, trx, job);
      const offers = jobs
        .filter(isSimple)
        .map((job) => offerOf(job, { due: job.due ?? 0, nextAt: job.nextAt ?? null }));
      const tickets = offers.flatMap((offer) => offer.tickets);
      const reminders = offers.flatMap((offer) => offer.reminders);
      if (tickets.length > 0) await queue.offer(trx, tickets);
      if (reminders.length > 0) await queue.remind(trx, reminders);
    });
    seq = last.seq;
  }
}

const isAtWork = ({ state }: JobRow): boolean => state === 'cancelling' || claimableStates.includes(state);

/** A ticket for each slot that has, or can have, a task; for a cleanup one. */
function offerOf(job: JobRow, { due, nextAt }: Ready): Offer {
  const slots = due === 0 ? 0 : job.state === 'cancelling' ? 1 : Math.min(job.threads, job.running + due);
  return {
    tickets: Array.from({ length: slots }, (_, slot) => ticketOf(job, slot)),
    reminders: nextAt === null ? [] : [{ jobId: job.id, at: nextAt }],
  };
}

const readyTasks = (jobId: Expression<string>, kind: '=' | '<>') =>
  expressionBuilder<StoreSchema>()
    .selectFrom('task')
    .where('task.job_id', '=', jobId)
    .where('task.state', '=', 'ready')
    .where('task.kind', kind, cleanupTask.kind);

const dueTasks = (jobId: Expression<string>, threads: Expression<number>, kind: '=' | '<>', now: number) =>
  expressionBuilder<StoreSchema>()
    .selectFrom(
      readyTasks(jobId, kind).select('task.key').where('task.retry_at', '<=', now).limit(threads).as('first'),
    )
    .select((first) => first.fn.countAll<number>().as('count'));

const nextRetry = (jobId: Expression<string>, kind: '=' | '<>', now: number) =>
  readyTasks(jobId, kind)
    // As the index has it.
    .where('task.retry_at', '>', sql.lit(0))
    .where('task.retry_at', '>', now)
    .select((task) => task.fn.min('task.retry_at').as('next'));

/**
 * Jobs of a higher priority go first. Then the first slots of jobs that have begun, then those of others: a job that nobody works on is not passed over by
 * more slots of another, and yet no thousand snapshots are open at once.
 */
function ticketOf(job: JobRow, slot: number): Ticket {
  const rank = slot > 0 ? 0 : job.started_at === null ? 1 : 2;
  return { jobId: job.id, slot, priority: job.priority * 10 + rank, home: job.home };
}
