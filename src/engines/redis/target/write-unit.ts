import { abortError, untilAborted } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { WriteOutcome, WriteUnit } from '../../engine.ts';
import { formatOf } from '../rdb/format.ts';
import { readRdb } from '../rdb/read-rdb.ts';
import { abortableBytes } from './abortable-bytes.ts';
import { keyRenamer } from './key-prefixes.ts';
import { parseReceipt, unitField } from './receipts.ts';
import { Tally } from './tally.ts';
import type { TargetState } from './target-state.ts';
import type { UnitOrder } from './unit-order.ts';
import { openUnitWriter } from './unit-writer.ts';

/** From this size on a value is not held in memory, of which there may be several copies on its way. */
const largeBytes = 8 * 1024 * 1024;
/** What an argument holds besides the value's body, at most. */
const payloadOverhead = 32;

/**
 * Writes a unit's entries, and its receipt when all of them are in the target. An attempt that is cut short leaves what it wrote, and how far
 * it had come: the next one goes on there. `bytes` is not touched when the receipt is there already.
 * @param database the target's
 */
export async function writeUnit(
  state: TargetState,
  database: number,
  unit: WriteUnit,
  bytes: AsyncIterable<Uint8Array>,
  { signal, log }: OperationContext,
): Promise<WriteOutcome> {
  const { receipts } = state;
  const field = unitField(unit.key);
  const text = await receipts.get(field, signal);
  const earlier = text === null ? null : parseReceipt(text);
  if (earlier?.isDone === true) return { rows: earlier.rows, alreadyApplied: true };

  const order: UnitOrder = {
    ...readVariant(unit.variant),
    key: unit.key,
    database,
    existing: unit.existingRows ?? 'over',
    rename: keyRenamer(unit.keyPrefixes ?? []),
    settled: earlier?.rows ?? 0,
    wantsObject: unit.wantsObject ?? (() => true),
  };
  const tally = new Tally(earlier);
  const writer = await openUnitWriter(state, order, tally, signal);
  const onAbort = (): void => writer.fail(abortError(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await readRdb(abortableBytes(bytes, signal), writer.visitor, {
      fragment: order.from === null ? order.format : null,
      largeBytes: Math.min(largeBytes, state.largestArgument - payloadOverhead),
      target: state.traits,
      signal,
    });
    await writer.finish();
    const expected = await untilAborted(signal, Promise.resolve(unit.rows));
    if (tally.rows !== expected) throw rowsDiffer(unit, tally.rows, expected);
    for (const [loss, count] of tally.losses) {
      log.warn(`${count} keys of ${unit.table.schema} were written by commands. ${loss}`);
    }
    const place = { isDone: true, database: order.database, isAlone: order.existing === 'over' };
    await receipts.set(field, JSON.stringify(tally.receipt(place)), signal);
    return { rows: tally.rows, alreadyApplied: false };
  } catch (error) {
    throw signal.aborted ? abortError(signal) : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await writer.release();
  }
}

/** `REDIS0012`: a piece of a stream; `REDIS0012/file/3`: what a whole file has of a logical database. */
function readVariant(variant: string): Pick<UnitOrder, 'format' | 'from'> {
  const match = /^(.{9})(?:\/file\/(\d{1,5}))?$/.exec(variant);
  if (match === null) {
    throw new AppError('dump-damaged', {
      message: `The variant ${JSON.stringify(variant.slice(0, 50))} of a unit is not one of RDB.`,
      operation: 'write unit',
    });
  }
  return { format: formatOf(match[1] ?? ''), from: match[2] === undefined ? null : Number(match[2]) };
}

function rowsDiffer({ key, table }: WriteUnit, actual: number, expected: number): AppError {
  return new AppError('rows-differ', {
    message: `A unit of ${table.schema} has ${actual} keys where the manifest says ${expected}.`,
    operation: 'write unit',
    context: { unit: key, expected, actual },
  });
}
