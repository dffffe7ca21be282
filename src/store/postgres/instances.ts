import { sql } from 'kysely';
import type { InstanceStore } from '../../jobs/instance-store.ts';
import { inTransaction, reading, type StoreContext } from '../store-context.ts';

/** Milliseconds since the epoch by the clock of the database, which all instances share. */
export const databaseNow = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

export function createInstanceStore(store: StoreContext): InstanceStore {
  return {
    report: ({ id, name, version, url }, jobIds) =>
      reading(store, 'report an instance', async (db) => {
        const seen = db.with('seen', (query) =>
          query
            .insertInto('instance')
            .values({ id, name, version, url, started_at: databaseNow, seen_at: databaseNow })
            .onConflict((conflict) =>
              conflict.column('id').doUpdateSet((eb) => ({ seen_at: eb.ref('excluded.seen_at'), url })),
            )
            .returning('id'),
        );
        const rows = await seen
          .selectFrom('job')
          .select(['id', 'state', 'restarts', 'version'])
          .where('id', '=', sql<string>`any(${jobIds}::text[])`)
          .execute();
        return rows.map((row) => ({
          jobId: row.id,
          state: row.state,
          restarts: row.restarts,
          version: row.version,
        }));
      }),
    leave: (id) =>
      inTransaction(store, 'take leave', async (trx) => {
        await trx.deleteFrom('instance').where('id', '=', id).execute();
      }),
    listInstances: () =>
      reading(store, 'list instances', async (db) => {
        const rows = await db
          .selectFrom('instance')
          .selectAll()
          .orderBy('name')
          .orderBy('started_at')
          .orderBy('id')
          .execute();
        return rows.map((row) => ({
          id: row.id,
          name: row.name,
          version: row.version,
          url: row.url,
          startedAt: row.started_at,
          seenAt: row.seen_at,
        }));
      }),
  };
}
