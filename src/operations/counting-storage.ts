import type { Storage } from '../storages/storage.ts';

/** A storage that counts what is read from it. */
export interface CountingStorage extends Storage {
  /** Bytes of files that were handed out so far. */
  bytesRead(): number;
}

/** Counts above all layers: what a layer reads again after a failure counts once. */
export function countReads(storage: Storage): CountingStorage {
  let read = 0;
  return {
    ...storage,
    async *get(name, range, context) {
      for await (const chunk of storage.get(name, range, context)) {
        read += chunk.byteLength;
        yield chunk;
      }
    },
    bytesRead: () => read,
  };
}
