import { createBudget } from '../../base/budget.ts';
import { linkAbort } from '../../base/linked-abort.ts';
import { releaseChunk } from '../../base/release-chunk.ts';
import type { ByteSource } from '../storage.ts';

/** A source that has been read so far as to know whether it is small. Dispose it after the request: the source then ends. */
export interface SizedBody extends Disposable {
  /** Of a small source all its bytes, to be sent as often as needed; else a stream, once. */
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  /** Bytes that the source has given so far. */
  readonly bytes: number;
  /** False once a stream has been begun: only opening the source again brings its beginning back. */
  readonly canBeSent: boolean;
}

/** Files of up to so many bytes are sent with their length, larger ones as they come. */
export const smallBytes = 8 * 1024 ** 2;

/** For the small files of all uploads of the process. */
const memory = createBudget(64 * 1024 ** 2);

/**
 * Reads the beginning of a source: servers are fond of knowing a file's size, which nobody knows before its end. `onSent` is called while it
 * waits for memory that others have: that is no silence of the storage. Throws what the source throws.
 */
export async function openSizedBody(
  source: ByteSource,
  signal: AbortSignal,
  onSent: () => void = () => undefined,
): Promise<SizedBody> {
  const free = await takeMemory(signal, onSent);
  const link = linkAbort(signal);
  const iterator = source.open(link.signal)[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let isTouched = false;
  const close = (): void => {
    free();
    link.abort(new DOMException('The upload has ended.', 'AbortError'));
    link[Symbol.dispose]();
    // Not waited for: the source may be stuck until it sees the abort.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  };

  async function* stream(): AsyncGenerator<Uint8Array> {
    isTouched = true;
    try {
      for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
    } finally {
      // Also when the server has refused it in the middle: whoever opens the source again needs the memory.
      pieces.length = 0;
      free();
    }
    for (;;) {
      const step = await iterator.next();
      if (step.done === true) return;
      bytes += step.value.length;
      yield step.value;
    }
  }

  try {
    while (bytes <= smallBytes) {
      const step = await iterator.next();
      if (step.done === true) {
        const content = Buffer.concat(pieces);
        for (const piece of pieces) releaseChunk(piece);
        return { content, bytes, canBeSent: true, [Symbol.dispose]: close };
      }
      bytes += step.value.length;
      pieces.push(step.value);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    content: stream(),
    get bytes() {
      return bytes;
    },
    get canBeSent() {
      return !isTouched;
    },
    [Symbol.dispose]: close,
  };
}

async function takeMemory(signal: AbortSignal, onSent: () => void): Promise<() => void> {
  const timer = setInterval(onSent, 1000);
  try {
    return await memory.take(smallBytes, signal);
  } finally {
    clearInterval(timer);
  }
}
