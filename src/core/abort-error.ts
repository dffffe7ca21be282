import { AppError } from './errors.ts';

/** Why `signal` was aborted, as an AppError: its reason if that is one, else `aborted`. */
export const abortError = (signal: AbortSignal): AppError =>
  signal.reason instanceof AppError
    ? signal.reason
    : new AppError('aborted', { message: 'The work was interrupted.', cause: signal.reason });

/** `work`, or the abort, whichever is first; `work` goes on for others who wait for it. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortError(signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
