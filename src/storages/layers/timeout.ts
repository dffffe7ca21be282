import { type SilenceWatch, watchSilence } from '../../base/silence-watch.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { ByteSource, Storage } from '../storage.ts';

export interface TimeoutOptions {
  /** No byte sent or received, and no answer, for so long: `storage-timeout`. There is no limit on the whole of a transfer. */
  readonly silenceMs: number;
  /** After the last byte of a put: joining parts and syncing large files takes longer. Also for a sweep. */
  readonly commitMs: number;
  /** How long a driver may take to clean up after an abort before it is left behind. */
  readonly graceMs: number;
}

/** Ends calls at which the storage falls silent. The time that a put's source or a get's consumer takes does not count. */
export function withTimeout(storage: Storage, options: TimeoutOptions): Storage {
  const watching = (operation: string, name: string, context: OperationContext): SilenceWatch =>
    watchSilence(
      context.signal,
      options.graceMs,
      () =>
        new AppError('storage-timeout', {
          message: `${storage.description} does not answer (${[operation, name].join(' ').trim()}).`,
          operation,
        }),
    );
  const within = (watch: SilenceWatch, context: OperationContext): OperationContext => ({
    signal: watch.signal,
    log: context.log,
  });
  const failure = (watch: SilenceWatch, context: OperationContext, error: unknown): unknown => {
    if (watch.expired !== undefined) return watch.expired;
    return context.signal.aborted ? toAppError(context.signal.reason) : error;
  };

  const call = async <T>(
    operation: string,
    name: string,
    context: OperationContext,
    ms: number,
    work: (watch: SilenceWatch, inner: OperationContext) => Promise<T>,
  ): Promise<T> => {
    using watch = watching(operation, name, context);
    watch.arm(ms);
    try {
      return await watch.guard(work(watch, within(watch, context)));
    } catch (error) {
      throw failure(watch, context, error);
    }
  };

  async function* iterate<T>(
    operation: string,
    name: string,
    context: OperationContext,
    open: (inner: OperationContext) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    using watch = watching(operation, name, context);
    const iterator = open(within(watch, context))[Symbol.asyncIterator]();
    try {
      for (;;) {
        watch.arm(options.silenceMs);
        const step = await watch.guard(iterator.next());
        watch.disarm();
        if (step.done === true) return;
        yield step.value;
      }
    } catch (error) {
      throw failure(watch, context, error);
    } finally {
      // A driver that was left behind never answers; one that is alive has closed its handles after this.
      const closing = Promise.resolve(iterator.return?.()).catch(() => undefined);
      if (!watch.signal.aborted) await closing;
    }
  }

  const { silenceMs, commitMs } = options;
  return {
    description: storage.description,
    keeps: storage.keeps,
    lists: storage.lists,
    put: (name, source, putOptions, context) =>
      call('put', name, context, silenceMs, (watch, inner) =>
        storage.put(
          name,
          watchedSource(source, watch, options),
          { ...putOptions, onSent: watch.touch },
          inner,
        ),
      ),
    get: (name, range, context) => iterate('get', name, context, (inner) => storage.get(name, range, inner)),
    stat: (name, context) => call('stat', name, context, silenceMs, (_, inner) => storage.stat(name, inner)),
    list: (prefix, context) => iterate('list', prefix, context, (inner) => storage.list(prefix, inner)),
    remove: (name, context) =>
      call('remove', name, context, silenceMs, (_, inner) => storage.remove(name, inner)),
    sweep: (prefix, context) =>
      call('sweep', prefix, context, commitMs, (_, inner) => storage.sweep(prefix, inner)),
    freeBytes: (context) =>
      call('free space', '', context, silenceMs, (_, inner) => storage.freeBytes(inner)),
    probe: (context) => call('probe', '', context, silenceMs, (_, inner) => storage.probe(inner)),
  };
}

/** Armed only while the storage has a chunk in hand, and after the last one until it has committed. */
function watchedSource(source: ByteSource, watch: SilenceWatch, options: TimeoutOptions): ByteSource {
  return {
    async *open(signal) {
      watch.disarm();
      try {
        for await (const chunk of source.open(signal)) {
          watch.arm(options.silenceMs);
          yield chunk;
          watch.disarm();
        }
      } finally {
        watch.arm(options.commitMs);
      }
    },
  };
}
