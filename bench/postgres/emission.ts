import pg from 'pg';
import { inTurns } from '../in-turns.ts';
import { type Cost, measure } from '../measure.ts';
import { type BenchResult, compare } from '../report.ts';
import type { Arena } from './arena.ts';

/** Blocks of 8 KB that one statement reads: 64 MB, as a unit of ours. */
const blocksAtOnce = 8192;

/**
 * An export that is thrown away, against what the server can emit at all: COPY to its own /dev/null on as many connections. On one connection
 * the reader has a core to itself; on more than there are cores it takes its share of theirs.
 */
export async function benchEmission(arena: Arena, database: string): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const connections of new Set([1, arena.threads])) {
    const costs = await inTurns(`emission on ${connections} connections`, arena, {
      ours: () =>
        arena.ours({
          kind: 'export',
          database,
          mode: 'full',
          compression: 'none',
          location: 'null:',
          threads: connections,
        }),
      floor: () => emit(arena, database, connections),
    });
    results.push(
      compare(
        `export, uncompressed, to a null storage, ${connections} connections`,
        'COPY to the server’s /dev/null',
        0.9,
        costs.ours,
        costs.floor,
      ),
    );
  }
  return results;
}

async function emit({ server }: Arena, database: string, connections: number): Promise<Cost> {
  const tables = await server.query(
    database,
    `SELECT oid::regclass::text AS name, pg_relation_size(oid) / current_setting('block_size')::int8 AS blocks
     FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC`,
  );
  const statements = tables.flatMap(({ name, blocks }) =>
    Array.from({ length: Math.ceil(Number(blocks) / blocksAtOnce) || 1 }, (_, part) => {
      const [from, to] = [part * blocksAtOnce, (part + 1) * blocksAtOnce];
      return `COPY (SELECT * FROM ${String(name)} WHERE ctid >= '(${from},0)' AND ctid < '(${to},0)') TO '/dev/null'`;
    }),
  );
  const queue = statements.values();
  const lane = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: server.url(database) });
    await client.connect();
    try {
      await client.query('SET max_parallel_workers_per_gather = 0');
      for (const statement of queue) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  return measure(
    () => process.pid,
    async () => {
      await Promise.all(Array.from({ length: connections }, lane));
    },
  );
}
