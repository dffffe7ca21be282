import type { Selectable } from 'kysely';
import type { Event } from '../core/event.ts';
import type { EventStore } from '../jobs/event-store.ts';
import type { EventTable } from './schema.ts';
import {
  inTransaction,
  nextNumber,
  othersWrite,
  reading,
  type StoreContext,
  toJson,
} from './store-context.ts';

/** The events beside the jobs. */
export function createEventStore(store: StoreContext): EventStore {
  return {
    addEvent: (event, { deliver }) =>
      inTransaction(store, 'add an event', async (trx) => {
        const find = () =>
          trx.selectFrom('event').selectAll().where('key', '=', event.key).executeTakeFirst();
        const known = await find();
        if (known !== undefined) return toEvent(known);
        const now = store.clock.now();
        const added = await trx
          .insertInto('event')
          .values({
            seq: await nextNumber(trx, 'event'),
            key: event.key,
            at: now,
            type: event.type,
            message: event.message,
            database: event.database,
            job_id: event.jobId,
            data_json: toJson(event.data),
            deliver_at: deliver ? now : null,
            attempts: 0,
            taken_json: null,
          })
          .onConflict((conflict) => conflict.column('key').doNothing())
          .returningAll()
          .executeTakeFirst();
        // Not written: another process has just used the same key.
        const row = added ?? (await find());
        if (row === undefined) throw new Error(`The event ${event.key} is gone.`);
        return toEvent(row);
      }),
    listEvents: ({ afterSeq, databases, limit }) =>
      inTransaction(store, 'list events', async (trx) => {
        if (databases?.length === 0) return [];
        let query = trx.selectFrom('event').selectAll().where('seq', '>', afterSeq);
        if (databases !== undefined) query = query.where('database', 'in', databases);
        return (await query.orderBy('seq').limit(limit).execute()).map(toEvent);
      }),
    async claimDelivery(leaseMs) {
      // Mostly there is none, and many ask.
      if (!(await isSomethingDue(store))) return null;
      return inTransaction(store, 'claim a delivery', async (trx) => {
        const now = store.clock.now();
        const due = await trx
          .selectFrom('event')
          .select('seq')
          .where('deliver_at', '<=', now)
          .orderBy('deliver_at')
          .orderBy('seq')
          .limit(1)
          // Another process delivers that one.
          .$if(othersWrite(trx), (query) => query.forNoKeyUpdate().skipLocked())
          .executeTakeFirst();
        if (due === undefined) return null;
        const row = await trx
          .updateTable('event')
          .set((eb) => ({ deliver_at: now + leaseMs, attempts: eb('attempts', '+', 1) }))
          .where('seq', '=', due.seq)
          .returningAll()
          .executeTakeFirstOrThrow();
        const taken = JSON.parse(row.taken_json ?? '[]') as readonly string[];
        return { event: toEvent(row), attempt: row.attempts, taken };
      });
    },
    settleDelivery: ({ event, attempt, taken }, retryAt) =>
      inTransaction(store, 'settle a delivery', async (trx) => {
        await trx
          .updateTable('event')
          .set({ deliver_at: retryAt, taken_json: toJson(taken) })
          .where('seq', '=', event.seq)
          .where('attempts', '=', attempt)
          .where('deliver_at', 'is not', null)
          .execute();
      }),
    pruneEvents: (before) =>
      inTransaction(store, 'remove old events', async (trx) => {
        await trx.deleteFrom('event').where('at', '<', before).where('deliver_at', 'is', null).execute();
      }),
  };
}

const isSomethingDue = (store: StoreContext): Promise<boolean> =>
  reading(store, 'look for deliveries', async (db) => {
    const due = await db
      .selectFrom('event')
      .select('seq')
      .where('deliver_at', '<=', store.clock.now())
      .limit(1)
      .executeTakeFirst();
    return due !== undefined;
  });

const toEvent = (row: Selectable<EventTable>): Event => ({
  seq: row.seq,
  key: row.key,
  at: row.at,
  type: row.type,
  message: row.message,
  database: row.database,
  jobId: row.job_id,
  data: JSON.parse(row.data_json) as Readonly<Record<string, unknown>>,
});
