import Database from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import { classifySqlite, sqliteCode } from './classify.ts';
import { patiently, stopIfInterrupted } from './patience.ts';
import {
  beginReceipts,
  findReceipt,
  forgetTemporary,
  hasReceiptTable,
  removeReceipts,
  writeReceipt,
} from './receipts.ts';
import { answerCalls } from './worker-calls.ts';

/** A statement to run. */
export interface StatementToRun {
  readonly sql: string;
  readonly line: number;
  readonly tellsRows: boolean;
}

/** A step to run, in one of three ways. */
export interface StepToRun {
  /** `transaction`: with the receipt `key`; `alone`: outside of a transaction, and then the receipt; `connection`: without a receipt. */
  readonly how: 'transaction' | 'alone' | 'connection';
  readonly key: string;
  readonly statements: readonly StatementToRun[];
  /** The script has a transaction here, which `connection` needs to know. */
  readonly isTransaction: boolean;
  readonly isExclusive: boolean;
  readonly end: 'COMMIT' | 'ROLLBACK';
  /** For the receipt: the connection has temporary tables. */
  readonly hasTemporary: boolean;
}

/** What was done of a step, now or before. */
export interface StepDone {
  readonly alreadyApplied: boolean;
  /** 0 for those that tell none, once they are read from a receipt. */
  readonly rows: number | null;
  readonly hadTemporary: boolean;
}

let db: Database.Database | null = null;
let jobId = '';

/** How many rows are read between two looks at whether anybody wants them. */
const rowsAtOnce = 1000;

const connection = (): Database.Database => {
  if (db === null) throw new Error('not open');
  return db;
};

const calls = {
  /** Opens the file for writing, and creates it where it does not exist. */
  open({ path }: { readonly path: string }): void {
    const opened = new Database(path, { timeout: 0 });
    db = opened;
    patiently(() => opened.prepare('SELECT count(*) FROM main.sqlite_schema').get());
    // SQLite's own default, which scripts are written for.
    opened.pragma('foreign_keys = OFF');
  },
  /** What is no statement of the language: the place of the first one in the list, with SQLite's words. */
  findFault(statements: readonly string[]): { readonly at: number; readonly message: string } | null {
    const trial = new Database(':memory:');
    try {
      for (const [at, sql] of statements.entries()) {
        const message = faultOf(trial, sql);
        if (message !== null) return { at, message };
      }
      return null;
    } finally {
      trial.close();
    }
  },
  begin(argument: { readonly jobId: string }): void {
    jobId = argument.jobId;
    inTransaction('IMMEDIATE', () => beginReceipts(connection(), jobId));
  },
  findStep: (key: string): StepDone | null => patiently(() => findStep(key)),
  run(step: StepToRun): StepDone {
    if (step.how === 'connection') return done(step, runOnConnection(step));
    if (step.how === 'alone') {
      const rows = runAll(step.statements);
      inTransaction('IMMEDIATE', () => noteStep(step, rows));
      return done(step, rows);
    }
    return inTransaction(step.isExclusive ? 'EXCLUSIVE' : 'IMMEDIATE', () => {
      // Another connection may have done it since the caller looked.
      const before = findStep(step.key);
      if (before !== null) return before;
      connection().exec('SAVEPOINT pumphouse_step');
      const rows = runAll(step.statements);
      connection().exec(step.end === 'ROLLBACK' ? 'ROLLBACK TO pumphouse_step' : 'RELEASE pumphouse_step');
      const told = step.end === 'ROLLBACK' ? null : rows;
      noteStep(step, told);
      return done(step, told);
    });
  },
  /** Takes back that connections before this one had temporary tables. */
  forgetTemporary(): void {
    inTransaction('IMMEDIATE', () => forgetTemporary(connection(), jobId));
  },
  forget(argument: { readonly jobId: string }): void {
    inTransaction('IMMEDIATE', () => removeReceipts(connection(), argument.jobId));
  },
  close(): void {
    db?.close();
  },
};

