import type { PostgresServer } from '../../harness/postgres.ts';

/** The database that a campaign moves: tables with keys, indexes and a foreign key, many types, an empty one, an unlogged one, a view. */
export const statements: readonly string[] = [
  'CREATE TABLE customer (id bigint PRIMARY KEY, name text NOT NULL, note text)',
  "INSERT INTO customer SELECT g, 'Customer ' || g, CASE WHEN g % 5 = 0 THEN NULL ELSE repeat(md5(g::text), 3) END FROM generate_series(1, 60000) g",
  'CREATE TABLE purchase (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint REFERENCES customer, total numeric(12,2), at timestamptz, tags text[])',
  "INSERT INTO purchase (customer, total, at, tags) SELECT 1 + g % 60000, g / 7.0, timestamptz '2020-01-01' + g * interval '1 minute', ARRAY[md5(g::text), E'a\\tb'] FROM generate_series(1, 250000) g",
  'CREATE INDEX purchase_customer_ix ON purchase (customer)',
  'CREATE INDEX purchase_at_ix ON purchase (at)',
  'CREATE TABLE part (id int, at date, note text) PARTITION BY RANGE (at)',
  "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
  'CREATE TABLE part_2 PARTITION OF part DEFAULT',
  "INSERT INTO part SELECT g, date '2020-06-01' + g % 600, md5(g::text) FROM generate_series(1, 20000) g",
  'CREATE INDEX part_at_ix ON part (at)',
  'CREATE TABLE empty (a int)',
  'CREATE VIEW big_purchase AS SELECT * FROM purchase WHERE total > 1000',
  "CREATE FUNCTION label(purchase) RETURNS text LANGUAGE sql STABLE RETURN $1.id || '/' || $1.customer",
  'VACUUM ANALYZE',
  // A crash would bring the sequence up to what its log foresees, unless that is older than a checkpoint.
  'CHECKPOINT',
];

const tables = ['customer', 'purchase', 'part_1', 'part_2', 'empty'];

/** Rows and a digest of each table that does not depend on their order, and what there is besides. */
export async function takeStock(server: PostgresServer, database: string): Promise<unknown> {
  const rows = tables.map(
    (table) =>
      `SELECT '${table}' AS name, count(*)::text AS rows, sum(hashtextextended(t::text, 0)::numeric)::text AS digest FROM ${table} t`,
  );
  return {
    rows: await server.query(database, `${rows.join(' UNION ALL ')} ORDER BY 1`),
    indexes: await server.query(
      database,
      "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    ),
    constraints: await server.query(
      database,
      "SELECT conrelid::regclass::text AS name, pg_get_constraintdef(oid) AS definition, convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    ),
    relations: await server.query(
      database,
      "SELECT relname, relkind, relkind <> 'r' OR reltuples >= 0 AS fit FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') ORDER BY 1",
    ),
    sequence: await server.query(database, 'SELECT last_value::text, is_called FROM purchase_id_seq'),
    routines: await server.query(
      database,
      "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    ),
  };
}
