import { quoteIdentifier } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { isDoneElsewhere, refusedStatement } from './script-error.ts';
import type { ReadStep } from './script-step.ts';

/** Makes the statement that writes the receipt, once the rows are known. */
export type ReceiptOf = (rows: number | null) => string;

/**
 * Runs the statements of a step and its receipt, if there is to be one, in one transaction, and tells the rows. The receipt comes last, so that the
 * transaction is the script's own from its first statement: with its options, and whatever its role is.
 */
export async function inStepTransaction(
  connection: Connection,
  { begin, end, statements, step }: ReadStep,
  receiptOf: ReceiptOf | null,
  signal: AbortSignal,
): Promise<number | null> {
  await connection.count(begin ?? 'BEGIN', signal);
  try {
    let rows: number | null = null;
    for (const { sql, line } of statements) {
      const count = await connection.count(sql, signal).catch((error: unknown) => {
        throw refusedStatement(error, line);
      });
      if (count !== null) rows = (rows ?? 0) + count;
    }
    if (end === 'ROLLBACK') {
      await connection.query('ROLLBACK', signal);
      if (receiptOf !== null) await noteReceipt(connection, receiptOf(null), signal);
      return null;
    }
    try {
      await commit(connection, receiptOf === null ? null : receiptOf(rows), signal);
    } catch (error) {
      throw isDoneElsewhere(error) ? error : refusedStatement(error, step.line);
    }
    return rows;
  } catch (error) {
    await rollback(connection);
    throw error;
  }
}

async function commit(connection: Connection, receipt: string | null, signal: AbortSignal): Promise<void> {
  if (receipt === null) {
    await connection.query('COMMIT', signal);
    return;
  }
  const [state] = await connection.query(
    `SELECT pg_catalog.current_setting('role'), pg_catalog.current_setting('transaction_read_only')`,
    signal,
  );
  const [role = 'none', isReadOnly] = state ?? [];
  // What has changed nothing may be done twice.
  if (isReadOnly === 'on') {
    await connection.query('COMMIT', signal);
    await noteReceipt(connection, receipt, signal);
    return;
  }
  const takesRole = role !== null && role !== 'none';
  const before = takesRole ? 'SET LOCAL ROLE NONE; ' : '';
  // Deferred triggers run with the commit, as the script's role.
  const after = takesRole ? `SET LOCAL ROLE ${quoteIdentifier(role)}; ` : '';
  await connection.query(`${before}${receipt}; ${after}COMMIT`, signal);
}

/** Writes a receipt in a transaction of its own, whatever the session is set to. */
export async function noteReceipt(
  connection: Connection,
  receipt: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await connection.query(`BEGIN READ WRITE; SET LOCAL ROLE NONE; ${receipt}; COMMIT`, signal);
  } catch (error) {
    await rollback(connection);
    throw error;
  }
}

/** A connection that broke has taken the transaction with it. */
async function rollback(connection: Connection): Promise<void> {
  if (!connection.isIdle || !connection.isInTransaction) return;
  await connection.query('ROLLBACK', new AbortController().signal).catch(() => undefined);
}
