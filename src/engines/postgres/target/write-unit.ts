import { AppError } from '../../../core/errors.ts';
import type { WriteOutcome, WriteUnit } from '../../engine.ts';
import { columnList, quoteQualified } from '../names.ts';
import { textInstead } from '../source/read-unit.ts';
import type { Connection } from '../wire/connection.ts';
import { claimReceipt, inTransaction } from './receipts.ts';

/** From here on a table is worth a new file, so that its rows need no VACUUM FREEZE later. */
const freezeFromRows = 10_000;

/** Writes a unit and its receipt in one transaction. `bytes` is not touched when the receipt is there already. */
export function writeUnit(
  connection: Connection,
  jobId: string,
  unit: WriteUnit,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  return inTransaction(connection, signal, async () => {
    const receipt = await claimReceipt(connection, jobId, unit.key, unit.rows, signal);
    if (receipt !== null) return { rows: receipt.rows ?? 0, alreadyApplied: true };
    const freeze =
      unit.wholeTable && unit.rows >= freezeFromRows && (await startAfresh(connection, unit, signal));
    const rows = await connection.copyIn(copyStatement(unit, freeze), bytes, signal);
    if (rows !== unit.rows) {
      throw new AppError('rows-differ', {
        message: `The table ${quoteQualified(unit.table)} took ${rows} rows where the manifest has ${unit.rows}.`,
        operation: 'write unit',
        context: { unit: unit.key, expected: unit.rows, actual: rows },
      });
    }
    return { rows, alreadyApplied: false };
  });
}

/**
 * Gives a table that is empty a new file, which COPY FREEZE asks for; false when it has rows (those that an extension brings
 * along), which must stay.
 */
async function startAfresh(connection: Connection, unit: WriteUnit, signal: AbortSignal): Promise<boolean> {
  const name = quoteQualified(unit.table);
  const rows = await connection.query(`SELECT FROM ONLY ${name} LIMIT 1`, signal);
  if (rows.length > 0) return false;
  await connection.query(`TRUNCATE ONLY ${name}`, signal);
  return true;
}

function copyStatement(unit: WriteUnit, freeze: boolean): string {
  const binary = unit.encoding === 'binary' && unit.variant !== textInstead;
  const options = [...(binary ? ['FORMAT binary'] : []), ...(freeze ? ['FREEZE'] : [])];
  const tail = options.length === 0 ? '' : ` WITH (${options.join(', ')})`;
  return `COPY ${quoteQualified(unit.table)}${columnList(unit.columns)} FROM STDIN${tail}`;
}
