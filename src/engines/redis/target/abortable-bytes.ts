import { releaseChunk } from '../../../base/release-chunk.ts';
import { untilAborted } from '../../../core/abort-error.ts';

/** The chunks of `source`; on an abort they end at once with its error, even when the source hangs. Each is freed when the next is asked for. */
export async function* abortableBytes(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await untilAborted(signal, iterator.next());
      isOver = next.done === true;
      if (next.done === true) return;
      yield next.value;
      releaseChunk(next.value);
    }
  } catch (error) {
    isOver = true;
    // One that hangs cannot be waited for.
    if (signal.aborted) iterator.return?.().catch(() => undefined);
    throw error;
  } finally {
    if (!isOver) await iterator.return?.();
  }
}
