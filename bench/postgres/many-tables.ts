import { inTurns } from '../in-turns.ts';
import { median } from '../measure.ts';
import { type BenchResult, compare, ratioResult } from '../report.ts';
import type { Arena } from './arena.ts';

const most = 10_000;
/** A quarter of the tables must take about a quarter of the time. */
const share = 4;
/** Tables made by one transaction: each takes locks until its end. */
const tablesAtOnce = 500;

/** Databases of many small tables: what each table costs, and whether it stays so. */
export async function benchManyTables(arena: Arena): Promise<readonly BenchResult[]> {
  const few = await makeTables(arena, most / share);
  const many = await makeTables(arena, most);
  const ours = async (database: string) => {
    await arena.removeDumps();
    return arena.ours({ kind: 'export', database, mode: 'full' });
  };
  const costs = await inTurns(`export, ${most} tables`, arena, {
    many: () => ours(many),
    theirs: async () =>
      arena.peers.pgDump(['-Fd', '-j2', '-f', await arena.peerPath('tables')], arena.server.url(many)),
    few: () => ours(few),
  });
  await arena.removeDumps();
  await arena.peerPath('tables');
  const growth = costs.many.map((cost, round) => (share * (costs.few[round]?.wall_s ?? 0)) / cost.wall_s);
  return [
    compare(`export, ${most} tables of 10 rows`, 'pg_dump -Fd -j2', 1, costs.many, costs.theirs),
    ratioResult(
      `export, ${most} tables of 10 rows`,
      `${share} times that of ${most / share} tables`,
      null,
      median(growth),
      costs.many,
      costs.few,
    ),
  ];
}

async function makeTables({ server, register }: Arena, count: number): Promise<string> {
  const database = `bench_tables_${count}`;
  await server.createDatabase(database);
  for (let from = 1; from <= count; from += tablesAtOnce) {
    await server.query(
      database,
      `DO $$ BEGIN FOR i IN ${from}..${Math.min(from + tablesAtOnce - 1, count)} LOOP
         EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now(), amount numeric(12,2), note text)', i);
         EXECUTE format('INSERT INTO t%s SELECT g, ''row '' || g, ''2026-01-01'', g / 3.0, md5(g::text) FROM generate_series(1, 10) g', i);
       END LOOP; END $$`,
    );
  }
  await server.query(database, 'VACUUM ANALYZE');
  await register(database);
  return database;
}
