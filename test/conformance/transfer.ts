import assert from 'node:assert/strict';
import { type DdlObject, type Table, tableKey } from '../../src/core/catalogue.ts';
import type { OperationContext } from '../../src/core/context.ts';
import type { Encoding } from '../../src/core/request.ts';
import type {
  ApplyFailure,
  Engine,
  EngineTarget,
  Snapshot,
  TableToRead,
  TargetSession,
  Unit,
  UnitSummary,
  WriteUnit,
} from '../../src/engines/engine.ts';

/** A context that nobody aborts and whose log goes nowhere; `signal` to abort it. */
export const quietContext = (signal: AbortSignal = new AbortController().signal): OperationContext => ({
  signal,
  log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
});

/** All bytes of a unit with its summary. */
export async function collect(
  snapshot: Snapshot,
  unit: Unit,
  encoding: Encoding,
  context: OperationContext = quietContext(),
): Promise<{ bytes: Buffer; summary: UnitSummary }> {
  const reader = snapshot.read(unit, encoding, context);
  const chunks: Buffer[] = [];
  for await (const chunk of reader.bytes) chunks.push(Buffer.from(chunk));
  return { bytes: Buffer.concat(chunks), summary: await reader.summary };
}

/** Tables that are read as they are. */
export const unruled = (tables: readonly Table[]): readonly TableToRead[] =>
  tables.map((table) => ({ ...table, rules: null }));

/** Everything of the snapshot: catalogue, objects in order, units. */
export async function takeStock(snapshot: Snapshot, unitBytes: number) {
  const context = quietContext();
  const catalogue = await snapshot.inspect(context);
  const objects = await snapshot.ddl(
    { mode: 'full', schemas: catalogue.schemas, tables: catalogue.tables },
    context,
  );
  return { catalogue, objects, units: snapshot.plan(unruled(catalogue.tables), unitBytes) };
}

/** What a write needs to know of a unit that was read. */
export const writeUnitOf = (unit: Unit, summary: UnitSummary, encoding: Encoding): WriteUnit => ({
  key: `unit ${unit.id}`,
  table: unit.table,
  columns: unit.columns,
  encoding,
  variant: summary.variant,
  rows: summary.rows,
  wholeTable: unit.parts === 1,
});

export interface TransferOptions {
  readonly unitBytes?: number;
  readonly encoding?: Encoding;
  readonly lanes?: number;
  readonly jobId?: string;
}

/**
 * Moves a whole database by the contract alone, in the order of an import's schedule; the units in parallel.
 * Returns what could not be applied. The receipts are gone afterwards.
 */
export async function transfer(
  engine: Engine,
  from: EngineTarget,
  to: EngineTarget,
  options: TransferOptions = {},
): Promise<readonly ApplyFailure[]> {
  const { unitBytes = 256 * 1024, encoding = 'text', lanes = 2, jobId = 'transfer' } = options;
  const context = quietContext();
  await using source = await engine.openSource(from, context);
  await using snapshot = await source.begin(lanes, context);
  const { catalogue, objects: all, units } = await takeStock(snapshot, unitBytes);

  await using target = await engine.openTarget(to, context);
  await target.begin(jobId, lanes, context);
  // Roles and the like may be there: they are the whole server's.
  const existing = await target.findExisting(all, context);
  assert.deepEqual(
    existing.filter(({ type }) => !engine.capabilities.globalTypes.includes(type)),
    [],
  );
  const objects = all.filter((object) => !existing.includes(object));
  const schedule = engine.schedule(objects);
  const failures: ApplyFailure[] = [];
  const apply = async (key: string, batch: readonly DdlObject[]) => {
    failures.push(...(await target.apply(key, batch, context)).failures);
  };
  await apply('before', schedule.before);
  await writeAll(snapshot, target, units, encoding, context);
  for (const table of catalogue.tables) {
    const arrays = schedule.perTable.get(tableKey(table)) ?? [];
    await Promise.all(arrays.map((array, i) => apply(`table ${tableKey(table)} ${i}`, array)));
  }
  await Promise.all(schedule.constraints.map((array, i) => apply(`constraints ${i}`, array)));
  await apply('after', schedule.after);
  failures.push(...(await target.finish(catalogue.tables, context)));
  await target.forget(jobId, context);
  return failures;
}

async function writeAll(
  snapshot: Snapshot,
  target: TargetSession,
  units: readonly Unit[],
  encoding: Encoding,
  context: OperationContext,
): Promise<void> {
  const queue = [...units];
  const lane = async () => {
    for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
      const { bytes, summary } = await collect(snapshot, unit, encoding);
      const outcome = await target.write(writeUnitOf(unit, summary, encoding), oneChunk(bytes), context);
      assert.equal(outcome.rows, summary.rows);
    }
  };
  await Promise.all(Array.from({ length: snapshot.lanes }, lane));
}

/** A byte source of one piece. */
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
