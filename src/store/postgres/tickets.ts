import type { ClaimedTask } from '../../jobs/job-store.ts';
import type { HeldTicket, TicketedJobs, TicketQueue } from '../../jobs/tickets.ts';
import { startTask, takeTask } from '../claim-task.ts';
import { type JobRow, lockJob } from '../job-row.ts';
import { offerAll, offerWork } from '../offer-work.ts';
import { atRest, giveBack, runningTasks } from '../return-task.ts';
import { saveJob } from '../save-job.ts';
import { type Db, inTransaction, reading, type StoreContext, type Trx } from '../store-context.ts';
import { databaseNow } from './instances.ts';

/** What holders of tickets ask of the store. Locks are taken in this order: children, parents, tickets. */
export function createTicketedJobs(store: StoreContext): TicketedJobs {
  return {
    claimWith: (ticket) => claimWith(store, ticket),
    passOn: (ticket) =>
      inTransaction(store, 'pass a ticket on', async (trx) => {
        const queue = queueOf(store);
        const job = await lockJob(trx, ticket.jobId);
        if (!(await queue.holds(trx, ticket))) return;
        await queue.settle(trx, ticket);
        if (job !== undefined) await offerWork(store, trx, await takeBack(store, trx, job, ticket));
      }),
    buryInstances: (silentMs) => buryInstances(store, silentMs),
    offerAll: () => offerAll(store),
  };
}

function claimWith(store: StoreContext, ticket: HeldTicket): Promise<ClaimedTask | null> {
  return inTransaction(store, 'claim a task', async (trx) => {
    const queue = queueOf(store);
    const locked = await lockJob(trx, ticket.jobId);
    if (!(await queue.holds(trx, ticket))) return null;
    if (locked === undefined) {
      await queue.settle(trx, ticket);
      return null;
    }
    const job = await takeBack(store, trx, locked, ticket);
    // Its last holder may have ended between the end of a task and the offer of what that made ready.
    if (ticket.delivery > 0) await offerWork(store, trx, job);
    const now = store.clock.now();
    const mayTake =
      ticket.slot !== null &&
      job.running < job.threads &&
      job.held_until <= now &&
      // A ticket of before the job had its home, or of a home that it has no more, would be a slot too many; and nobody takes the latter over.
      ticket.home === job.home;
    const task = mayTake ? await takeTask(trx, job, ticket.id, now) : undefined;
    if (task !== undefined) return startTask(store, trx, job, task, now);
    await queue.settle(trx, ticket);
    await offerWork(store, trx, job);
    return null;
  });
}

/** What somebody left running under a ticket goes back to `ready`. */
async function takeBack(store: StoreContext, trx: Trx, job: JobRow, ticket: HeldTicket): Promise<JobRow> {
  const left = job.running === 0 ? [] : await runningTasks(trx, job, ticket.id);
  if (left.length === 0) return job;
  return saveJob(store, trx, job, await atRest(trx, job, await giveBack(trx, job, left)));
}

async function buryInstances(store: StoreContext, silentMs: number): Promise<readonly string[]> {
  // Mostly there are none, and every instance asks.
  if (!(await isSomebodyGone(store, silentMs))) return [];
  return inTransaction(store, 'look for instances that are gone', async (trx) => {
    const gone = await trx
      .deleteFrom('instance')
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('instance')
          .select('id')
          .where('seen_at', '<', (time) => time(databaseNow, '-', silentMs))
          .forUpdate()
          // Another instance buries them at the same time.
          .skipLocked(),
      )
      .returning('id')
      .execute();
    const ids = gone.map(({ id }) => id);
    const jobs = await homeless(trx).select(['id', 'home']).orderBy('seq', 'desc').execute();
    for (const { id, home } of jobs) {
      const job = await lockJob(trx, id);
      if (job === undefined || job.home !== home) continue;
      const changes = await atRest(trx, job, await giveBack(trx, job, await runningTasks(trx, job)));
      await offerWork(store, trx, await saveJob(store, trx, job, { ...changes, home: null }));
    }
    return ids;
  });
}

const isSomebodyGone = (store: StoreContext, silentMs: number): Promise<boolean> =>
  reading(store, 'look for instances that are gone', async (db) => {
    const rows = await db
      .selectFrom('instance')
      .select('id')
      .where('seen_at', '<', (time) => time(databaseNow, '-', silentMs))
      .unionAll(homeless(db).select('id'))
      .limit(1)
      .execute();
    return rows.length > 0;
  });

/** Jobs whose home has taken leave, is gone, or came back after it had been taken for gone and ended then. */
const homeless = (db: Db) =>
  db
    .selectFrom('job')
    .where('home', 'is not', null)
    .where('home', 'not in', (eb) => eb.selectFrom('instance').select('id'));

function queueOf(store: StoreContext): TicketQueue<Trx> {
  const queue = store.sharing?.tickets;
  if (queue === undefined || queue === null) throw new Error('This process takes no tickets.');
  return queue;
}
