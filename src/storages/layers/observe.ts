import { toAppError } from '../../core/errors.ts';
import type { StorageCall, StorageCallEnd, StorageObserver } from '../../core/storage-observer.ts';
import type { ByteSource, Storage } from '../storage.ts';

/** What is known of a call while it goes on. */
interface Tally {
  bytes: number;
  idleMs: number;
}

/** Tells the observer of each call: what kind, how long, how many bytes, how it ended. */
export function withObserver(storage: Storage, scheme: string, observer: StorageObserver): Storage {
  const begin = (operation: StorageCall['operation'], name: string) => {
    const tally: Tally = { bytes: 0, idleMs: 0 };
    const end = observer.begin({ scheme, operation, name });
    return { tally, end: (error: StorageCallEnd['error']) => end({ ...tally, error }) };
  };

  const call = async <T>(
    operation: StorageCall['operation'],
    name: string,
    work: (tally: Tally) => Promise<T>,
  ): Promise<T> => {
    const { tally, end } = begin(operation, name);
    try {
      const result = await work(tally);
      end(null);
      return result;
    } catch (error) {
      end(brief(error));
      throw error;
    }
  };

  async function* iterate<T>(
    operation: 'get' | 'list',
    name: string,
    items: AsyncIterable<T>,
    bytesOf: (item: T) => number,
  ): AsyncGenerator<T> {
    const { tally, end } = begin(operation, name);
    let error: StorageCallEnd['error'] = null;
    try {
      for await (const item of items) {
        tally.bytes += bytesOf(item);
        const given = performance.now();
        try {
          yield item;
        } finally {
          tally.idleMs += performance.now() - given;
        }
      }
    } catch (thrown) {
      error = brief(thrown);
      throw thrown;
    } finally {
      end(error);
    }
  }

  return {
    ...storage,
    put: (name, source, options, context) =>
      call('put', name, (tally) => storage.put(name, counted(source, tally), options, context)),
    get: (name, range, context) =>
      iterate('get', name, storage.get(name, range, context), (chunk) => chunk.length),
    stat: (name, context) => call('stat', name, () => storage.stat(name, context)),
    list: (prefix, context) => iterate('list', prefix, storage.list(prefix, context), () => 0),
    remove: (name, context) => call('remove', name, () => storage.remove(name, context)),
    sweep: (prefix, context) => call('sweep', prefix, () => storage.sweep(prefix, context)),
    freeBytes: (context) => call('free_space', '', () => storage.freeBytes(context)),
    probe: (context) => call('probe', '', () => storage.probe(context)),
  };
}

const brief = (error: unknown): StorageCallEnd['error'] => {
  const { code, kind } = toAppError(error);
  return { code, kind };
};

/** The bytes of a put as they leave, and how long the storage waits for them. */
function counted(source: ByteSource, tally: Tally): ByteSource {
  return {
    async *open(signal) {
      let asked = performance.now();
      for await (const chunk of source.open(signal)) {
        tally.idleMs += performance.now() - asked;
        tally.bytes += chunk.length;
        yield chunk;
        asked = performance.now();
      }
      tally.idleMs += performance.now() - asked;
    },
  };
}
