import Database from 'better-sqlite3';
import type { DdlObject, TableName } from '../../core/catalogue.ts';
import { AppError } from '../../core/errors.ts';
import type { ApplyFailure, ApplyOutcome, WriteOutcome, WriteUnit } from '../engine.ts';
import { applyObject } from './apply-object.ts';
import { tableShape } from './column-kind.ts';
import { findExisting } from './find-existing.ts';
import { checkForeignKeys } from './foreign-keys.ts';
import { quoteName } from './names.ts';
import { patiently, stopIfInterrupted } from './patience.ts';
import { beginReceipts, findReceipt, removeReceipts, unitReceipts, writeReceipt } from './receipts.ts';
import { answerCalls } from './worker-calls.ts';
import { createUnitWriter, type UnitWriter } from './write-unit.ts';

const cacheKibibytes = 32 * 1024;

let db: Database.Database | null = null;
let jobId = '';
let writing: { readonly unit: UnitToBegin; readonly writer: UnitWriter } | null = null;

/** A unit without its number of rows, which is needed last. */
type UnitToBegin = Omit<WriteUnit, 'rows'>;

const connection = (): Database.Database => {
  if (db === null) throw new Error('not open');
  return db;
};

const calls = {
  /** Opens the file for writing, and creates it where it does not exist. */
  open({ path }: { readonly path: string }): { readonly version: string } {
    const opened = new Database(path, { timeout: 0 });
    db = opened;
    patiently(() => opened.prepare('SELECT count(*) FROM main.sqlite_schema').get());
    opened.pragma('foreign_keys = OFF');
    // The rows satisfied the checks of their source; those may call functions that only its own program has.
    opened.pragma('ignore_check_constraints = ON');
    opened.pragma(`cache_size = -${cacheKibibytes}`);
    opened.pragma('threads = 2');
    // The content of virtual tables is written into the tables behind them, which SQLite refuses otherwise.
    opened.unsafeMode(true);
    return { version: opened.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '' };
  },
  begin(argument: { readonly jobId: string }): void {
    jobId = argument.jobId;
    transaction(() => beginReceipts(connection(), jobId));
  },
  findExisting: (objects: readonly DdlObject[]): readonly DdlObject[] => findExisting(connection(), objects),
  apply({ key, objects }: { readonly key: string; readonly objects: readonly DdlObject[] }): ApplyOutcome {
    return transaction(() => {
      const receipt = findReceipt(connection(), jobId, 'apply', key);
      if (receipt !== null) return { alreadyApplied: true, failures: receipt.failures };
      const failures: ApplyFailure[] = [];
      for (const object of objects) {
        stopIfInterrupted();
        const failure = applyObject(connection(), object);
        if (failure !== null) failures.push(failure);
      }
      writeReceipt(connection(), jobId, 'apply', key, { rows: 0, failures });
      return { alreadyApplied: false, failures };
    });
  },
  /** Begins a unit, and its transaction; with its receipt there already neither, and that outcome is returned. */
  beginUnit(unit: UnitToBegin): WriteOutcome | null {
    calls.rollbackUnit();
    beginImmediately();
    try {
      const receipt = findReceipt(connection(), jobId, 'unit', unit.key);
      if (receipt === null) {
        clearOnce(unit.table.name);
        const { table, columns, variant } = unit;
        writing = { unit, writer: createUnitWriter(connection(), { table: table.name, columns, variant }) };
        return null;
      }
      rollback();
      return { rows: receipt.rows, alreadyApplied: true };
    } catch (error) {
      rollback();
      throw error;
    }
  },
  writeUnit({ bytes }: { readonly bytes: Uint8Array }): void {
    stopIfInterrupted();
    current().writer.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  },
  /** `expected`: the rows that the source tells of. */
  commitUnit({ expected }: { readonly expected: number }): WriteOutcome {
    const { unit, writer } = current();
    const rows = writer.finish();
    if (rows !== expected) {
      throw new AppError('rows-differ', {
        message: `A unit of the table ${unit.table.name} has ${rows} rows, and its source says ${expected}.`,
        context: { table: unit.table.name, key: unit.key, rows, expected },
      });
    }
    writeReceipt(connection(), jobId, 'unit', unit.key, { rows, failures: [] });
    stopIfInterrupted();
    connection().exec('COMMIT');
    writing = null;
    return { rows, alreadyApplied: false };
  },
  rollbackUnit(): void {
    writing = null;
    rollback();
  },
  receipts: (): ReadonlyMap<string, number> => unitReceipts(connection(), jobId),
  finish: (tables: readonly TableName[]): readonly ApplyFailure[] =>
    tables.flatMap((table) => {
      stopIfInterrupted();
      return checkForeignKeys(connection(), table.name);
    }),
  forget(argument: { readonly jobId: string }): void {
    transaction(() => removeReceipts(connection(), argument.jobId));
  },
  close(): void {
    db?.close();
  },
};

export type WriterCalls = typeof calls;

function current(): NonNullable<typeof writing> {
  if (writing === null) throw new Error('no unit is being written');
  return writing;
}

/** Runs `work` in a transaction, which it rolls back on an error or when the caller gave up. */
function transaction<T>(work: () => T): T {
  beginImmediately();
  try {
    const result = work();
    stopIfInterrupted();
    connection().exec('COMMIT');
    return result;
  } catch (error) {
    rollback();
    throw error;
  }
}

function beginImmediately(): void {
  patiently(() => connection().exec('BEGIN IMMEDIATE'));
}

function rollback(): void {
  if (connection().inTransaction) connection().exec('ROLLBACK');
}

/** Creating a virtual table puts rows into the tables behind it: the first unit of such a table replaces them. */
function clearOnce(table: string): void {
  if (tableShape(connection(), table)?.shadow !== true) return;
  if (findReceipt(connection(), jobId, 'cleared', table) !== null) return;
  connection().exec(`DELETE FROM ${quoteName(table)}`);
  writeReceipt(connection(), jobId, 'cleared', table, { rows: 0, failures: [] });
}

answerCalls(calls);
