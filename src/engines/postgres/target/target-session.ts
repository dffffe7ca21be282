import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { TargetSession } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { Connector } from '../connector.ts';
import { sessionFacts } from '../database-id.ts';
import { quoteQualified } from '../names.ts';
import { ConnectionPool } from '../pool.ts';
import type { Connection } from '../wire/connection.ts';
import { analyzeTables } from './analyze-tables.ts';
import { applyObjects } from './apply-objects.ts';
import { watchBlockers } from './blocker-watch.ts';
import { clearTables, undoUnits } from './clear-tables.ts';
import { describeTables } from './existing-tables.ts';
import { findExisting } from './find-existing.ts';
import { beginReceipts, forgetReceipts, forgetUnused, inTransaction, unitReceipts } from './receipts.ts';
import { targetPreflight } from './target-preflight.ts';
import { writeUnit } from './write-unit.ts';

/** Opens a database to write to, and makes sure at once that it lets us in. */
export async function openPostgresTarget(
  connector: Connector,
  lockPatienceMs: number,
  context: OperationContext,
): Promise<TargetSession> {
  const pool = new ConnectionPool(connector.open, 1);
  let lanes = 1;
  let begun: string | null = null;

  const guarded = async <T>(
    operation: string,
    { signal }: OperationContext,
    work: (connection: Connection, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    try {
      return await pool.use(signal, (connection) => work(connection, signal));
    } catch (error) {
      throw classifyPostgresError(signal.aborted ? abortError(signal) : error, operation);
    }
  };
  const jobId = (): string => {
    if (begun === null) throw new AppError('internal', { message: 'The target session was not begun.' });
    return begun;
  };

  const facts = await guarded('open database', context, sessionFacts);
  return {
    ...facts,
    preflight: (call) =>
      guarded('preflight', call, (connection, signal) =>
        targetPreflight(connection, connector.open, connector.target, signal),
      ),
    findExisting: (objects, call) =>
      guarded('look for existing objects', call, (connection, signal) =>
        inTransaction(connection, signal, () => findExisting(connection, objects, signal)),
      ),
    describeTables: (tables, call) =>
      guarded('look at existing tables', call, (connection, signal) =>
        inTransaction(connection, signal, () => describeTables(connection, tables, signal)),
      ),
    clearTables: (key, tables, call) =>
      guarded('clear tables', call, (connection, signal) =>
        watchBlockers(pool, connection, lockPatienceMs, signal, () =>
          clearTables(connection, jobId(), key, tables, signal),
        ),
      ),
    async begin(id, wanted, call) {
      lanes = wanted;
      pool.widen(wanted);
      await guarded('make receipts', call, (connection, signal) => beginReceipts(connection, id, signal));
      begun = id;
    },
    apply: (key, objects, call) =>
      guarded('apply DDL', call, (connection, signal) =>
        watchBlockers(pool, connection, lockPatienceMs, signal, async () => {
          try {
            return await applyObjects(connection, jobId(), key, objects, signal);
          } catch (error) {
            // A job that came too late, and cannot go on, leaves no trace when it has made nothing.
            const isLate = error instanceof AppError && error.code === 'object-exists';
            if (isLate) await forgetUnused(connection, jobId(), signal).catch(() => undefined);
            throw error;
          }
        }),
      ),
    write: (unit, bytes, call) =>
      guarded(`write ${quoteQualified(unit.table)}`, call, (connection, signal) =>
        writeUnit(connection, jobId(), unit, bytes, signal),
      ),
    undoUnits: (tables, call) =>
      guarded('empty tables', call, (connection, signal) =>
        watchBlockers(pool, connection, lockPatienceMs, signal, () =>
          undoUnits(connection, jobId(), tables, signal),
        ),
      ),
    receipts: (call) =>
      guarded('read receipts', call, (connection, signal) => unitReceipts(connection, jobId(), signal)),
    async finish(tables, call) {
      try {
        return await analyzeTables(pool, lanes, tables, call.signal);
      } catch (error) {
        throw classifyPostgresError(call.signal.aborted ? abortError(call.signal) : error, 'analyze');
      }
    },
    forget: (id, call) =>
      guarded('remove receipts', call, (connection, signal) => forgetReceipts(connection, id, signal)),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
