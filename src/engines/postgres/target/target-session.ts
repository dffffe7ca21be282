import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext, Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { TargetSession } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { Connector } from '../connector.ts';
import { sessionFacts } from '../database-id.ts';
import { quoteQualified } from '../names.ts';
import { ConnectionPool } from '../pool.ts';
import { endAllOf, endBeforeRestart, endEarlier, endStalled, workOf } from '../session-label.ts';
import type { Connection } from '../wire/connection.ts';
import { analyzeTables } from './analyze-tables.ts';
import { applyObjects } from './apply-objects.ts';
import { watchBlockers } from './blocker-watch.ts';
import { clearTables, undoUnits } from './clear-tables.ts';
import { describeTables } from './existing-tables.ts';
import { findExisting } from './find-existing.ts';
import {
  beginningKey,
  beginReceipts,
  forgetReceipts,
  forgetUnused,
  inTransaction,
  unitReceipts,
} from './receipts.ts';
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
  /** The same, with a place in the target that nobody keeps who had the work before. */
  const takenOver = async <T>(
    operation: string,
    key: string,
    call: OperationContext,
    write: (connection: Connection, work: Work, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const work = workOf(jobId(), call);
    return await guarded(operation, call, async (connection, signal) => {
      await endEarlier(connection, { work, key }, call);
      return await write(connection, work, signal);
    });
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
        inTransaction(connection, signal, null, () => findExisting(connection, objects, signal)),
      ),
    describeTables: (tables, call) =>
      guarded('look at existing tables', call, (connection, signal) =>
        inTransaction(connection, signal, null, () => describeTables(connection, tables, signal)),
      ),
    clearTables: (key, tables, call) =>
      takenOver('clear tables', key, call, (connection, work, signal) =>
        watchBlockers(pool, connection, lockPatienceMs, signal, () =>
          clearTables(connection, work, key, tables, signal),
        ),
      ),
    async begin(id, wanted, call) {
      lanes = wanted;
      pool.widen(wanted);
      const work = workOf(id, call);
      await guarded('make receipts', call, async (connection, signal) => {
        await endStalled(connection, { work, key: beginningKey }, call);
        await beginReceipts(connection, work, signal);
      });
      begun = id;
    },
    apply: (key, objects, call) =>
      takenOver('apply DDL', key, call, (connection, work, signal) =>
        watchBlockers(pool, connection, lockPatienceMs, signal, async () => {
          try {
            return await applyObjects(connection, work, key, objects, signal);
          } catch (error) {
            // A job that came too late, and cannot go on, leaves no trace when it has made nothing.
            const isLate = error instanceof AppError && error.code === 'object-exists';
            if (isLate) await forgetUnused(connection, work.jobId, signal).catch(() => undefined);
            throw error;
          }
        }),
      ),
    write: (unit, bytes, call) =>
      takenOver(`write ${quoteQualified(unit.table)}`, unit.key, call, (connection, work, signal) =>
        writeUnit(connection, work, unit, bytes, signal),
      ),
    undoUnits: (tables, call) =>
      takenOver('empty tables', 'undo', call, async (connection, work, signal) => {
        await endBeforeRestart(connection, work, call);
        await watchBlockers(pool, connection, lockPatienceMs, signal, () =>
          undoUnits(connection, work, tables, signal),
        );
      }),
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
      guarded('remove receipts', call, async (connection, signal) => {
        await endAllOf(connection, workOf(id, call), call);
        await forgetReceipts(connection, id, signal);
      }),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
