import Database from 'better-sqlite3';
import type { Catalogue, DdlObject, Finding } from '../../core/catalogue.ts';
import { readCatalogue } from './catalogue.ts';
import { sqliteCode } from './classify.ts';
import { readDdl } from './ddl.ts';
import { sourceFindings } from './preflight.ts';
import { type Batch, openUnit, type ReadUnit } from './read-unit.ts';
import { answerCalls } from './worker-calls.ts';

/** How long a reader waits for a writer that is committing. */
const busyMs = 5_000;
const cacheKibibytes = 4 * 1024;

let path = '';
let db: Database.Database | null = null;
/** A second connection, which holds writers off while all lanes begin. */
let lock: Database.Database | null = null;
let nextBatch: (() => Batch) | null = null;

const connection = (): Database.Database => {
  if (db === null) throw new Error('not open');
  return db;
};

const calls = {
  /** Opens the file for reading, and reads from it, so that it is known to be a database. */
  open(argument: { readonly path: string }): { readonly version: string } {
    path = argument.path;
    db = openReadable();
    return { version: db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '' };
  },
  /** Holds off writers: true when nobody writes now, and nobody can until {@link calls.unlock}; false when somebody does. */
  lock(): boolean {
    calls.unlock();
    const second = new Database(path, { fileMustExist: true, timeout: 0 });
    try {
      second.exec('BEGIN IMMEDIATE');
    } catch (error) {
      second.close();
      if (sqliteCode(error).startsWith('SQLITE_BUSY')) return false;
      throw error;
    }
    lock = second;
    return true;
  },
  unlock(): void {
    lock?.close();
    lock = null;
  },
  /** Begins a transaction that sees the database as it is now. */
  begin(): void {
    calls.rollback();
    connection().exec('BEGIN');
    // BEGIN alone takes no view; the first read does.
    connection().prepare('SELECT count(*) FROM main.sqlite_schema').get();
  },
  rollback(): void {
    if (connection().inTransaction) connection().exec('ROLLBACK');
  },
  preflight: (): readonly Finding[] => sourceFindings(connection()),
  catalogue: (): Catalogue => readCatalogue(connection()),
  ddl: (): readonly DdlObject[] => readDdl(connection()),
  /** Begins to read a unit; drops the one before. */
  openUnit(unit: ReadUnit): void {
    nextBatch = openUnit(connection(), unit);
  },
  nextBatch(): Batch {
    if (nextBatch === null) throw new Error('no unit is open');
    return nextBatch();
  },
  close(): void {
    lock?.close();
    db?.close();
  },
};

export type ReaderCalls = typeof calls;

function openReadable(): Database.Database {
  const attempt = () => {
    const opened = new Database(path, { readonly: true, fileMustExist: true, timeout: busyMs });
    try {
      // Rows are read once, in order: pages that were read are not needed again.
      opened.pragma(`cache_size = -${cacheKibibytes}`);
      opened.prepare('SELECT count(*) FROM main.sqlite_schema').get();
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  };
  try {
    return attempt();
  } catch (error) {
    // What a crashed writer left behind must be rolled back first, and that takes a connection that may write.
    if (!sqliteCode(error).startsWith('SQLITE_READONLY')) throw error;
    const repairing = new Database(path, { fileMustExist: true, timeout: busyMs });
    try {
      repairing.prepare('SELECT count(*) FROM main.sqlite_schema').get();
    } finally {
      repairing.close();
    }
    return attempt();
  }
}

answerCalls(calls);
