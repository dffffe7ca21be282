import assert from 'node:assert/strict';
import type { PostgresServer } from './postgres.ts';

/** Tables of generated data that make many units; every second one has no key, so that a row that is written twice shows. */
export interface UnitData {
  readonly tables: number;
  readonly rowsPerTable: number;
}

/** About that many bytes of a table for each row: as much in the file. */
export const bytesPerRow = 160;

const namesOf = ({ tables }: UnitData): readonly string[] =>
  Array.from({ length: tables }, (_, at) => `t${String(at + 1).padStart(2, '0')}`);

/** Makes and fills the tables in an empty database. */
export async function fillUnitDatabase(
  server: PostgresServer,
  database: string,
  data: UnitData,
): Promise<void> {
  for (const [at, name] of namesOf(data).entries()) {
    const key = at % 2 === 0 ? ' PRIMARY KEY' : '';
    await server.query(
      database,
      `CREATE TABLE ${name} (id bigint${key}, at timestamptz, amount numeric(12,2), note text);
       INSERT INTO ${name} SELECT g, timestamptz '2020-01-01' + g * interval '1 minute', g / 7.0,
         md5(g::text) || md5((g + ${at})::text) || md5((g * 3)::text)
       FROM generate_series(1, ${data.rowsPerTable}) g`,
    );
  }
  for (const sql of ['CREATE INDEX t01_at_ix ON t01 (at)', 'VACUUM ANALYZE', 'CHECKPOINT'])
    await server.query(database, sql);
}

/** Rows and a digest of each table that does not depend on their order. */
export async function unitDigests(
  server: PostgresServer,
  database: string,
  data: UnitData,
): Promise<Record<string, unknown>[]> {
  const digests = namesOf(data).map(
    (name) =>
      `SELECT '${name}' AS name, count(*)::text AS rows, sum(hashtextextended(t::text, 0)::numeric)::text AS digest FROM ${name} t`,
  );
  return server.query(database, `${digests.join(' UNION ALL ')} ORDER BY 1`);
}

/** Every row of the source is in the target, once. */
export async function assertSameUnits(
  source: { readonly server: PostgresServer; readonly database: string },
  target: { readonly server: PostgresServer; readonly database: string },
  data: UnitData,
): Promise<void> {
  assert.deepEqual(
    await unitDigests(target.server, target.database, data),
    await unitDigests(source.server, source.database, data),
    'rows of the target',
  );
}
