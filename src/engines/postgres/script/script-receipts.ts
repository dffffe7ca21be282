import { quoteLiteral } from '../names.ts';
import { ownSchema } from '../own-schema.ts';
import type { Connection } from '../wire/connection.ts';

/** Of a statement that cannot be in a transaction: written before it, while the receipt `key` is written after it. */
export const begunKey = (key: string): string => `${key} begun`;

/** What was noted of a step that took effect. */
export interface StepReceipt {
  readonly rows: number | null;
  /** The session had temporary tables then, which later sessions have to make again. */
  readonly hadTemporary: boolean;
}

const table = `${ownSchema}.receipt`;
/** Where an import notes what failed of a step. */
const temporaryMark = '["temporary tables"]';

/** The receipts of a job, by key. */
export async function readReceipts(
  connection: Connection,
  jobId: string,
  signal: AbortSignal,
): Promise<Map<string, StepReceipt>> {
  const rows = await connection.queryWith(
    `SELECT key, rows, failures::text FROM ${table} WHERE job_id = $1`,
    [jobId],
    signal,
  );
  return new Map(
    rows.map(([key, count, marks]) => [
      key as string,
      { rows: count == null ? null : Number(count), hadTemporary: marks === temporaryMark },
    ]),
  );
}

/**
 * The statement that writes a receipt. An error `unique_violation` of it tells that another session has done the same, `not_null_violation` that the job is over.
 */
export const receiptStatement = (jobId: string, key: string, { rows, hadTemporary }: StepReceipt): string =>
  `INSERT INTO ${table} (job_id, key, rows, failures) VALUES ((SELECT job_id FROM ${table} WHERE job_id = ${quoteLiteral(jobId)} AND key = '' FOR SHARE), ${quoteLiteral(key)}, ${rows === null ? 'NULL' : String(rows)}, ${quoteLiteral(hadTemporary ? temporaryMark : '[]')})`;

/** Takes back that the session of these steps had temporary tables. */
export async function forgetTemporary(
  connection: Connection,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  await connection.queryWith(
    `UPDATE ${table} SET failures = '[]' WHERE job_id = $1 AND failures::text = $2`,
    [jobId, temporaryMark],
    signal,
  );
}
