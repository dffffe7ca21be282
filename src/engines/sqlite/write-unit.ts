import type { Database } from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import { type StoredColumn, tableShape } from './column-kind.ts';
import {
  decodingFor,
  type Field,
  type FieldValue,
  MalformedField,
  plainValue,
  taggedValue,
} from './copy-values.ts';
import { createInserter } from './inserter.ts';

/** Inserts the lines of a unit as they come; the caller holds the transaction. */
export interface UnitWriter {
  /** The next bytes; a line may be spread over several. They must not be changed afterwards. */
  write(bytes: Buffer): void;
  /** Inserts what is left, and returns the rows of the unit. */
  finish(): number;
}

const tab = 9;
const newline = 10;
const backslash = 92;

/** The unit that the lines belong to. */
export interface UnitToWrite {
  readonly table: string;
  readonly columns: readonly string[];
  /** `tagged`: lines may carry their storage classes; see line-expression.ts. */
  readonly variant: string;
}

/** Every method throws `database-statement`, naming table, line and column, for bytes that do not fit the table. */
export function createUnitWriter(db: Database, { table, columns: names, variant }: UnitToWrite): UnitWriter {
  const mostFields = names.length + (variant === 'tagged' ? 1 : 0);
  const columns = targetColumns(db, table, names);
  const width = columns.length;
  const inserter = createInserter(db, table, names);
  const line = createLineScanner(width);
  const row: FieldValue[] = new Array(width).fill(null);
  const field: Field = { bytes: Buffer.alloc(0), start: 0, end: 0, escaped: false };
  let rows = 0;
  let unfinished: Buffer[] = [];

  const malformed = (what: string): AppError =>
    new AppError('database-statement', { message: `Line ${rows} of a unit of the table ${table} ${what}.` });

  const insertLines = (bytes: Buffer): void => {
    const decode = decodingFor(bytes);
    field.bytes = bytes;
    for (let start = 0; start < bytes.length; start = line.end + 1) {
      line.scan(bytes, start);
      rows++;
      if (line.fields < width || line.fields > mostFields) {
        throw malformed(`has ${line.fields} fields for ${width} columns`);
      }
      const letters =
        line.fields === width
          ? null
          : bytes.toString('latin1', (line.ends[width - 1] as number) + 1, line.end);
      if (letters !== null && letters.length !== width) {
        throw malformed(`has ${letters.length} storage classes for ${width} columns`);
      }
      field.end = start - 1;
      for (let i = 0; i < width; i++) {
        const column = columns[i] as StoredColumn;
        field.start = field.end + 1;
        field.end = line.ends[i] as number;
        field.escaped = line.escapes[i] === 1;
        try {
          row[i] =
            letters === null
              ? plainValue(column.kind, field, decode)
              : taggedValue(letters[i] as string, field, decode);
        } catch (error) {
          if (!(error instanceof MalformedField)) throw error;
          throw malformed(`has a value in the column ${column.name} that is not ${error.message}`);
        }
      }
      inserter.insert(row);
    }
  };

  return {
    write(bytes) {
      const last = bytes.lastIndexOf(newline);
      if (last === -1) {
        unfinished.push(bytes);
        return;
      }
      const whole = bytes.subarray(0, last + 1);
      insertLines(unfinished.length === 0 ? whole : Buffer.concat([...unfinished, whole]));
      unfinished = last + 1 === bytes.length ? [] : [bytes.subarray(last + 1)];
    },
    finish() {
      rows += unfinished.length > 0 ? 1 : 0;
      if (unfinished.length > 0) throw malformed('has no end');
      inserter.flush();
      return rows;
    },
  };
}

/** The columns of the target in the order of the unit. */
function targetColumns(db: Database, table: string, names: readonly string[]): readonly StoredColumn[] {
  const shape = tableShape(db, table);
  if (shape === undefined) {
    throw new AppError('database-statement', {
      message: `The target has no table ${table} to put rows into.`,
      hint: 'Its creation failed, or it was not selected; see the job log.',
    });
  }
  return names.map((name) => {
    const column = shape.columns.find((each) => each.name === name);
    if (column !== undefined) return column;
    throw new AppError('database-statement', {
      message: `The table ${table} of the target has no column ${name}.`,
    });
  });
}

/** Finds the fields of one line at a time. */
function createLineScanner(width: number) {
  const ends = new Int32Array(width + 1);
  const escapes = new Uint8Array(width + 1);
  const scanner = {
    /** Of each field, the place after its last byte. */
    ends,
    /** Of each field, 1 if it has a backslash. */
    escapes,
    /** How many there are; more than `width` + 1 are counted only. */
    fields: 0,
    /** The place of the newline. */
    end: 0,
    scan(bytes: Buffer, start: number): void {
      let fields = 0;
      let escaped = 0;
      let at = start;
      for (; ; at++) {
        const byte = bytes[at];
        if (byte === backslash) {
          escaped = 1;
          at++;
        } else if (byte === tab || byte === newline || byte === undefined) {
          if (fields <= width) {
            ends[fields] = at;
            escapes[fields] = escaped;
          }
          fields++;
          escaped = 0;
          if (byte !== tab) break;
        }
      }
      scanner.fields = fields;
      scanner.end = at;
    },
  };
  return scanner;
}
