import { abortError } from '../../core/abort-error.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import type { Encoding } from '../../core/request.ts';
import type { Snapshot, Unit, UnitReader, UnitSummary } from '../engine.ts';
import { type LanePool, poolLanes } from './lanes.ts';
import { planUnits } from './plan.ts';
import type { RowidRange } from './rowid-range.ts';
import type { View } from './view.ts';

/** The contract's snapshot over the lanes of a view. */
export function createSnapshot({ lanes, token }: View): Snapshot {
  const pool = poolLanes(lanes);
  const lost = new AbortController();
  for (const lane of lanes) {
    lane.died.addEventListener('abort', () =>
      lost.abort(
        new AppError('snapshot-lost', {
          message: 'A connection that held the snapshot ended.',
          cause: lane.died.reason,
        }),
      ),
    );
  }
  return {
    token,
    lanes: lanes.length,
    lost: lost.signal,
    inspect: ({ signal }) => pool.withLane(signal, (lane) => lane.call('catalogue', undefined, { signal })),
    ddl: (_scope, { signal }) => pool.withLane(signal, (lane) => lane.call('ddl', undefined, { signal })),
    plan: planUnits,
    read: (unit, encoding, context) => readUnit(pool, lost.signal, unit, encoding, context),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

function readUnit(
  pool: LanePool,
  lost: AbortSignal,
  unit: Unit,
  encoding: Encoding,
  context: OperationContext,
): UnitReader {
  const summary = Promise.withResolvers<UnitSummary>();
  // Whoever only iterates gets the error there.
  summary.promise.catch(() => undefined);
  return { variant: null, bytes: read(), summary: summary.promise };

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      if (encoding !== 'text') {
        throw new AppError('unsupported', { message: `SQLite has no encoding ${encoding}; it has text.` });
      }
      yield* batches(AbortSignal.any([context.signal, lost]));
    } catch (error) {
      summary.reject(error);
      throw error;
    } finally {
      summary.reject(new AppError('aborted', { message: 'The unit was not read to its end.' }));
    }
  }

  async function* batches(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const lane = await pool.take(signal);
    try {
      const { table, columns, range } = unit;
      const argument = { table: table.name, columns, range: range as RowidRange | null };
      await lane.call('openUnit', argument, { signal });
      let ahead = lane.call('nextBatch', undefined, { signal });
      for (;;) {
        const { bytes, done, rows, variant } = await ahead;
        if (done) {
          summary.resolve({ rows, variant });
          return;
        }
        // One batch is made while the one before is used.
        ahead = lane.call('nextBatch', undefined, { signal });
        ahead.catch(() => undefined);
        yield bytes;
        if (signal.aborted) throw abortError(signal);
      }
    } finally {
      pool.give(lane);
    }
  }
}
