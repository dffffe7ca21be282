import { type Kysely, sql } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import { AppError } from '../../core/errors.ts';
import { type Migration, migrate, schemaVersion } from '../migrate.ts';
import type { StoreSchema } from '../schema.ts';
import { storeSchema } from './store-pool.ts';

/** The oldest server that is used. */
const oldestServer = 130_000;

/** Any number will do, as long as nobody else in the database locks it. */
const migrationLock = 7_867_463;

/** The version of the schema that is there; 0: none. Throws `store-refused` when the server is too old. */
export async function findSchemaVersion(db: Kysely<StoreSchema>): Promise<number> {
  const { rows } = await sql<{ server: number; found: boolean }>`
    select current_setting('server_version_num')::int as server,
      to_regclass(${`${storeSchema}.schema_version`}) is not null as found`.execute(db);
  const { server = 0, found = false } = rows[0] ?? {};
  if (server < oldestServer) {
    throw new AppError('store-refused', {
      message: `The server of the job store is PostgreSQL ${Math.floor(server / 10_000)}.`,
      hint: 'Use PostgreSQL 13 or newer.',
    });
  }
  return found ? schemaVersion(db) : 0;
}

/** Makes the schema, or brings it to the version of the program: one process at a time, while others go on with the older one. */
export async function migrateStore(
  db: Kysely<StoreSchema>,
  clock: Clock,
  migrations: readonly Migration[],
): Promise<void> {
  await migrate(db, clock, {
    migrations,
    before: async (trx) => {
      await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(trx);
      // Whoever may not make schemas can use one that was made for him.
      const { rows } = await sql`select from pg_namespace where nspname = ${storeSchema}`.execute(trx);
      if (rows.length === 0) await sql`create schema ${sql.id(storeSchema)}`.execute(trx);
    },
    after: useByteOrder,
  });
}

/** Orders of texts, and what is unique, are those of the bytes, whatever the database's collation: as in SQLite, and the same after an upgrade of its library. */
async function useByteOrder(trx: Kysely<StoreSchema>): Promise<void> {
  const { rows } = await sql<{ table: string; columns: string[] }>`
    select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns
    from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_type t on t.oid = a.atttypid
    where c.relnamespace = to_regnamespace(${storeSchema}) and c.relkind = 'r'
      and a.attnum > 0 and not a.attisdropped and t.typname = 'text' and a.attcollation = t.typcollation
    group by c.relname order by c.relname`.execute(trx);
  for (const { table, columns } of rows) {
    const changes = columns.map((column) => sql`alter column ${sql.id(column)} type text collate "C"`);
    await sql`alter table ${sql.id(table)} ${sql.join(changes)}`.execute(trx);
  }
}
