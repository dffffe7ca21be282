import { abortError } from '../../core/abort-error.ts';
import { AppError } from '../../core/errors.ts';
import type { ReaderCalls } from './reader-worker.ts';
import { type CalledWorker, startWorker } from './worker-calls.ts';

/** A connection for reading, in a thread of its own. */
export type Lane = CalledWorker<ReaderCalls>;

/** Opens a connection to a file that exists. */
export async function openLane(path: string, signal: AbortSignal): Promise<{ lane: Lane; version: string }> {
  const lane: Lane = startWorker(import.meta.url, 'reader-worker');
  try {
    const { version } = await lane.call('open', { path }, { signal });
    return { lane, version };
  } catch (error) {
    await lane[Symbol.asyncDispose]();
    throw error;
  }
}

/** Lanes that are lent out one by one. */
export interface LanePool extends AsyncDisposable {
  /** Runs `work` with a lane of its own; waits for one to be free. Rejects at once when aborted. */
  withLane<T>(signal: AbortSignal, work: (lane: Lane) => Promise<T>): Promise<T>;
  /** A free lane, to be given back. */
  take(signal: AbortSignal): Promise<Lane>;
  give(lane: Lane): void;
}

/** Lends out `lanes`; disposing of it closes them. */
export function poolLanes(lanes: readonly Lane[]): LanePool {
  const free = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  const closed = new AbortController();

  const take = async (signal: AbortSignal): Promise<Lane> => {
    if (signal.aborted) throw abortError(signal);
    if (closed.signal.aborted) throw abortError(closed.signal);
    const lane = free.pop();
    if (lane !== undefined) return lane;
    const { promise, resolve, reject } = Promise.withResolvers<Lane>();
    const either = AbortSignal.any([signal, closed.signal]);
    const onAbort = () => {
      waiting.splice(waiting.indexOf(resolve), 1);
      reject(abortError(either));
    };
    waiting.push(resolve);
    either.addEventListener('abort', onAbort, { once: true });
    return promise.finally(() => either.removeEventListener('abort', onAbort));
  };
  const give = (lane: Lane): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(lane);
    else next(lane);
  };
  return {
    take,
    give,
    async withLane(signal, work) {
      const lane = await take(signal);
      try {
        return await work(lane);
      } finally {
        give(lane);
      }
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new AppError('aborted', { message: 'The snapshot was closed.' }));
      await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()));
    },
  };
}
