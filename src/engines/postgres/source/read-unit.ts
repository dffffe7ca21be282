import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Encoding } from '../../../core/request.ts';
import type { Unit, UnitReader, UnitSummary } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import { isLargeObjects } from '../large-objects.ts';
import { quoteLiteral, quoteQualified } from '../names.ts';
import { withoutRowValues } from '../target/row-error.ts';
import type { CopyOut } from '../wire/copy-out.ts';
import { ServerError } from '../wire/messages.ts';
import { withLockHolder } from './lock-holder.ts';
import type { SnapshotLanes } from './snapshot-lanes.ts';
import type { UnitRange } from './table-details.ts';
import { copyStatement } from './unit-query.ts';
import { setHashKey } from './write-mask.ts';

/**
 * The variant of a unit that was asked for as `binary` and came as `text`, because the binary form of its table's rows
 * would mean something else in another database; '' otherwise. The import gets it back in WriteUnit.variant.
 */
export const textInstead = 'text';

/** Reads a unit through the snapshot, on one of its lanes; nothing happens before the first block is asked for. */
export function readUnit(
  lanes: SnapshotLanes,
  unit: Unit,
  encoding: Encoding,
  context: OperationContext,
): UnitReader {
  const summary = Promise.withResolvers<UnitSummary>();
  summary.promise.catch(() => undefined);
  const { signal } = context;
  const range = unit.range as UnitRange;
  const asText = encoding === 'text' || !range.binarySafe;
  const variant = encoding === 'binary' && asText ? textInstead : '';

  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    let rows: number | null = null;
    try {
      const connection = await lanes.enter(signal);
      try {
        if (unit.rules !== null) await setHashKey(connection, unit.rules, signal);
        const hold = isLargeObjects(unit.table) ? '' : holdStatements(unit);
        const copy = connection.copyOut(hold + copyStatement(unit, range, asText), signal);
        let isHeld = hold === '';
        for await (const block of copy) {
          if (!isHeld) checkHeld(copy, unit, range);
          isHeld = true;
          yield block;
        }
        if (!isHeld) checkHeld(copy, unit, range);
        rows = copy.rows;
      } finally {
        await lanes.leave(connection, rows === null ? null : unit);
      }
    } catch (error) {
      const told = await withLockHolder(
        withoutValues(unit, error),
        [unit.table],
        (work) => lanes.aside(signal, work),
        signal,
      );
      const reason = classifyPostgresError(
        signal.aborted ? abortError(signal) : told,
        `read ${quoteQualified(unit.table)}`,
      );
      summary.reject(reason);
      throw reason;
    } finally {
      // Left early, without an error: whoever waits for the summary must hear that there is none.
      if (rows === null)
        summary.reject(new AppError('aborted', { message: 'The unit was not read to its end.' }));
    }
    summary.resolve({ rows, variant });
  }
  return { variant, bytes: bytes(), summary: summary.promise };
}

/** Classes of SQLSTATE whose messages quote values: of data, of constraints, of functions that raise, and of what should not happen. */
const quotingClasses: readonly string[] = ['22', '23', 'P0', 'XX'];

/** The error without the values that it quotes; without any of its words where the unit masks some. */
function withoutValues(unit: Unit, error: unknown): unknown {
  if (!(error instanceof ServerError)) return error;
  const masked = unit.rules !== null && unit.rules.masks.length > 0;
  if (!masked) return withoutRowValues(error);
  if (!quotingClasses.includes(error.sqlState.slice(0, 2))) return error;
  return new AppError('database-statement', {
    message: `The server could not apply the filter and the masks to a row of ${quoteQualified(unit.table)} (SQLSTATE ${error.sqlState}); what it said is left out, since it may quote a value that is masked.`,
    hint: 'Look for a cast or a division in the filter that not every row can take, or at the log of the server.',
    operation: 'read unit',
  });
}

/**
 * Locks the table against changes of its shape, and asks whether its rows are still where the snapshot saw them: TRUNCATE takes rows from
 * snapshots as well, and a rewrite (VACUUM FULL, CLUSTER) moves them between the ranges. In one request with the COPY, for a table may be so
 * small that each more would double what it costs.
 */
function holdStatements({ table }: Unit): string {
  const name = quoteQualified(table);
  return `LOCK TABLE ONLY ${name} IN ACCESS SHARE MODE; SELECT pg_relation_filenode(${quoteLiteral(name)}::regclass); `;
}

function checkHeld({ rowBefore }: CopyOut, unit: Unit, range: UnitRange): void {
  if (rowBefore?.[0] === range.fileNode) return;
  throw new AppError('snapshot-lost', {
    message: `The table ${quoteQualified(unit.table)} was truncated or rewritten after the snapshot was taken.`,
    operation: 'read unit',
  });
}
