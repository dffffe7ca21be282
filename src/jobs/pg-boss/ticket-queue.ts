import { fromKysely, type JobInsert, type PgBoss } from 'pg-boss';
import type { HeldTicket, Reminder, Ticket, TicketQueue } from '../tickets.ts';

/** A transaction of the store's, as far as the queue needs it. */
export type QueueTransaction = Parameters<typeof fromKysely>[0];

/** Whoever holds a ticket says so more often than this; else it is given to somebody else. pg-boss allows no shorter time. */
export const heartbeatSeconds = 10;
/** A task that takes longer is given to somebody else as well: the longest time that pg-boss knows. */
const expireInSeconds = 24 * 60 * 60;
/** As good as for ever. */
const tenYearsSeconds = 10 * 365 * expireInSeconds;
/** The largest number of its column. */
const endless = 2 ** 31 - 1;
/** Reminders are no work: they go before all tickets. */
const reminderPriority = endless;
/** That there are new tickets is told on this channel. */
export const ticketChannel = 'pumphouse_tickets';

/** The queue whose tickets every instance takes. */
export const commonQueue = 'tickets';
export const homeQueuePrefix = 'home-';
/** The queue whose tickets this instance alone takes. */
export const homeQueue = (instance: string): string => `${homeQueuePrefix}${instance}`;

/** What pg-boss answers to these calls: its types leave it out, its guide does not. */
interface Affected {
  readonly affected: number;
}

/** What a ticket carries: nothing but this. */
interface TicketData {
  readonly jobId: string;
  /** Null: a reminder. */
  readonly slot: number | null;
}

/** Makes a queue if it is not there. Any number of instances may do so at once. */
export async function makeQueue(boss: PgBoss, name: string): Promise<void> {
  await boss.createQueue(name, {
    // One ticket of a key that waits or is held; keys are job and slot.
    policy: 'exclusive',
    retryLimit: endless,
    retryDelay: 0,
    heartbeatSeconds,
    expireInSeconds,
    retentionSeconds: tenYearsSeconds,
    deleteAfterSeconds: 60,
  });
}

/**
 * Tickets as rows of pg-boss. A statement that finds a slot's ticket there already does nothing, also within a transaction; tickets are told of at commit.
 */
export function createTicketQueue(boss: PgBoss): TicketQueue<QueueTransaction> {
  const made = new Set<string>();
  /** How many of these were not there before. */
  const insert = async (trx: QueueTransaction, name: string, rows: readonly JobInsert[]): Promise<number> => {
    if (rows.length === 0) return 0;
    // An instance makes its home itself, but one that was taken for gone has none.
    if (!made.has(name)) await makeQueue(boss, name);
    made.add(name);
    const ids = await boss.insert(name, [...rows], { db: fromKysely(trx), returnId: true });
    return ids?.length ?? 0;
  };
  return {
    async offer(trx, tickets) {
      const queues = Map.groupBy(tickets, ({ home }) => (home === null ? commonQueue : homeQueue(home)));
      for (const [name, offered] of queues) {
        if ((await insert(trx, name, offered.map(ticketRow))) === 0) continue;
        await fromKysely(trx).executeSql('SELECT pg_notify($1, $2)', [ticketChannel, name]);
      }
    },
    async remind(trx, reminders) {
      await insert(trx, commonQueue, reminders.map(reminderRow));
    },
    async holds(trx, ticket) {
      const { queue, id } = placeOf(ticket);
      const claim = { id, retryCount: ticket.delivery };
      const { affected } = (await boss.touch(queue, claim, { db: fromKysely(trx) })) as Affected;
      return affected === 1;
    },
    async settle(trx, ticket) {
      const { queue, id } = placeOf(ticket);
      await boss.deleteJob(queue, { id, retryCount: ticket.delivery }, { db: fromKysely(trx) });
    },
  };
}

const ticketRow = ({ jobId, slot, priority }: Ticket): JobInsert<TicketData> => ({
  singletonKey: `${jobId}/${slot}`,
  priority,
  data: { jobId, slot },
});

const reminderRow = ({ jobId, at }: Reminder): JobInsert<TicketData> => ({
  singletonKey: `${jobId}@${at}`,
  priority: reminderPriority,
  // Seconds from now, by the clock that `at` is of: one that is behind the database's would find it too early, again and again.
  startAfter: String(Math.max(0, at - Date.now()) / 1000),
  data: { jobId, slot: null },
});

/** Takes the first tickets of a queue that wait, at most `limit`. */
export async function takeTickets(
  boss: PgBoss,
  queue: string,
  limit: number,
): Promise<readonly HeldTicket[]> {
  const rows = await boss.fetch<TicketData>(queue, { batchSize: limit, includeMetadata: true });
  return rows.map(({ id, retryCount, data, createdOn, startAfter, startedOn }) => ({
    id: `${queue}/${id}`,
    delivery: retryCount,
    jobId: data.jobId,
    slot: data.slot,
    home: queue === commonQueue ? null : queue.slice(homeQueuePrefix.length),
    ...(retryCount > 0
      ? {}
      : { waitedMs: Math.max(0, startedOn.getTime() - Math.max(createdOn.getTime(), startAfter.getTime())) }),
  }));
}

/**
 * Says that the ticket is still held; whether it is. A statement for each ticket: one for several would wait for a transaction that passes one of
 * them on, and this one for that statement, because of the others.
 */
export async function keepTicket(boss: PgBoss, ticket: HeldTicket): Promise<boolean> {
  const { queue, id } = placeOf(ticket);
  const { affected } = (await boss.touch(queue, { id, retryCount: ticket.delivery })) as Affected;
  return affected === 1;
}

/** The queue and the id of pg-boss: both are in the ticket's id, so that a ticket is known by it alone. */
function placeOf({ id }: HeldTicket): { readonly queue: string; readonly id: string } {
  const [queue = '', row = ''] = id.split('/');
  return { queue, id: row };
}
