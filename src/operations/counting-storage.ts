import type { Storage } from '../storages/storage.ts';

/** What counts what is read from it. */
export interface ReadCount {
  /** Bytes of files that were handed out so far. */
  bytesRead(): number;
}

/** Counts above all layers: what a layer reads again after a failure counts once. */
export function countReads<S extends Pick<Storage, 'get'>>(storage: S): S & ReadCount {
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
