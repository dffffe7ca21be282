import { chmodSync, existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { AppError } from '../core/errors.ts';

/** What Kysely's SQLite dialect needs of a database. */
export interface SqliteConnection {
  prepare(sql: string): Database.Statement<unknown[]>;
  close(): void;
}

/** Enough for every statement of the store; texts that vary (lists of several lengths) must not pile up. */
const statementLimit = 300;

/**
 * Opens the file for this process alone, durable to the last commit. Statements are kept prepared.
 * Throws `data-folder-locked` at once when another process has it, `data-folder-unwritable`, `database-not-a-database`.
 */
export function openSqliteConnection(path: string): SqliteConnection {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { timeout: 100 });
    keepPrivate(path);
    // The order matters: the mode of locking is decided when the write-ahead log is first touched.
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    // Takes the lock now, so that a second process learns of it here and not at its first verb.
    database.exec('begin immediate; commit');
  } catch (error) {
    database?.close();
    throw classifySqliteError(error, 'open the job store', path);
  }
  const open = database;
  const statements = new Map<string, Database.Statement<unknown[]>>();
  return {
    prepare(sql) {
      let statement = statements.get(sql);
      if (statement === undefined) {
        if (statements.size >= statementLimit) statements.clear();
        statement = open.prepare(sql);
        statements.set(sql, statement);
      }
      return statement;
    },
    close() {
      statements.clear();
      open.close();
    },
  };
}

/** For its owner alone: names, conditions and keys of jobs are in it. What SQLite makes beside it gets the permissions of the file. */
function keepPrivate(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(file)) chmodSync(file, 0o600);
  }
}

/** The AppError for whatever the store's SQLite raised. */
export function classifySqliteError(error: unknown, operation: string, path: string): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Database.SqliteError ? error.code : '';
  const common = { operation, cause: error, context: { path, sqlite: code } };
  const text = error instanceof Error ? error.message : String(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new AppError('data-folder-locked', {
      message: `Another Pumphouse uses the data folder: its job store ${path} is locked.`,
      ...common,
    });
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new AppError('database-not-a-database', {
      message: `The job store ${path} is damaged or not a job store: ${text}.`,
      hint: 'Restore the file from a backup, or choose another folder with --data.',
      ...common,
    });
  }
  const unwritable = ['SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_PERM'];
  // better-sqlite3 refuses a path in a missing folder with a TypeError of its own; the permissions of a file of another user stay.
  const isOfFile = error instanceof TypeError || (error instanceof Error && 'syscall' in error);
  if (unwritable.some((prefix) => code.startsWith(prefix)) || isOfFile) {
    return new AppError('data-folder-unwritable', {
      message: `The job store ${path} cannot be written: ${text}.`,
      ...common,
    });
  }
  return new AppError('internal', { message: `The job store failed to ${operation}: ${text}.`, ...common });
}
