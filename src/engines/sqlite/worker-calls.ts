import { extname } from 'node:path';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { lowerThreadPriority } from '../../base/thread-priority.ts';
import { abortError } from '../../core/abort-error.ts';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError, type AppErrorOptions } from '../../core/errors.ts';
import { classifySqlite } from './classify.ts';

/**
 * better-sqlite3 is synchronous, so every connection lives in a worker thread and is called by messages. A worker does its calls one
 * after the other, in the order in which they were made.
 */

/** The functions that a worker answers: one argument each, plain data or transferred buffers. */
// biome-ignore lint/suspicious/noExplicitAny: a constraint; each worker declares its own calls.
export type Calls = Readonly<Record<string, (argument: any) => unknown>>;

/** A worker thread that answers `C`. */
export interface CalledWorker<C extends Calls> extends AsyncDisposable {
  /**
   * Asks the worker. With an aborted `signal` it rejects at once; the worker is told (see {@link wasInterrupted}), and still ends
   * the call before it begins the next.
   */
  call<K extends keyof C & string>(
    method: K,
    argument: Parameters<C[K]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<C[K]>>>;
  /** Aborted, with an AppError as the reason, when the thread ended by itself. */
  readonly died: AbortSignal;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Buffers that move over; the caller must not use them any more. */
  readonly transfer?: readonly ArrayBuffer[];
}

interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}
type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorMessage };
interface ErrorMessage extends Omit<AppErrorOptions, 'cause'> {
  readonly code: ErrorCode;
}

/** How long a closing worker may go on with a statement before nobody waits for it any longer. */
const closeMs = 5_000;

/** Starts the worker `name`, a module beside `importer`: as .ts in a checkout, as .js in the published package. */
export function startWorker<C extends Calls>(importer: string, name: string): CalledWorker<C> {
  const interrupted = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(`./${name}${extname(new URL(importer).pathname)}`, importer), {
    workerData: { interrupted },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const died = new AbortController();
  let lastId = 0;
  let closing = false;

  const end = (cause: unknown): void => {
    const reason = closing
      ? new AppError('aborted', { message: 'The database was closed.' })
      : new AppError('database-unreachable', { message: 'A thread that works on the database died.', cause });
    if (!closing) died.abort(reason);
    closing = true;
    for (const each of waiting.values()) each.reject(reason);
    waiting.clear();
  };
  worker.on('message', (reply: Reply) => {
    const each = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
    if ('error' in reply) each?.reject(revive(reply.error));
    else each?.resolve(reply.value);
  });
  worker.on('error', end);
  const exited = new Promise<void>((done) => {
    worker.once('exit', () => {
      end(undefined);
      done();
    });
  });
  // Only a call that is under way keeps the process alive.
  worker.unref();

  return {
    died: died.signal,
    async call(method, argument, { signal, transfer } = {}) {
      if (signal?.aborted) throw abortError(signal);
      if (closing)
        throw died.signal.reason ?? new AppError('aborted', { message: 'The database was closed.' });
      const id = ++lastId;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      worker.ref();
      worker.postMessage({ id, method, argument } satisfies Request, [...(transfer ?? [])]);
      const onAbort = () => {
        Atomics.store(interrupted, 0, id);
        Atomics.notify(interrupted, 0);
        answer.reject(abortError(signal as AbortSignal));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return (await answer.promise) as never;
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    async [Symbol.asyncDispose]() {
      if (!closing) {
        closing = true;
        worker.ref();
        worker.postMessage({ id: ++lastId, method: 'close', argument: undefined } satisfies Request);
      }
      // A native statement cannot be broken off: after a while the thread is left alone, and goes when it is done.
      const patience = Promise.withResolvers<void>();
      const timer = setTimeout(patience.resolve, closeMs);
      await Promise.race([exited, patience.promise]);
      clearTimeout(timer);
      worker.unref();
    },
  };
}

let currentId = 0;

/** In a worker: whether the caller of the running call has given up. */
export const wasInterrupted = (): boolean => Atomics.load(interruptedFlag(), 0) === currentId;

/** In a worker: sleeps, and wakes at once when the caller gives up. */
export function sleepUnlessInterrupted(ms: number): void {
  const flag = interruptedFlag();
  Atomics.wait(flag, 0, Atomics.load(flag, 0), ms);
}

const interruptedFlag = (): Int32Array => (workerData as { interrupted: Int32Array }).interrupted;

/**
 * In a worker: answers calls until `close`, which runs `calls.close` and ends the thread. A result with a member `bytes` that has its
 * memory for itself is moved, not copied. Errors arrive as the AppErrors that `classify` makes of them.
 */
export function answerCalls(calls: Calls & { close: () => void }): void {
  lowerThreadPriority();
  const port = parentPort;
  if (port === null) throw new Error('This module runs in a worker thread.');
  port.on('message', ({ id, method, argument }: Request) => {
    currentId = id;
    try {
      const value = calls[method]?.(argument);
      port.postMessage({ id, value } satisfies Reply, transferable(value));
    } catch (error) {
      port.postMessage({ id, error: flatten(classifySqlite(error, method)) } satisfies Reply);
    }
    if (method === 'close') port.close();
  });
}

function transferable(value: unknown): ArrayBuffer[] {
  const bytes = (value as { bytes?: unknown } | null | undefined)?.bytes;
  if (!(bytes instanceof Uint8Array) || bytes.byteLength !== bytes.buffer.byteLength) return [];
  return bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
}

function flatten(error: AppError): ErrorMessage {
  const { code, message, hint, context, temporary, field, operation } = error;
  return {
    code,
    message,
    hint,
    context,
    temporary,
    ...(field === undefined ? {} : { field }),
    ...(operation === undefined ? {} : { operation }),
  };
}

const revive = ({ code, ...options }: ErrorMessage): AppError => new AppError(code, options);
