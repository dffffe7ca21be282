import type { Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import { quoteLiteral } from '../names.ts';
import { labelSetting, readingKey } from '../session-label.ts';
import { readSettings } from '../session-settings.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';

const beginReading = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/** What the server says to the name of a snapshot that it has not, or not any more, or never had, by version. */
const goneStates: readonly string[] = ['22023', '42704', '55000'];

/** Begins a transaction that sees what `snapshotId` sees. Throws `snapshot-lost` when the snapshot is gone. */
export async function beginInSnapshot(
  connection: Connection,
  snapshotId: string,
  work: Work | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    await connection.query(
      `${beginReading}; SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotId)}; ${settings(connection, work)}`,
      signal,
    );
  } catch (error) {
    if (!(error instanceof ServerError) || !goneStates.includes(error.sqlState)) throw error;
    throw new AppError('snapshot-lost', {
      message: 'The snapshot is gone: the session that held it has ended.',
      operation: 'join snapshot',
      context: { sqlState: error.sqlState },
      cause: error,
    });
  }
}

/** Begins a transaction that sees this instant. */
export async function beginNow(
  connection: Connection,
  work: Work | undefined,
  signal: AbortSignal,
): Promise<void> {
  await connection.query(`${beginReading}; ${settings(connection, work)}`, signal);
}

/** Lets others see what this transaction sees, for as long as it lasts; the name to give them. */
export async function exportSnapshot(connection: Connection, signal: AbortSignal): Promise<string> {
  const [row] = await connection.query('SELECT pg_export_snapshot()', signal);
  return row?.[0] as string;
}

/**
 * How far the log of changes is at this moment: nothing that the transaction sees is later. Of a replica: what it has applied. Null where the server
 * keeps that to itself, as some of those do that only speak like PostgreSQL.
 */
export async function currentPosition(connection: Connection, signal: AbortSignal): Promise<string | null> {
  await connection.query('SAVEPOINT pumphouse_position', signal);
  try {
    const [row] = await connection.query(
      `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END`,
      signal,
    );
    return row?.[0] ?? null;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    await connection.query('ROLLBACK TO SAVEPOINT pumphouse_position', signal);
    return null;
  }
}

/** Ends a transaction that read, whatever its state, so that the connection can be used again. */
export async function endTransaction(connection: Connection): Promise<void> {
  if (connection.isIdle) await connection.query('ROLLBACK', new AbortController().signal);
}

/** @param work whose the reading is */
const settings = (connection: Connection, work: Work | undefined): string =>
  readSettings(connection.raw.serverVersionNum) +
  (work === undefined ? '' : ` ${labelSetting(connection, { work, key: readingKey })}`);
