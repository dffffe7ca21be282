import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Encoding } from '../../../core/request.ts';
import type { Unit, UnitReader, UnitSummary } from '../../engine.ts';
import { abortError } from '../abort-error.ts';
import { classifyPostgresError } from '../classify.ts';
import { columnList, quoteIdentifier, quoteLiteral, quoteQualified } from '../names.ts';
import type { ConnectionPool } from '../pool.ts';
import type { Connection } from '../wire/connection.ts';
import { beginInSnapshot, endTransaction } from './snapshot-transaction.ts';
import type { UnitRange } from './table-details.ts';

/**
 * The variant of a unit that was asked for as `binary` and came as `text`, because the binary form of its table's rows
 * would mean something else in another database; '' otherwise. The import gets it back in WriteUnit.variant.
 */
export const textInstead = 'text';

/** Reads a unit through the snapshot, over a connection of the pool; nothing happens before the first block is asked for. */
export function readUnit(
  pool: ConnectionPool,
  snapshotId: string,
  unit: Unit,
  encoding: Encoding,
  context: OperationContext,
): UnitReader {
  const summary = Promise.withResolvers<UnitSummary>();
  summary.promise.catch(() => undefined);
  const { signal } = context;
  const range = unit.range as UnitRange;
  const asText = encoding === 'text' || !range.binarySafe;

  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    let rows: number | null = null;
    try {
      const connection = await pool.acquire(signal);
      try {
        await beginInSnapshot(connection, snapshotId, signal);
        await holdTable(connection, unit, range, signal);
        const copy = connection.copyOut(copyStatement(unit, range, asText), signal);
        yield* copy;
        await endTransaction(connection);
        rows = copy.rows;
      } finally {
        if (connection.isInTransaction) await endTransaction(connection).catch(() => undefined);
        await pool.release(connection);
      }
    } catch (error) {
      const reason = classifyPostgresError(
        signal.aborted ? abortError(signal) : error,
        `read ${quoteQualified(unit.table)}`,
      );
      summary.reject(reason);
      throw reason;
    } finally {
      // Left early, without an error: whoever waits for the summary must hear that there is none.
      if (rows === null)
        summary.reject(new AppError('aborted', { message: 'The unit was not read to its end.' }));
    }
    summary.resolve({ rows, variant: encoding === 'binary' && asText ? textInstead : '' });
  }
  return { bytes: bytes(), summary: summary.promise };
}

/**
 * Locks the table against changes of its shape, and makes sure that its rows are still where the snapshot saw them:
 * TRUNCATE takes rows from snapshots as well, and a rewrite (VACUUM FULL, CLUSTER) moves them between the ranges.
 */
async function holdTable(
  connection: Connection,
  unit: Unit,
  range: UnitRange,
  signal: AbortSignal,
): Promise<void> {
  const name = quoteQualified(unit.table);
  const [row] = await connection.query(
    `LOCK TABLE ONLY ${name} IN ACCESS SHARE MODE; SELECT pg_relation_filenode(${quoteLiteral(name)}::regclass)`,
    signal,
  );
  if (row?.[0] === range.fileNode) return;
  throw new AppError('snapshot-lost', {
    message: `The table ${name} was truncated or rewritten after the snapshot was taken.`,
    operation: 'read unit',
  });
}

function copyStatement(unit: Unit, range: UnitRange, asText: boolean): string {
  const format = asText ? '' : ' WITH (FORMAT binary)';
  const name = quoteQualified(unit.table);
  const wholeTable = range.from === 0 && range.to === null && range.condition === null;
  if (wholeTable) return `COPY ${name}${columnList(unit.columns)} TO STDOUT${format}`;
  const limits = [`ctid >= '(${blockNumber(range.from)},0)'`];
  if (range.to !== null) limits.push(`ctid < '(${blockNumber(range.to)},0)'`);
  const condition = range.condition ?? `WHERE ${limits.join(' AND ')}`;
  const columns = unit.columns.map(quoteIdentifier).join(', ');
  return `COPY (SELECT ${columns} FROM ONLY ${name} ${condition}) TO STDOUT${format}`;
}

/** Units come back from a store, so what goes into a statement is looked at. */
function blockNumber(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new AppError('internal', { message: `The unit has no valid range of blocks (${String(value)}).` });
}
