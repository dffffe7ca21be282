import type { ByteSource } from '../../src/storages/storage.ts';

/** A source of these bytes in chunks of `chunkBytes`; counts how often it was opened. */
export function bytesSource(
  bytes: Uint8Array,
  chunkBytes = 64 * 1024,
): ByteSource & { readonly opened: number } {
  let opened = 0;
  return {
    get opened() {
      return opened;
    },
    async *open() {
      opened += 1;
      for (let at = 0; at < bytes.length; at += chunkBytes)
        yield Buffer.from(bytes.subarray(at, at + chunkBytes));
    },
  };
}

/** Yields `before`, then waits until it is aborted: an upload in progress. `reached` resolves when it waits. */
export function stuckSource(before: Uint8Array): ByteSource & { readonly reached: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    reached: promise,
    async *open(signal) {
      yield Buffer.from(before);
      resolve();
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (signal.aborted) reject(signal.reason);
      });
    },
  };
}

/** Yields `before`, then throws `error`. */
export const failingSource = (before: Uint8Array, error: Error): ByteSource => ({
  async *open() {
    yield Buffer.from(before);
    throw error;
  },
});

/** All that an iteration gives, joined. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(Buffer.from(chunk));
  return Buffer.concat(read);
}

export async function listAll<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
