/** A signal that aborts some time after another one: for work that may come to its own end first. */
export interface LateAbort extends Disposable {
  readonly signal: AbortSignal;
}

/** Until it is disposed, aborts `ms` after `early` with the same reason. */
export function lateAbort(early: AbortSignal, ms: number): LateAbort {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => controller.abort(early.reason), ms);
  };
  if (early.aborted) start();
  else early.addEventListener('abort', start, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      early.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}
