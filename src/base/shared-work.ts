/**
 * Work whose result serves everybody who asks while it runs: it is begun by the first, and aborted when the last one no longer waits.
 * Afterwards the next one begins it anew.
 */
export function shareWork<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  interface Run {
    readonly result: Promise<T>;
    readonly controller: AbortController;
    waiting: number;
  }
  let running: Run | null = null;

  const begin = (): Run => {
    const controller = new AbortController();
    const result = work(controller.signal);
    const run = { result, controller, waiting: 0 };
    const forget = (): void => {
      if (running === run) running = null;
    };
    result.then(forget, forget);
    return run;
  };

  return async (signal) => {
    signal.throwIfAborted();
    running ??= begin();
    const run = running;
    run.waiting += 1;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([run.result, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      run.waiting -= 1;
      if (run.waiting === 0 && running === run) {
        running = null;
        run.controller.abort(signal.reason);
      }
    }
  };
}
