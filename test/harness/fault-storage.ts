import { AppError } from '../../src/core/errors.ts';
import type { ByteSource, Storage } from '../../src/storages/storage.ts';

/** When a storage fails. Counters run over all calls. */
export interface Faults {
  /** Which calls: the first ones, up to this many failures. */
  readonly times: number;
  /** Bytes of a put or get that go well first. */
  readonly afterBytes?: number;
  /** Names of a list that go well first. */
  readonly afterNames?: number;
  readonly error?: () => Error;
}

/** What a dropped connection looks like. */
export const dropped = (): AppError => new AppError('storage-failed', { message: 'The connection was cut.' });

/** A storage that fails `times` times: at byte n of a put or get, after n names of a list, and at once elsewhere. */
export function failingStorage(storage: Storage, faults: Faults): Storage & { readonly failures: number } {
  const { times, afterBytes = 0, afterNames = 0, error = dropped } = faults;
  let failures = 0;
  const fail = (): void => {
    if (failures >= times) return;
    failures += 1;
    throw error();
  };
  /** Lets `limit` of the measure pass, cutting where it can, then fails. */
  async function* cut<T>(
    items: AsyncIterable<T>,
    limit: number,
    split: (item: T, left: number) => { readonly now: T | null; readonly size: number },
  ): AsyncGenerator<T> {
    if (failures >= times) return yield* items;
    let left = limit;
    for await (const item of items) {
      const { now, size } = split(item, left);
      if (now !== null) yield now;
      left -= size;
      if (left < 0) fail();
    }
    fail();
  }
  const cutBytes = (chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    cut(chunks, afterBytes, (chunk, left) => ({
      now: left <= 0 ? null : chunk.subarray(0, left),
      size: chunk.length,
    }));
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    fail();
    return await work();
  };
  return {
    description: storage.description,
    keeps: storage.keeps,
    lists: true,
    get failures() {
      return failures;
    },
    async put(name, source, options, context) {
      // The driver sees an error from its own side of the transfer, as with a cut connection.
      let fault: unknown;
      const broken: ByteSource = {
        async *open(signal) {
          try {
            yield* cutBytes(source.open(signal));
          } catch (thrown) {
            fault = thrown;
            throw thrown;
          }
        },
      };
      return await storage.put(name, broken, options, context).catch((thrown: unknown) => {
        throw fault ?? thrown;
      });
    },
    get: (name, range, context) => cutBytes(storage.get(name, range, context)),
    stat: (name, context) => call(() => storage.stat(name, context)),
    list: (prefix, context) =>
      cut(storage.list(prefix, context), afterNames, (item, left) => ({
        now: left <= 0 ? null : item,
        size: 1,
      })),
    remove: (name, context) => call(() => storage.remove(name, context)),
    sweep: (prefix, context) => call(() => storage.sweep(prefix, context)),
    freeBytes: (context) => call(() => storage.freeBytes(context)),
    probe: (context) => call(() => storage.probe(context)),
  };
}

/** A storage that takes or gives `afterBytes` bytes and then never answers again, not even to an abort. Its other calls never answer at all. */
export function silentStorage(storage: Storage, afterBytes: number): Storage {
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
  async function* quietAfter(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let left = afterBytes;
    for await (const chunk of chunks) {
      // What lies behind is closed before the silence begins, so that the test leaks nothing.
      if (chunk.length > left) break;
      left -= chunk.length;
      yield chunk;
    }
    await never();
  }
  async function* nothing(): AsyncGenerator<never> {
    yield await never();
  }
  return {
    description: storage.description,
    keeps: storage.keeps,
    lists: true,
    async put(_name, source, _options, context) {
      for await (const _ of quietAfter(source.open(context.signal)));
      return await never();
    },
    get: (name, range, context) => quietAfter(storage.get(name, range, context)),
    stat: never,
    list: nothing,
    remove: never,
    sweep: never,
    freeBytes: never,
    probe: never,
  };
}
