import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import { type StoredColumn, type TableShape, tableShape } from './column-kind.ts';
import { lengthExpression, lineExpression, type TextsWithNul } from './line-expression.ts';
import { quoteName } from './names.ts';
import { largestRowid, type RowidRange, smallestRowid } from './rowid-range.ts';

/** What a worker must know to read a unit. */
export interface ReadUnit {
  readonly table: string;
  readonly columns: readonly string[];
  readonly range: RowidRange | null;
}

/** Some lines of a unit; `bytes` is empty in the last one. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly done: boolean;
  /** Of the unit so far. */
  readonly rows: number;
  readonly variant: UnitVariant;
}

/** See line-expression.ts. */
export type UnitVariant = 'plain' | 'tagged';

/** What a batch should come to; with one batch read ahead a lane holds about twice that. */
const batchBytes = 256 * 1024;
/** A batch that would come to more is cut. */
const limitBytes = 4 * batchBytes;
const firstRows = 100;
const mostRows = 20_000;

/** Reads a unit batch by batch; the connection must be in a transaction. */
export function openUnit(db: Database, unit: ReadUnit): () => Batch {
  const shape = tableShape(db, unit.table);
  if (shape === undefined) {
    throw new AppError('database-statement', { message: `The table ${unit.table} is not in the database.` });
  }
  const columns = unit.columns.map((name) => columnNamed(shape, name));
  const encoding = db.pragma('encoding', { simple: true });
  const source: Source = { db, shape, columns, utf16: encoding !== 'UTF-8' };
  const chunks = shape.rowid === null ? readByRow(source) : readByRowid(source, shape.rowid, unit.range);
  let rows = 0;
  let variant: UnitVariant = 'plain';
  return () => {
    const next = chunks.next();
    if (next.done === true) return { bytes: new Uint8Array(0), done: true, rows, variant };
    const { value } = next;
    rows += value.rows;
    if (variant === 'plain' && countTabs(value.bytes) > value.rows * (columns.length - 1)) variant = 'tagged';
    return { bytes: value.bytes, done: false, rows, variant };
  };
}

/** A line has one tab less than fields; those within values are escaped. */
function countTabs(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 9) count++;
  return count;
}

function columnNamed(shape: TableShape, name: string): StoredColumn {
  const column = shape.columns.find((each) => each.name === name);
  if (column !== undefined) return column;
  throw new AppError('database-statement', {
    message: `The table ${shape.name} has no column ${name}.`,
    hint: 'The table was altered since the export was planned; start it again.',
  });
}

interface Source {
  readonly db: Database;
  readonly shape: TableShape;
  readonly columns: readonly StoredColumn[];
  readonly utf16: boolean;
}

interface Lines {
  readonly rows: number;
  readonly bytes: Uint8Array;
}

type BatchRow = [rows: bigint, last: bigint, lines: Buffer | string];

/** The fast way: SQLite joins the lines of many rows into one value. */
function* readByRowid(source: Source, rowid: string, range: RowidRange | null): Generator<Lines> {
  const { db, columns, utf16 } = source;
  const key = quoteName(rowid);
  const table = quoteName(source.shape.name);
  // The order names the table, or a column called "line" would be taken for the line.
  const from = `FROM ${table} WHERE ${table}.${key} BETWEEN ? AND ? ORDER BY ${table}.${key} LIMIT ?`;
  const statements = new Map<TextsWithNul, Statement<[bigint, bigint, number], BatchRow>>();
  const statementFor = (texts: TextsWithNul) => {
    let statement = statements.get(texts);
    if (statement === undefined) {
      // A text converts to the encoding of the database when cast; as a text it reaches JavaScript from any.
      const lines = utf16 ? `group_concat(line, '')` : `CAST(group_concat(line, '') AS BLOB)`;
      statement = db
        .prepare<[bigint, bigint, number], BatchRow>(
          `SELECT count(*), max(k), ${lines} FROM (SELECT ${key} AS k, ${lineExpression(columns, texts)} AS line ${from})`,
        )
        .raw()
        .safeIntegers();
      statements.set(texts, statement);
    }
    return statement;
  };
  const measure = db
    .prepare<[bigint, bigint, number], number>(
      `SELECT total(bytes) FROM (SELECT ${lengthExpression(columns)} AS bytes ${from})`,
    )
    .pluck();

  let next = range === null ? smallestRowid : BigInt(range.from);
  const end = range === null ? largestRowid : BigInt(range.to);
  let limit = firstRows;
  while (next <= end) {
    for (let bytes = measure.get(next, end, limit) ?? 0; bytes > limitBytes && limit > 1; ) {
      limit = Math.max(1, Math.min(limit >> 1, Math.floor((limit * batchBytes) / bytes)));
      bytes = measure.get(next, end, limit) ?? 0;
    }
    let row = statementFor('none').get(next, end, limit) as BatchRow;
    if (row[0] === 0n) return;
    if (row[2].indexOf('\0') !== -1) row = statementFor('some').get(next, end, limit) as BatchRow;
    const bytes = toBytes(row[2]);
    const rows = Number(row[0]);
    limit = Math.min(mostRows, limit * 8, Math.max(1, Math.floor((rows * batchBytes) / bytes.length)));
    next = row[1] + 1n;
    // Whoever takes the bytes may move them to another thread: they are not looked at again.
    yield { rows, bytes };
  }
}

/** The slow way, for tables without a rowid to go on from: one value for each row. */
function* readByRow(source: Source): Generator<Lines> {
  const { db, columns, utf16 } = source;
  const line = lineExpression(columns, 'some');
  const statement = db
    .prepare<[], Buffer | string>(
      `SELECT ${utf16 ? line : `CAST(${line} AS BLOB)`} FROM ${quoteName(source.shape.name)}`,
    )
    .pluck();
  let lines: Buffer[] = [];
  let bytes = 0;
  for (const value of statement.iterate()) {
    const buffer = toBytes(value);
    lines.push(buffer);
    bytes += buffer.length;
    if (bytes < batchBytes) continue;
    yield { rows: lines.length, bytes: Buffer.concat(lines) };
    lines = [];
    bytes = 0;
  }
  if (lines.length > 0) yield { rows: lines.length, bytes: Buffer.concat(lines) };
}

const toBytes = (value: Buffer | string): Buffer => (typeof value === 'string' ? Buffer.from(value) : value);
