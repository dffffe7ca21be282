import type { Database, Statement } from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import { type FieldValue, RawText } from './copy-values.ts';
import { quoteName } from './names.ts';

/** How many values one INSERT takes; many rows at once cost half of what they cost one by one. */
const valuesPerInsert = 512;
const mostRowsPerInsert = 64;

/** Inserts rows in order, several with one statement. */
export interface Inserter {
  /** The values are copied. */
  insert(row: readonly FieldValue[]): void;
  /** Inserts the rows that still wait. */
  flush(): void;
}

export function createInserter(db: Database, table: string, columns: readonly string[]): Inserter {
  const width = columns.length;
  const into = `INSERT INTO ${quoteName(table)} (${columns.map(quoteName).join(', ')})`;
  const rowOf = (value: string): string => `(${columns.map(() => value).join(', ')})`;
  const prepareRows = (rows: number) =>
    db.prepare<unknown[]>(`${into} VALUES ${Array.from({ length: rows }, () => rowOf('?')).join(', ')}`);
  const group = Math.max(1, Math.min(mostRowsPerInsert, Math.floor(valuesPerInsert / width)));
  const many = prepareRows(group);
  const values: FieldValue[] = new Array(group * width).fill(null);
  let one: Statement<unknown[]> | null = null;
  let casting: Statement<unknown[]> | null = null;
  let filled = 0;

  const flush = (): void => {
    if (filled === values.length) many.run(values);
    else {
      if (filled > 0) one ??= prepareRows(1);
      for (let at = 0; at < filled; at += width) one?.run(values.slice(at, at + width));
    }
    filled = 0;
  };
  /** A value with the casting statement: whether to cast, then the value for either case. */
  const castable = (value: FieldValue): readonly FieldValue[] | readonly unknown[] =>
    value instanceof RawText ? [1, value.bytes, null] : [0, null, value];

  return {
    insert(row) {
      for (let i = 0; i < width; i++) {
        const value = row[i] as FieldValue;
        if (value instanceof RawText) {
          filled -= filled % width;
          flush();
          refuseInUtf16(db, table);
          casting ??= db.prepare<unknown[]>(`${into} VALUES ${rowOf('iif(?, CAST(? AS TEXT), ?)')}`);
          casting.run(row.flatMap(castable));
          return;
        }
        values[filled++] = value;
      }
      if (filled === values.length) flush();
    },
    flush,
  };
}

/** A blob is cast as text of the database's own encoding. */
function refuseInUtf16(db: Database, table: string): void {
  if (db.pragma('encoding', { simple: true }) === 'UTF-8') return;
  throw new AppError('database-statement', {
    message: `A text of the table ${table} is not valid UTF-8, and the target stores texts as UTF-16.`,
    hint: 'Import into a database with the encoding UTF-8.',
  });
}
