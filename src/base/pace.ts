import { setTimeout as sleep } from 'node:timers/promises';

/** Holds a stream of bytes to a rate, over all who share it. */
export interface Pace {
  /** Resolves when `bytes` more may pass. Rejects when `signal` aborts. */
  pass(bytes: number, signal: AbortSignal): Promise<void>;
}

/** A burst of up to a tenth of a second's bytes goes through at once. */
const burstMs = 100;

export function pace(bytesPerSecond: number): Pace {
  /** When all that was let through so far would be through at the given rate. */
  let clearAt = 0;
  return {
    async pass(bytes, signal) {
      const now = performance.now();
      clearAt = Math.max(clearAt, now - burstMs) + (bytes * 1000) / bytesPerSecond;
      const wait = clearAt - now;
      if (wait > 1) await sleep(wait, undefined, { signal });
    },
  };
}
