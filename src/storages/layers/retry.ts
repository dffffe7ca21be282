import { type RetryPolicy, retry } from '../../base/retry.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { StorageCall } from '../../core/storage-observer.ts';
import type { ByteRange, ByteSource, Storage, StoredFile } from '../storage.ts';

/** Runs one step of an operation until it succeeds or fails for good. */
type Again = <T>(
  operation: StorageCall['operation'],
  name: string,
  context: OperationContext,
  run: () => Promise<T>,
) => Promise<T>;

/** However long a storage asks to be left alone, so long is waited at most. */
const mostAskedMs = 60_000;

/**
 * Tries again after temporary errors, with growing waits, and not before the storage wants to be asked (`retryAfterMs` in the
 * error's context, at most a minute). A `put` opens its source again; a `get` goes on from the byte that it had
 * reached, a `list` after the name that it had reached, and each step forward gives back all tries. A file that was replaced between two
 * pieces is not noticed here: dump files are written once, and what is read of them is held against digests. What a put's source throws is passed on
 * as it is: whoever reads the source knows whether to read it again.
 * @param onRetry called before each further try
 */
export function withRetry(
  storage: Storage,
  policy: RetryPolicy,
  onRetry?: (operation: StorageCall['operation'], name: string) => void,
): Storage {
  const again: Again = (operation, name, context, run) =>
    retry(run, {
      ...policy,
      signal: context.signal,
      isTemporary: (error) => error instanceof AppError && error.temporary,
      askedDelayMs: (error) => Math.min(mostAskedMs, Number(toAppError(error).context.retryAfterMs ?? 0)),
      onRetry: (error, attempt) => {
        const { message, code } = toAppError(error);
        onRetry?.(operation, name);
        context.log.warn(`storage ${operation.replace('_', ' ')} failed, trying again: ${message}`, {
          storage: storage.description,
          name,
          attempt,
          code,
        });
      },
    }).catch((error: unknown) => {
      throw toAppError(error);
    });

  return {
    description: storage.description,
    keeps: storage.keeps,
    lists: storage.lists,
    async put(name, source, options, context) {
      const guarded = guardedSource(source);
      /** Size of a try that sent everything and then failed: its file may be there. */
      let doubtful: number | null = null;
      let ifExists = options.ifExists;
      const result = await again('put', name, context, async () => {
        try {
          return { stored: await storage.put(name, guarded.source, { ...options, ifExists }, context) };
        } catch (error) {
          if (guarded.failure !== null) return { stored: null };
          const { code } = toAppError(error);
          if (code === 'file-exists' && doubtful !== null) {
            const found = await storage.stat(name, context);
            if (found?.bytes !== doubtful) throw error;
            ifExists = 'replace';
            return { stored: await storage.put(name, guarded.source, { ...options, ifExists }, context) };
          }
          doubtful = guarded.sent ?? doubtful;
          throw error;
        }
      });
      if (result.stored !== null) return result.stored;
      throw guarded.failure?.error;
    },
    get: (name, range, context) => resumingGet(storage, name, range, context, again),
    stat: (name, context) => again('stat', name, context, () => storage.stat(name, context)),
    list: (prefix, context) => resumingList(storage, prefix, context, again),
    remove: (name, context) => again('remove', name, context, () => storage.remove(name, context)),
    sweep: (prefix, context) => again('sweep', prefix, context, () => storage.sweep(prefix, context)),
    freeBytes: (context) => again('free_space', '', context, () => storage.freeBytes(context)),
    // Somebody waits for the answer, and wants to know what is wrong now.
    probe: (context) => storage.probe(context),
  };
}

/** Remembers what the source threw, so that it can be told from the storage's own errors. */
function guardedSource(source: ByteSource): {
  readonly source: ByteSource;
  readonly failure: { readonly error: unknown } | null;
  /** Bytes of the last try, null unless it was read to its end. */
  readonly sent: number | null;
} {
  let failure: { readonly error: unknown } | null = null;
  let sent: number | null = null;
  return {
    source: {
      async *open(signal) {
        let bytes = 0;
        sent = null;
        try {
          for await (const chunk of source.open(signal)) {
            bytes += chunk.length;
            yield chunk;
          }
          sent = bytes;
        } catch (error) {
          // After an abort the source only echoes it; the storage's time-out may be the one that aborted.
          if (!signal.aborted) failure = { error };
          throw error;
        }
      },
    },
    get failure() {
      return failure;
    },
    get sent() {
      return sent;
    },
  };
}

async function* resumingGet(
  storage: Storage,
  name: string,
  range: ByteRange | null,
  context: OperationContext,
  again: Again,
): AsyncGenerator<Uint8Array> {
  let wanted = range;
  let position = range?.start ?? 0;
  yield* resuming(
    async (isResume) => {
      if (!isResume) return storage.get(name, range, context);
      if (wanted === null) {
        const found = await storage.stat(name, context);
        if (found === null)
          throw new AppError('file-missing', { message: `${name} has gone while it was read.` });
        wanted = { start: 0, end: found.bytes - 1 };
      }
      return position > wanted.end
        ? nothing()
        : storage.get(name, { start: position, end: wanted.end }, context);
    },
    (chunk) => {
      position += chunk.length;
      return true;
    },
    (run) => again('get', name, context, run),
  );
}

async function* resumingList(
  storage: Storage,
  prefix: string,
  context: OperationContext,
  again: Again,
): AsyncGenerator<StoredFile> {
  let last: Buffer | null = null;
  yield* resuming(
    async () => storage.list(prefix, context),
    ({ name }) => {
      // A list that is asked for again starts from its first name.
      const bytes = Buffer.from(name);
      if (last !== null && Buffer.compare(bytes, last) <= 0) return false;
      last = bytes;
      return true;
    },
    (run) => again('list', prefix, context, run),
  );
}

/** Iterates what `open` gives; after a temporary error opens it anew. Items that `accept` refuses are left out. */
async function* resuming<T>(
  open: (isResume: boolean) => Promise<AsyncIterable<T>>,
  accept: (item: T) => boolean,
  again: (run: () => Promise<IteratorResult<T>>) => Promise<IteratorResult<T>>,
): AsyncGenerator<T> {
  let iterator: AsyncIterator<T> | null = null;
  let isResume = false;
  const pull = async (): Promise<IteratorResult<T>> => {
    try {
      iterator ??= (await open(isResume))[Symbol.asyncIterator]();
      return await iterator.next();
    } catch (error) {
      iterator = null;
      isResume = true;
      throw error;
    }
  };
  try {
    for (;;) {
      const step = await again(pull);
      if (step.done === true) return;
      if (accept(step.value)) yield step.value;
    }
  } finally {
    await (iterator as AsyncIterator<T> | null)?.return?.();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
