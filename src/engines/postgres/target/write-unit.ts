import { lookAhead } from '../../../base/look-ahead.ts';
import type { TableName } from '../../../core/catalogue.ts';
import type { Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { WriteOutcome, WriteUnit } from '../../engine.ts';
import { isLargeObjects } from '../large-objects.ts';
import { columnList, quoteLiteral, quoteQualified } from '../names.ts';
import { ownSchema } from '../own-schema.ts';
import { textInstead } from '../source/read-unit.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { writeLargeObjects } from './large-objects.ts';
import { claimReceipt, inTransaction, recordRows } from './receipts.ts';
import { withoutWrittenValues } from './row-error.ts';

/** From here on a table is worth a new file, so that its rows need no VACUUM FREEZE later. */
const freezeFromBytes = 256 * 1024;

/** Writes a unit and its receipt in one transaction. `bytes` is not touched when the receipt is there already. */
export function writeUnit(
  connection: Connection,
  work: Work,
  unit: WriteUnit,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  const { key } = unit;
  const known = typeof unit.rows === 'number' ? unit.rows : null;
  const { jobId } = work;
  return inTransaction(connection, signal, { work, key }, async () => {
    refuseSystemTable(unit.table);
    const receipt = await claimReceipt(connection, work, key, known, signal);
    if (receipt !== null) return { rows: receipt.rows ?? 0, alreadyApplied: true };
    const rows = isLargeObjects(unit.table)
      ? await writeLargeObjects(connection, jobId, unit, bytes, signal)
      : await copyRows(connection, unit, bytes, signal);
    const expected = await unit.rows;
    if (rows !== expected) {
      throw new AppError('rows-differ', {
        message: `The table ${quoteQualified(unit.table)} took ${rows} rows where its source has ${expected}.`,
        hint: 'A trigger of the table may leave rows out: disable it, or leave the table out of the selection.',
        operation: 'write unit',
        context: { unit: key, expected, actual: rows },
      });
    }
    if (known === null) await recordRows(connection, jobId, key, rows, signal);
    return { rows, alreadyApplied: false };
  });
}

/** Names come from a dump set, which may be anybody's; a superuser could write the server's own catalogue, and our receipts. */
function refuseSystemTable(table: TableName): void {
  const isSystem = /^(?:pg_|information_schema$)/.test(table.schema) && !isLargeObjects(table);
  if (!isSystem && table.schema !== ownSchema) return;
  throw new AppError('unsupported', {
    message: `The table ${quoteQualified(table)} is not the user's, and is not written.`,
    hint: 'Leave it out of the selection.',
    operation: 'write unit',
  });
}

async function copyRows(
  connection: Connection,
  unit: WriteUnit,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const { found, bytes } = await lookAhead(source, unit.wholeTable ? freezeFromBytes : 0);
  try {
    const freeze =
      unit.wholeTable && found >= freezeFromBytes && (await startAfresh(connection, unit, signal));
    return await connection.copyIn(copyStatement(unit, freeze), bytes, signal);
  } catch (error) {
    // It may have been refused before anything was asked of the source, which is open by now. One that hangs is not waited for.
    void bytes.return().catch(() => undefined);
    throw error instanceof ServerError ? withoutWrittenValues(error) : error;
  }
}

const isBinary = (unit: WriteUnit): boolean => unit.encoding === 'binary' && unit.variant !== textInstead;

/**
 * Gives the table a new file, which COPY FREEZE asks for; false when it has rows (those that an extension brings along), which must
 * stay, or foreign keys or triggers, which TRUNCATE would meet.
 */
async function startAfresh(connection: Connection, unit: WriteUnit, signal: AbortSignal): Promise<boolean> {
  const name = quoteQualified(unit.table);
  const fits = async (): Promise<boolean> => {
    const fit = await connection.query(
      `SELECT FROM pg_class WHERE oid = ${quoteLiteral(name)}::regclass AND relkind = 'r' AND NOT relhastriggers
AND NOT EXISTS (SELECT FROM ONLY ${name})`,
      signal,
    );
    return fit.length > 0;
  };
  if (!(await fits())) return false;
  // Others may have written since, or be about to commit: their rows show under the lock, and stay.
  await connection.query(`LOCK TABLE ONLY ${name} IN ACCESS EXCLUSIVE MODE`, signal);
  if (!(await fits())) return false;
  await connection.query(`TRUNCATE ONLY ${name}`, signal);
  return true;
}

function copyStatement(unit: WriteUnit, freeze: boolean): string {
  const options = [...(isBinary(unit) ? ['FORMAT binary'] : []), ...(freeze ? ['FREEZE'] : [])];
  const tail = options.length === 0 ? '' : ` WITH (${options.join(', ')})`;
  return `COPY ${quoteQualified(unit.table)}${columnList(unit.columns)} FROM STDIN${tail}`;
}
