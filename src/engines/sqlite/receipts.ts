import type { Database } from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import type { ApplyFailure } from '../engine.ts';
import { receiptTable } from './names.ts';

/**
 * What a job has done in a database, written in the transaction that did it:
 * `unit` a unit's rows, `apply` statements with what failed of them, `cleared` a table that was emptied for its first unit; `step` a step of
 * a script, `temporary` one whose connection had temporary tables that the script had filled. `begun` stands for the job itself: without it nothing is written
 * for the job any more, so that a process that was frozen, and goes on when the job is over, does nothing again.
 */
export type ReceiptKind = 'begun' | 'unit' | 'apply' | 'cleared' | 'step' | 'temporary';

export interface Receipt {
  readonly rows: number;
  readonly failures: readonly ApplyFailure[];
}

/** Makes the table, and the job's first receipt. Repeatable. */
export function beginReceipts(db: Database, jobId: string): void {
  db.exec(
    `CREATE TABLE IF NOT EXISTS main.${receiptTable} (
       job_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, rows INTEGER NOT NULL, failures TEXT NOT NULL,
       PRIMARY KEY (job_id, kind, key)
     ) WITHOUT ROWID`,
  );
  db.prepare(
    `INSERT OR IGNORE INTO main.${receiptTable} (job_id, kind, key, rows, failures) VALUES (?, 'begun', '', 0, '[]')`,
  ).run(jobId);
}

export const hasReceiptTable = (db: Database): boolean =>
  db.prepare('SELECT 1 FROM main.sqlite_schema WHERE name = ?').get(receiptTable) !== undefined;

export function findReceipt(db: Database, jobId: string, kind: ReceiptKind, key: string): Receipt | null {
  const row = db
    .prepare<[string, string, string], { rows: number; failures: string }>(
      `SELECT rows, failures FROM main.${receiptTable} WHERE job_id = ? AND kind = ? AND key = ?`,
    )
    .get(jobId, kind, key);
  return row === undefined
    ? null
    : { rows: row.rows, failures: JSON.parse(row.failures) as readonly ApplyFailure[] };
}

/** In the open transaction. Throws `receipts-missing` when the job is over. */
export function writeReceipt(
  db: Database,
  jobId: string,
  kind: ReceiptKind,
  key: string,
  receipt: Receipt,
): void {
  if (!hasReceiptTable(db) || findReceipt(db, jobId, 'begun', '') === null) {
    throw new AppError('receipts-missing', {
      message: 'The receipts of the job are not in the target.',
      operation: 'write receipt',
    });
  }
  db.prepare(
    `INSERT INTO main.${receiptTable} (job_id, kind, key, rows, failures) VALUES (?, ?, ?, ?, ?)`,
  ).run(jobId, kind, key, receipt.rows, JSON.stringify(receipt.failures));
}

/** The rows of each unit of a job. */
export function unitReceipts(db: Database, jobId: string): ReadonlyMap<string, number> {
  const rows = db
    .prepare<[string], [string, number]>(
      `SELECT key, rows FROM main.${receiptTable} WHERE job_id = ? AND kind = 'unit' ORDER BY key`,
    )
    .raw()
    .all(jobId);
  return new Map(rows);
}

/** Takes back that the connections of a script's steps had temporary tables. */
export function forgetTemporary(db: Database, jobId: string): void {
  db.prepare(`UPDATE main.${receiptTable} SET kind = 'step' WHERE job_id = ? AND kind = 'temporary'`).run(
    jobId,
  );
}

/** Removes the receipts of a job, and the table with the last of them. Repeatable. */
export function removeReceipts(db: Database, jobId: string): void {
  if (!hasReceiptTable(db)) return;
  db.prepare(`DELETE FROM main.${receiptTable} WHERE job_id = ?`).run(jobId);
  if (db.prepare(`SELECT 1 FROM main.${receiptTable}`).get() === undefined) {
    db.exec(`DROP TABLE main.${receiptTable}`);
  }
}
