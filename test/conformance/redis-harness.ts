import assert from 'node:assert/strict';
import type { Catalogue, DdlObject } from '../../src/core/catalogue.ts';
import type { OperationContext } from '../../src/core/context.ts';
import type { ReadRules } from '../../src/core/read-rules.ts';
import type { Remap } from '../../src/core/request.ts';
import type { ApplyFailure, Snapshot, Unit, UnitSummary } from '../../src/engines/engine.ts';
import { redisEngine } from '../../src/engines/redis/engine.ts';
import { collect, oneChunk, quietContext } from './transfer.ts';

export const encoding = 'rdb';

/** A unit with all that was read of it. */
export interface ReadUnit {
  readonly unit: Unit;
  readonly bytes: Buffer;
  readonly summary: UnitSummary;
}

/** A database as it was read. */
export interface Dump {
  readonly catalogue: Catalogue;
  readonly objects: readonly DdlObject[];
  /** In the order of the plan, which is that of the streams. */
  readonly units: readonly ReadUnit[];
  readonly consistency: Snapshot['consistency'];
}

export interface DumpOptions {
  /** Of every table. */
  readonly rules?: ReadRules;
  /** Only these logical databases. */
  readonly schemas?: readonly string[];
  readonly unitBytes?: number;
  readonly context?: OperationContext;
}

/** Reads a database by the contract alone. */
export async function dump(url: string, options: DumpOptions = {}): Promise<Dump> {
  const { rules = null, schemas, unitBytes = 64 * 1024 ** 2, context = quietContext() } = options;
  await using source = await redisEngine.openSource(redisEngine.parseUrl(url), context);
  await using snapshot = await source.begin(2, context);
  const catalogue = await snapshot.inspect(context);
  const tables = catalogue.tables.filter(({ schema }) => schemas?.includes(schema) ?? true);
  const plan = snapshot.plan(
    tables.map((table) => ({ ...table, rules })),
    unitBytes,
  );
  const objects = await snapshot.ddl({ mode: 'full', schemas: catalogue.schemas, tables }, context);
  const units: ReadUnit[] = [];
  for (const unit of plan) units.push({ unit, ...(await collect(snapshot, unit, encoding, context)) });
  const { consistency } = snapshot;
  return { catalogue, objects, units, consistency };
}

export interface LoadOptions {
  readonly jobId?: string;
  readonly existingRows?: 'skip' | 'replace';
  readonly keyPrefixes?: readonly Remap[];
  /** The target's logical database for one of the source; the same when left out. */
  readonly schemaOf?: (schema: string) => string;
  readonly context?: OperationContext;
}

/** Writes what was read, by the contract alone; what could not be applied. The receipts are gone afterwards. */
export async function load(
  read: Dump,
  url: string,
  options: LoadOptions = {},
): Promise<readonly ApplyFailure[]> {
  const {
    jobId = 'transfer',
    existingRows,
    keyPrefixes,
    schemaOf = (name) => name,
    context = quietContext(),
  } = options;
  await using target = await redisEngine.openTarget(redisEngine.parseUrl(url), context);
  await target.begin(jobId, 2, context);
  const failures = [
    ...(await target.apply('before', redisEngine.schedule(read.objects).before, context)).failures,
  ];
  const rows = new Map<string, number>();
  for (const { unit, bytes, summary } of read.units) {
    const schema = schemaOf(unit.table.schema);
    const outcome = await target.write(
      {
        key: `unit ${unit.id}`,
        table: { schema, name: unit.table.name },
        columns: unit.columns,
        encoding,
        variant: summary.variant,
        rows: summary.rows,
        wholeTable: unit.parts === 1,
        ...(existingRows === undefined ? {} : { existingRows }),
        ...(keyPrefixes === undefined ? {} : { keyPrefixes }),
      },
      oneChunk(Buffer.from(bytes)),
      context,
    );
    assert.equal(outcome.rows, summary.rows);
    rows.set(schema, (rows.get(schema) ?? 0) + summary.rows);
  }
  const finished = [...rows].map(([schema, count]) => ({ schema, name: 'keys', rows: count }));
  failures.push(...(await target.finish(finished, context)));
  await target.forget(jobId, context);
  return failures;
}

/** Both, one after the other. Everything has to come over but what is told of the keys in `lost`. */
export async function move(
  from: string,
  to: string,
  options: DumpOptions & LoadOptions = {},
  lost: readonly string[] = [],
): Promise<Dump> {
  const read = await dump(from, options);
  const failures = await load(read, to, options);
  assert.deepEqual(
    failures.map(({ object }) => object.name).sort(),
    [...lost].sort(),
    JSON.stringify(failures),
  );
  return read;
}

/** All bytes of a stream, in its order: a file of the server's own format. */
export const fileOf = (read: Dump): Buffer => Buffer.concat(read.units.map(({ bytes }) => bytes));
