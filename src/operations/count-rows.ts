import { releaseChunk } from '../base/release-chunk.ts';
import { tableKey } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Snapshot, Unit } from '../engines/engine.ts';
import type { Environment } from './environment.ts';

/** Size at which a table is cut into pieces that are read at once, in bytes of the database. */
const unitBytes = 64 * 1024 * 1024;

/** What a comparison found. */
export interface RowComparison {
  readonly tables: number;
  readonly rows: number;
  /** A sentence for each table that is missing or has another number of rows. */
  readonly differences: readonly string[];
}

/**
 * Reads every row of a database that a set was restored into, and compares the number of each table with the manifest. What the import wrote
 * is not asked: the database itself tells what it holds, and that it can be read.
 */
export async function compareRows(
  environment: Environment,
  database: string,
  manifest: Manifest,
  threads: number,
  context: OperationContext,
): Promise<RowComparison> {
  const { engine, target } = await environment.database(database);
  await using session = await engine.openSource(target, context);
  await using snapshot = await session.begin(threads, context);
  const wanted = new Map(manifest.tables.map((table) => [tableKey(table), table.rows]));
  const catalogue = await snapshot.inspect(context);
  const present = catalogue.tables.filter((table) => wanted.has(tableKey(table)));
  const units = snapshot.plan(
    present.map((table) => ({ ...table, rules: null })),
    unitBytes,
  );
  const counted = new Map(present.map((table) => [tableKey(table), 0]));
  const left = [...units].reverse();
  const lane = async (): Promise<void> => {
    for (let unit = left.pop(); unit !== undefined; unit = left.pop()) {
      const key = tableKey(unit.table);
      const rows = await readUnit(snapshot, unit, manifest.encoding, context);
      counted.set(key, (counted.get(key) ?? 0) + rows);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, snapshot.lanes) }, lane));

  const differences = [...wanted].flatMap(([key, rows]) => {
    const found = counted.get(key);
    if (found === undefined) return `Table ${key} is missing.`;
    return found === rows ? [] : `Table ${key} has ${found} rows, and ${rows} were saved.`;
  });
  return { tables: wanted.size, rows: sum(counted.values()), differences };
}

async function readUnit(
  snapshot: Snapshot,
  unit: Unit,
  encoding: Manifest['encoding'],
  context: OperationContext,
): Promise<number> {
  const { bytes, summary } = snapshot.read(unit, encoding, context);
  // It rejects with the iteration, which tells of it first.
  summary.catch(() => undefined);
  for await (const chunk of bytes) releaseChunk(chunk);
  return (await summary).rows;
}

const sum = (figures: Iterable<number>): number => [...figures].reduce((total, figure) => total + figure, 0);
