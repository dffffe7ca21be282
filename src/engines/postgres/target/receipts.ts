import type { Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { ApplyFailure } from '../../engine.ts';
import { ownSchema } from '../own-schema.ts';
import { type Label, labelSetting } from '../session-label.ts';
import { writeSettings } from '../session-settings.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';

/** What a job has done already, in the target itself: a row commits together with what it stands for. */
const table = `${ownSchema}.receipt`;
/**
 * The receipt that a job has begun; keeps the table alive while others forget theirs. Without it nothing is written for the job any more: a process that
 * was frozen, and goes on when the job is over, finds it gone. Its rows are the generation of the last {@link raiseGeneration}.
 */
const begunKey = '';
/** What the transaction is called that makes the receipts' place. */
export const beginningKey = 'begin';
/** More than a task is ever claimed. */
const claimsOfRestart = 1_000_000;
/** Of the advisory lock under which the table is made and dropped: "pump" in ASCII. */
const lockNumber = 0x70756d70;

/** An invalid_schema_name or undefined_table: there are no receipts. */
const absentStates: readonly string[] = ['3F000', '42P01'];

/** What was recorded: rows of a unit, failures of DDL. */
export interface Receipt {
  readonly rows: number | null;
  readonly failures: readonly ApplyFailure[];
}

const makeSchema = `CREATE SCHEMA ${ownSchema};
COMMENT ON SCHEMA ${ownSchema} IS 'Receipts of jobs that run; removed when they are done.';
`;
const makeTable = `CREATE TABLE IF NOT EXISTS ${table} (
  job_id text NOT NULL, key text NOT NULL, rows int8, failures jsonb NOT NULL DEFAULT '[]', PRIMARY KEY (job_id, key))`;

/**
 * Makes the table, and the job's first receipt. Repeatable, and safe against others who do it at the same time. A user who may make no schemas has been given this one
 * (`database install --schema`).
 */
export async function beginReceipts(connection: Connection, work: Work, signal: AbortSignal): Promise<void> {
  await inTransaction(connection, signal, { work, key: beginningKey }, async () => {
    const [found] = await connection.query(
      `SELECT pg_advisory_xact_lock(${lockNumber}); SELECT pg_catalog.to_regnamespace('${ownSchema}') IS NULL`,
      signal,
    );
    await connection.query(`${found?.[0] === 't' ? makeSchema : ''}${makeTable}`, signal);
    await connection.queryWith(
      `INSERT INTO ${table} (job_id, key) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
      [work.jobId, begunKey],
      signal,
    );
  });
}

/**
 * Writes a receipt in the transaction that is open; null if it was not there. If another transaction is about to write the
 * same one, waits for its end, so that the same work is never done twice. Throws `receipts-missing` when the job is over, or its data was
 * started again.
 */
export async function claimReceipt(
  connection: Connection,
  { jobId, restarts }: Work,
  key: string,
  rows: number | null,
  signal: AbortSignal,
): Promise<Receipt | null> {
  // The lock on what says that the job goes on lasts as long as the transaction: who ends the job, or starts it again, waits for it.
  const inserted = await connection.queryWith(
    `WITH begun AS (SELECT rows FROM ${table} WHERE job_id = $1 AND key = '${begunKey}' FOR SHARE)
INSERT INTO ${table} (job_id, key, rows)
SELECT $1, $2, $3::int8 FROM begun WHERE coalesce(begun.rows, 0) < $4::int8 ON CONFLICT DO NOTHING RETURNING 1`,
    [jobId, key, rows === null ? null : String(rows), String((restarts + 1) * claimsOfRestart)],
    signal,
  );
  if (inserted.length > 0) return null;
  const [row] = await connection.queryWith(
    `SELECT rows, failures FROM ${table} WHERE job_id = $1 AND key = $2`,
    [jobId, key],
    signal,
  );
  if (row === undefined) throw receiptsMissing();
  const [recorded = null, failures] = row;
  return {
    rows: recorded === null ? null : Number(recorded),
    failures: JSON.parse(failures ?? '[]') as ApplyFailure[],
  };
}

/**
 * In the open transaction: whoever has an earlier try of the job writes nothing from its commit on. Throws `receipts-missing` to one who comes too late
 * himself.
 */
export async function raiseGeneration(
  connection: Connection,
  { jobId, restarts, claims }: Work,
  signal: AbortSignal,
): Promise<void> {
  const raised = await connection.queryWith(
    `UPDATE ${table} SET rows = $2::int8
WHERE job_id = $1 AND key = '${begunKey}' AND coalesce(rows, 0) <= $2::int8 RETURNING 1`,
    [jobId, String(restarts * claimsOfRestart + claims)],
    signal,
  );
  if (raised.length === 0) throw receiptsMissing();
}

export const receiptsMissing = (cause?: unknown): AppError =>
  new AppError('receipts-missing', {
    message: 'The receipts of the job are not in the target, or tell of a later try of it.',
    operation: 'write receipt',
    cause,
  });

/** Adds the rows to a receipt of the open transaction that was claimed before they were known. */
export async function recordRows(
  connection: Connection,
  jobId: string,
  key: string,
  rows: number,
  signal: AbortSignal,
): Promise<void> {
  await connection.queryWith(
    `UPDATE ${table} SET rows = $3::int8 WHERE job_id = $1 AND key = $2`,
    [jobId, key, String(rows)],
    signal,
  );
}

/**
 * Waits for the units that are being written, and keeps new ones away until the open transaction ends: TRUNCATE waits for those of its table
 * by itself, but nothing locks all large objects.
 */
export async function waitForUnits(connection: Connection, signal: AbortSignal): Promise<void> {
  await connection.query(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`, signal);
}

/** Removes receipts of units in the open transaction. */
export async function removeReceipts(
  connection: Connection,
  jobId: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await connection.queryWith(
    `DELETE FROM ${table}
WHERE job_id = $1 AND key IN (SELECT pg_catalog.jsonb_array_elements_text($2::jsonb))`,
    [jobId, JSON.stringify(keys)],
    signal,
  );
}

/** Adds what went wrong to a receipt of the open transaction. */
export async function recordFailures(
  connection: Connection,
  jobId: string,
  key: string,
  failures: readonly ApplyFailure[],
  signal: AbortSignal,
): Promise<void> {
  await connection.queryWith(
    `UPDATE ${table} SET failures = $3::jsonb WHERE job_id = $1 AND key = $2`,
    [jobId, key, JSON.stringify(failures)],
    signal,
  );
}

/** Rows by key, of the units of a job. */
export async function unitReceipts(
  connection: Connection,
  jobId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const rows = await connection.queryWith(
    `SELECT key, rows FROM ${table} WHERE job_id = $1 AND key <> '${begunKey}' AND rows IS NOT NULL`,
    [jobId],
    signal,
  );
  return new Map(rows.map(([key, count]) => [key as string, Number(count)]));
}

const ownsSchema = `SELECT pg_catalog.pg_has_role(nspowner, 'USAGE')
  AND pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
FROM pg_catalog.pg_namespace WHERE nspname = '${ownSchema}'`;

/** Removes the receipts of a job, and with the last of them the table, and the schema where it can be made again. Repeatable. */
export async function forgetReceipts(
  connection: Connection,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await inTransaction(connection, signal, null, async () => {
      await connection.query(`SELECT pg_advisory_xact_lock(${lockNumber})`, signal);
      await connection.queryWith(`DELETE FROM ${table} WHERE job_id = $1`, [jobId], signal);
      const left = await connection.query(`SELECT FROM ${table} LIMIT 1`, signal);
      if (left.length > 0) return;
      await connection.query(`DROP TABLE ${table}`, signal);
      const [schema] = await connection.query(ownsSchema, signal);
      if (schema?.[0] === 't') await connection.query(`DROP SCHEMA ${ownSchema}`, signal);
    });
  } catch (error) {
    if (!(error instanceof ServerError) || !absentStates.includes(error.sqlState)) throw error;
  }
}

/** The same, when the job has done nothing yet. */
export async function forgetUnused(
  connection: Connection,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  const [done] = await connection.queryWith(
    `SELECT 1 FROM ${table} WHERE job_id = $1 AND key <> $2 LIMIT 1`,
    [jobId, begunKey],
    signal,
  );
  if (done === undefined) await forgetReceipts(connection, jobId, signal);
}

/**
 * Runs `work` in a transaction with the settings for writing: committed when it resolves, undone when it rejects.
 * @param label whose transaction it is, for who takes the work over; null: nobody's
 */
export async function inTransaction<T>(
  connection: Connection,
  signal: AbortSignal,
  label: Label | null,
  work: () => Promise<T>,
): Promise<T> {
  const settings = writeSettings(connection.raw.serverVersionNum);
  await connection.query(
    `BEGIN; ${settings}${label === null ? '' : ` ${labelSetting(connection, label)}`}`,
    signal,
  );
  try {
    const result = await work();
    await connection.query('COMMIT', signal);
    return result;
  } catch (error) {
    // A connection that broke has taken the transaction with it.
    if (connection.isIdle)
      await connection.query('ROLLBACK', new AbortController().signal).catch(() => undefined);
    throw error;
  }
}