export type ScriptCalls = typeof calls;

const done = ({ hasTemporary }: StepToRun, rows: number | null): StepDone => ({
  alreadyApplied: false,
  rows,
  hadTemporary: hasTemporary,
});

function findStep(key: string): StepDone | null {
  for (const kind of ['step', 'temporary'] as const) {
    const receipt = hasReceiptTable(connection()) ? findReceipt(connection(), jobId, kind, key) : null;
    if (receipt === null) continue;
    return { alreadyApplied: true, rows: receipt.rows, hadTemporary: kind === 'temporary' };
  }
  return null;
}

function noteStep({ key, hasTemporary }: StepToRun, rows: number | null): void {
  const receipt = { rows: rows ?? 0, failures: [] };
  writeReceipt(connection(), jobId, hasTemporary ? 'temporary' : 'step', key, receipt);
}

/** Runs `work` in a transaction, which is rolled back on an error or when the caller gave up. */
function inTransaction<T>(mode: 'IMMEDIATE' | 'EXCLUSIVE' | 'DEFERRED', work: () => T): T {
  patiently(() => connection().exec(`BEGIN ${mode}`));
  try {
    const result = work();
    stopIfInterrupted();
    connection().exec('COMMIT');
    return result;
  } catch (error) {
    if (connection().inTransaction) connection().exec('ROLLBACK');
    throw error;
  }
}

function runOnConnection({ isTransaction, end, statements }: StepToRun): number | null {
  if (!isTransaction) return runAll(statements);
  return inTransaction('DEFERRED', () => {
    connection().exec('SAVEPOINT pumphouse_step');
    const rows = runAll(statements);
    if (end === 'ROLLBACK') connection().exec('ROLLBACK TO pumphouse_step');
    return rows;
  });
}

function runAll(statements: readonly StatementToRun[]): number | null {
  let rows: number | null = null;
  for (const statement of statements) {
    stopIfInterrupted();
    const count = runOne(statement);
    if (count !== null) rows = (rows ?? 0) + count;
  }
  return rows;
}

function runOne({ sql, line, tellsRows }: StatementToRun): number | null {
  try {
    const rows = patiently(() => countRows(connection().prepare(sql)));
    return tellsRows ? rows : null;
  } catch (error) {
    throw refusedStatement(error, line);
  }
}

function countRows(statement: Database.Statement): number {
  if (!statement.reader) return statement.run().changes;
  let rows = 0;
  for (const _row of statement.raw().iterate()) if (++rows % rowsAtOnce === 0) stopIfInterrupted();
  return rows;
}

/** What SQLite says of a statement, with its line: `script-failed`, unless it is about the file or the machine. */
function refusedStatement(error: unknown, line: number): AppError {
  const told = classifySqlite(error, 'run script');
  if (told.code !== 'database-statement') return told;
  return new AppError('script-failed', {
    message: `Line ${line}: ${(error as Error).message}.`,
    operation: 'run script',
    context: { ...told.context, line },
  });
}

/** What is wrong with a statement whatever the database holds; null: nothing. Some PRAGMAs take effect when they are prepared. */
function faultOf(trial: Database.Database, sql: string): string | null {
  if (/^\s*PRAGMA\b/i.test(sql)) return null;
  try {
    trial.prepare(sql);
    return null;
  } catch (error) {
    const message = (error as Error).message;
    // It would be cut in another way by SQLite than by us.
    if (sqliteCode(error) === '') return message;
    // What stands between quotes may be a password.
    const fault = /^(?:near "(.*)": (syntax error)|(incomplete input)|(unrecognized token): )/s.exec(message);
    if (fault === null) return null;
    const [, near = '', syntax, incomplete, token] = fault;
    return /^[A-Za-z_(),.;*]+$/.test(near) ? message : (syntax ?? incomplete ?? token ?? message);
  }
}

answerCalls(calls);
