import { setTimeout as sleep } from 'node:timers/promises';
import { abortError } from '../../core/abort-error.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import { settledFingerprint } from './fingerprint.ts';
import { type Lane, openLane } from './lanes.ts';

/** Connections in read transactions that see the same instant. */
export interface View {
  readonly lanes: readonly Lane[];
  /** A fingerprint of the file at that instant; null where it could not be had. */
  readonly token: string | null;
}

/** How long to wait for somebody who is writing. */
const lockMs = 5_000;
const lockPauseMs = 50;
/** How often to try for one instant where writers cannot be held off. */
const attempts = 10;

/**
 * Begins a read transaction on each lane. While they begin, a transaction on a second connection holds writers off, so that all see the same;
 * where the file cannot be locked (read-only, or a long write by somebody else), the file must have stayed the same from before the first to
 * after the last, and if it never does, one lane remains.
 */
export async function beginView(
  lanes: readonly Lane[],
  path: string,
  context: OperationContext,
): Promise<View> {
  const { signal } = context;
  const first = lanes[0] as Lane;
  const beginAll = () => Promise.all(lanes.map((lane) => lane.call('begin', undefined, { signal })));
  if (await lockOut(first, context)) {
    try {
      await beginAll();
      return { lanes, token: await settledFingerprint(path) };
    } finally {
      await first.call('unlock', undefined);
    }
  }
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = await settledFingerprint(path);
    await beginAll();
    if (before !== null && before === (await settledFingerprint(path))) return { lanes, token: before };
    await Promise.all(lanes.map((lane) => lane.call('rollback', undefined, { signal })));
  }
  context.log.warn('The database changes all the time and cannot be locked: it is read on one connection.');
  await first.call('begin', undefined, { signal });
  await Promise.all(lanes.slice(1).map((lane) => lane[Symbol.asyncDispose]()));
  return { lanes: [first], token: null };
}

/** Holds off writers, when whoever writes now is done; false where that cannot be. */
async function lockOut(lane: Lane, { signal, log }: OperationContext): Promise<boolean> {
  const deadline = Date.now() + lockMs;
  try {
    while (!(await lane.call('lock', undefined, { signal }))) {
      if (Date.now() > deadline) return false;
      await sleep(lockPauseMs, undefined, { signal });
    }
    return true;
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (!(error instanceof AppError) || error.code !== 'database-privilege') throw error;
    log.debug('The database cannot be written, so that writers cannot be held off.', {
      reason: error.message,
    });
    return false;
  }
}

/** More lanes for the same file. */
export async function openLanes(path: string, count: number, signal: AbortSignal): Promise<readonly Lane[]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, () => openLane(path, signal)));
  const lanes = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value.lane] : []));
  const failed = opened.find((each) => each.status === 'rejected');
  if (failed === undefined) return lanes;
  await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()));
  throw failed.reason;
}
