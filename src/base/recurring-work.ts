/** Work that is done now, and again and again. */
export interface RecurringWork {
  /** Does not keep the process alive. */
  start(): void;
  /** Aborts the signal that the work has, and settles when it has ended. There is no start after it. */
  stop(): Promise<void>;
}

/**
 * Does `work` every `everyMs`; while it still works, a turn is left out.
 * @param work rejects never
 */
export function createRecurringWork(
  work: (stopped: AbortSignal) => Promise<void>,
  everyMs: number,
): RecurringWork {
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | null = null;
  const turn = (): void => {
    working ??= work(stopped.signal).finally(() => {
      working = null;
    });
  };
  return {
    start() {
      turn();
      timer ??= setInterval(turn, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
      stopped.abort();
      await working;
    },
  };
}
