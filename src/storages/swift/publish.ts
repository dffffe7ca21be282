import { createKeyedSerial } from '../../base/serial.ts';
import { AppError } from '../../core/errors.ts';
import type { PutOptions } from '../storage.ts';
import type { ObjectFacts, PutConditions, SwiftContainer } from './container.ts';
import { SwiftRefusal } from './refusal.ts';
import { removeAll, type SegmentPlace, segmentsOf } from './remove.ts';
import type { UploadName } from './segment-names.ts';

/** The step that makes an upload visible. */
export interface Publication {
  /** Whether there may be a file of this upload, now or later: its segments are then not to be removed. */
  mayBeStored(): boolean;
  /** Throws `file-exists` where the put must not replace what is there: before anything is sent in vain. */
  refuseExisting(signal: AbortSignal): Promise<void>;
  /** Stores the file of so many bytes by `send`, and then removes the segments of the one that it replaces. */
  publish(
    bytes: number,
    send: (conditions: PutConditions) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
}

/**
 * Swift looks for the old object when a request begins, so that of two at the same moment both pass: those of one process go one by one. Of two
 * processes that both pass the later request wins, whole, and the other one looks once more.
 */
const inTurn = createKeyedSerial();

/**
 * Tags of uploads that failed for their callers although nobody knows what became of the last request. The retry of such a put may find its
 * own file, which is in nobody's way.
 */
const inDoubt = new Set<string>();
const mostInDoubt = 1000;

export function createPublication(
  container: SwiftContainer,
  { object, tag }: UploadName,
  ifExists: PutOptions['ifExists'],
): Publication {
  let mayBeStored = false;
  const subject = `swift://${container.name}/${object}`;

  const isOurs = async (signal: AbortSignal): Promise<boolean> =>
    (await container.head(object, signal))?.tag === tag;

  /** One request, and a look at what became of it when it got no clear answer. */
  const attempt = async (send: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    mayBeStored = true;
    try {
      await send();
    } catch (error) {
      if (isClear(error)) mayBeStored = false;
      else if (!signal.aborted && (await isOurs(signal).catch(() => false))) return;
      else doubt(tag);
      throw error;
    }
  };

  /** Resolves to the segments of the file that was replaced. */
  const store = async (
    send: (conditions: PutConditions) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly SegmentPlace[]> => {
    if (ifExists === 'fail') {
      try {
        await attempt(() => send({ onlyNew: true, tag }), signal);
        return [];
      } catch (error) {
        if (!isConflict(error) || !isDoubtful(await container.head(object, signal))) throw error;
      }
    }
    // Nobody can find them once their manifest is overwritten.
    const replaced = await segmentsOf(container, object, signal);
    await attempt(() => send({ onlyNew: false, tag }), signal);
    return replaced;
  };

  /** What the storage has now. The answer to the request is enough where it does not say. */
  const checkStored = async (bytes: number, signal: AbortSignal): Promise<void> => {
    const found = await container.head(object, signal).catch(() => null);
    if (found === null || (found.tag === tag && found.bytes === bytes)) return;
    if (found.tag === tag) {
      throw new AppError('storage-failed', {
        message: `${subject} has ${found.bytes} bytes at the storage after ${bytes} bytes were stored.`,
        operation: 'put',
      });
    }
    // Another writer has replaced it already.
    if (ifExists === 'replace') return;
    mayBeStored = false;
    throw new AppError('file-exists', {
      message: `Another writer has stored ${subject} at the same moment.`,
      operation: 'put',
    });
  };

  return {
    mayBeStored: () => mayBeStored,

    async refuseExisting(signal) {
      if (ifExists === 'replace') return;
      const found = await container.head(object, signal);
      if (found !== null && !isDoubtful(found)) throw new SwiftRefusal(412, 'Precondition Failed');
    },

    publish: (bytes, send, signal) =>
      turnOf(`${container.name}/${object}`, signal, async () => {
        const replaced = await store(send, signal);
        await checkStored(bytes, signal);
        // The file is stored; what stays of the old one is found by a sweep.
        await removeAll(container, replaced, signal).catch(() => undefined);
      }),
  };
}

/** Waits for its turn no longer than `signal` lets it. */
async function turnOf(key: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  const run = inTurn(key, async () => {
    signal.throwIfAborted();
    signal.removeEventListener('abort', giveUp);
    await work();
  });
  try {
    await Promise.race([run, promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
    run.catch(() => undefined);
  }
}

const isDoubtful = (found: ObjectFacts | null): boolean =>
  found !== null && found.tag !== null && inDoubt.has(found.tag);

function doubt(tag: string): void {
  inDoubt.add(tag);
  const [oldest = tag] = inDoubt;
  if (inDoubt.size > mostInDoubt) inDoubt.delete(oldest);
}

/** Whether the request was refused for sure: a broken connection or a fault of the server says nothing. */
const isClear = (error: unknown): boolean =>
  error instanceof SwiftRefusal && error.status < 500 && error.status !== 408 && error.status !== 499;

const isConflict = (error: unknown): boolean => error instanceof SwiftRefusal && error.status === 412;
