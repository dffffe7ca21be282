import { type Gate, gate } from '../../base/gate.ts';
import { type Pace, pace } from '../../base/pace.ts';
import type { OperationContext } from '../../core/context.ts';
import type { ByteSource, Storage } from '../storage.ts';

export interface LimitOptions {
  /** Uploads at once, and as many other calls. A `get` counts until its iteration ends, a `list` only while it fetches. */
  readonly concurrency: number;
  /** Bytes sent and received; null: as fast as it goes. */
  readonly bytesPerSecond: number | null;
}

/** The places and the rate that several storages share. */
export interface Limit {
  /** Uploads have places of their own: what they send may come from the same kind of storage (`dump copy`), and must not wait for them. */
  readonly uploads: Gate;
  readonly others: Gate;
  readonly rate: Pace | null;
}

export const createLimit = ({ concurrency, bytesPerSecond }: LimitOptions): Limit => ({
  uploads: gate(concurrency),
  others: gate(concurrency),
  rate: bytesPerSecond === null ? null : pace(bytesPerSecond),
});

/** Holds a storage to so many calls and bytes. While a `get` is being iterated, its user must not wait for another call of the same storage. */
export function withLimit(storage: Storage, { uploads, others, rate }: Limit): Storage {
  const call = async <T>(
    context: OperationContext,
    work: () => Promise<T>,
    places: Gate = others,
  ): Promise<T> => {
    const leave = await places.enter(context.signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };

  return {
    description: storage.description,
    keeps: storage.keeps,
    lists: storage.lists,
    put: (name, source, putOptions, context) =>
      call(context, () => storage.put(name, pacedSource(source, rate), putOptions, context), uploads),
    async *get(name, range, context) {
      const leave = await others.enter(context.signal);
      try {
        yield* paced(storage.get(name, range, context), rate, context.signal);
      } finally {
        leave();
      }
    },
    stat: (name, context) => call(context, () => storage.stat(name, context)),
    list: (prefix, context) => pulledThrough(others, storage.list(prefix, context), context),
    remove: (name, context) => call(context, () => storage.remove(name, context)),
    sweep: (prefix, context) => call(context, () => storage.sweep(prefix, context)),
    freeBytes: (context) => call(context, () => storage.freeBytes(context)),
    probe: (context) => call(context, () => storage.probe(context)),
  };
}

function pacedSource(source: ByteSource, rate: Pace | null): ByteSource {
  if (rate === null) return source;
  return { open: (signal) => paced(source.open(signal), rate, signal) };
}

async function* paced(
  chunks: AsyncIterable<Uint8Array>,
  rate: Pace | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await rate?.pass(chunk.length, signal);
    yield chunk;
  }
}

/** Takes a place for each step only: who iterates a list often calls the storage in between. */
async function* pulledThrough<T>(
  places: Gate,
  items: AsyncIterable<T>,
  context: OperationContext,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const leave = await places.enter(context.signal);
      const step = await iterator.next().finally(leave);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}
