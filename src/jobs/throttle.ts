/** Hands the latest value on, at most once per interval, the first one included, and never twice at a time. */
export interface Throttle<T> {
  push(value: T): void;
  /** Drops what waits; settles when nothing is being written any more. */
  stop(): Promise<void>;
}

export function createThrottle<T>(write: (value: T) => Promise<void>, intervalMs: number): Throttle<T> {
  let latest: { readonly value: T } | undefined;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let nextAt = performance.now() + intervalMs;
  let stopped = false;

  const schedule = (): void => {
    if (stopped || latest === undefined || writing !== undefined || timer !== undefined) return;
    const wait = nextAt - performance.now();
    if (wait > 0) {
      timer = setTimeout(() => {
        timer = undefined;
        flush();
      }, wait);
    } else flush();
  };
  const flush = (): void => {
    if (latest === undefined) return;
    const { value } = latest;
    latest = undefined;
    nextAt = performance.now() + intervalMs;
    writing = write(value).finally(() => {
      writing = undefined;
      schedule();
    });
  };

  return {
    push(value) {
      latest = { value };
      schedule();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await writing;
    },
  };
}
