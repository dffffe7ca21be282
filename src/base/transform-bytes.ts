import type { Transform } from 'node:stream';

/**
 * What comes out of `transform` when `source` is written into it, with back pressure: at most one chunk is in the transform and one more
 * waits, so that reading and transforming overlap. An error of either side, or an abort, ends the iteration with that error at once, and
 * `source` is closed. At the end the transform is destroyed in any case.
 * @param onTaken gets each chunk that the transform has taken in, for one that keeps nothing of its chunks
 */
export async function* transformBytes(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  signal: AbortSignal,
  onTaken: (chunk: Uint8Array) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
  const onAbort = (): void => void transform.destroy(asError(signal.reason));
  // Without a listener of its own a late error would end the process.
  transform.on('error', () => undefined);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  // Never rejects: its error travels through the transform.
  void feed(source, transform, onTaken).catch((error: unknown) => transform.destroy(asError(error)));
  try {
    for await (const chunk of transform) yield chunk as Uint8Array;
    // An abort between the last chunk and here must not look like a clean end.
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', onAbort);
    transform.destroy();
  }
}

/** Resolves after `end`, or as soon as the transform is gone. */
async function feed(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  onTaken: (chunk: Uint8Array) => void,
): Promise<void> {
  let release = (): void => undefined;
  let written = Promise.resolve();
  transform.once('close', () => release());
  for await (const chunk of source) {
    await written;
    if (transform.destroyed) return;
    written = new Promise((resolve) => {
      release = resolve;
      transform.write(chunk, (error) => {
        // After an error the transform may still have its hands on the chunk.
        if (error == null) onTaken(chunk);
        resolve();
      });
    });
  }
  await written;
  if (!transform.destroyed) transform.end();
}
