import type { Database } from 'better-sqlite3';
import type { TableShape } from './column-kind.ts';
import { lengthExpression } from './line-expression.ts';
import { quoteName, quoteText } from './names.ts';

/** A stretch of rowids with an estimate of what is in it; from and to are rowids that exist. */
export interface Slice {
  readonly from: string;
  readonly to: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface Estimate {
  readonly rows: number;
  /** As lines of text. */
  readonly bytes: number;
  /** Ascending; empty when the table cannot be cut. */
  readonly slices: readonly Slice[];
}

/** Stretches that get a sample of their own. */
const sliceCount = 64n;
const sampleRows = 40n;
/** Tables with fewer rows than that are counted. */
const countableRows = 5_000n;

/**
 * How many rows and bytes a table has, in some hundred lookups however big it is: samples from all over it, since rowids may
 * have gaps and rows may be of any size.
 */
export function estimateTable(db: Database, shape: TableShape): Estimate {
  if (shape.rowid === null) return estimateWhole(db, shape);
  const rowid = quoteName(shape.rowid);
  const table = quoteName(shape.name);
  const ends = db
    .prepare<[], [bigint | null, bigint | null]>(
      `SELECT (SELECT min(${rowid}) FROM ${table}), (SELECT max(${rowid}) FROM ${table})`,
    )
    .raw()
    .safeIntegers()
    .get();
  const [first, last] = ends ?? [null, null];
  if (first === null || last === null) return { rows: 0, bytes: 0, slices: [] };
  const probe = rowidProbe(db, shape, rowid);
  const look = (from: bigint, to: bigint) =>
    cut(from, to).flatMap((bounds) => probe(...bounds, sampleRows) ?? []);
  let slices = [probe(first, last, countableRows) ?? []].flat();
  if (sum(slices, 'rows') >= countableRows) {
    slices = look(first, last);
    // Rows in few places far apart: look closer there.
    if (slices.length <= 8) slices = slices.flatMap(({ from, to }) => look(BigInt(from), BigInt(to)));
  }
  return { rows: sum(slices, 'rows'), bytes: sum(slices, 'bytes'), slices };
}

const sum = (slices: readonly Slice[], member: 'rows' | 'bytes'): number =>
  slices.reduce((total, slice) => total + slice[member], 0);

/** The bounds of about equal stretches between two rowids. */
function cut(first: bigint, last: bigint): readonly (readonly [bigint, bigint])[] {
  const span = last - first + 1n;
  if (span <= sampleRows) return [[first, last]];
  return Array.from({ length: Number(sliceCount) }, (_, i) => {
    const at = (part: bigint) => first + (span * part) / sliceCount;
    return [at(BigInt(i)), at(BigInt(i) + 1n) - 1n];
  });
}

/** Looks at the first `limit` rows of a stretch of rowids, and is exact if there are less; null where there is none. */
function rowidProbe(db: Database, shape: TableShape, rowid: string) {
  const table = quoteName(shape.name);
  const within = `FROM ${table} WHERE ${rowid} BETWEEN ? AND ?`;
  const sample = db
    .prepare<[bigint, bigint, bigint], [bigint, bigint | null, bigint | null, number]>(
      `SELECT count(*), min(k), max(k), total(bytes) FROM ` +
        `(SELECT ${rowid} AS k, ${lengthExpression(shape.columns)} AS bytes ${within} ORDER BY ${table}.${rowid} LIMIT ?)`,
    )
    .raw()
    .safeIntegers();
  const lastWithin = db
    .prepare<[bigint, bigint], bigint>(`SELECT max(${rowid}) ${within}`)
    .pluck()
    .safeIntegers();
  return (from: bigint, to: bigint, limit: bigint): Slice | null => {
    const [count, first, last, bytes] = sample.get(from, to, limit) ?? [0n, null, null, 0];
    if (first === null || last === null) return null;
    if (count < limit) {
      return { from: String(first), to: String(last), rows: Number(count), bytes };
    }
    const end = lastWithin.get(from, to) ?? last;
    const density = Number(count) / Number(last - first + 1n);
    const rows = Math.max(Number(count), Math.round(density * Number(end - first + 1n)));
    return { from: String(first), to: String(end), rows, bytes: Math.round((bytes / Number(count)) * rows) };
  };
}

/** Without rowids: by the statistics of ANALYZE where there are any, else counted. */
function estimateWhole(db: Database, shape: TableShape): Estimate {
  const table = quoteName(shape.name);
  const [sampled, bytes] = db
    .prepare<[], [number, number]>(
      `SELECT count(*), total(bytes) FROM (SELECT ${lengthExpression(shape.columns)} AS bytes FROM ${table} LIMIT 2000)`,
    )
    .raw()
    .get() ?? [0, 0];
  if (sampled < 2000) return { rows: sampled, bytes, slices: [] };
  const rows =
    rowsByStatistics(db, shape.name) ??
    db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ??
    0;
  return { rows, bytes: Math.round((bytes / sampled) * rows), slices: [] };
}

function rowsByStatistics(db: Database, table: string): number | null {
  const there = db.prepare(`SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1'`).get();
  if (there === undefined) return null;
  const stat = db
    .prepare<[], string>(
      `SELECT stat FROM main.sqlite_stat1 WHERE tbl = ${quoteText(table)} AND stat IS NOT NULL`,
    )
    .pluck()
    .get();
  const rows = Number.parseInt(String(stat), 10);
  return Number.isSafeInteger(rows) ? rows : null;
}
