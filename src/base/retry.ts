import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';

/** How often and how patiently something is tried again. */
export interface RetryPolicy {
  /** Tries in all; 1 means no retry. */
  readonly attempts: number;
  /** Wait before the second try; it doubles from try to try, with up to as much again by chance. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export interface RetryOptions extends RetryPolicy {
  /** Ends the waiting; the call then rejects with its reason. */
  readonly signal: AbortSignal;
  /** Whether another try may help. */
  isTemporary(error: unknown): boolean;
  /** A wait that the error asks for, before the one of the policy; 0: none. */
  askedDelayMs?(error: unknown): number;
  /** Called before the wait. `attempt` counts the tries that failed, from 1. */
  onRetry?(error: unknown, attempt: number): void;
}

/**
 * Runs `run` until it succeeds, fails for good, or the tries are used up; then rejects with its last error. A success counts even when
 * `signal` aborted meanwhile: what was done cannot be taken back by saying that it was not.
 */
export async function retry<T>(run: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, isTemporary, onRetry, askedDelayMs = () => 0, signal } = options;
  let success: { readonly value: T } | undefined;
  try {
    return await pRetry(
      async (attempt) => {
        const value = await run(attempt);
        success = { value };
        return value;
      },
      {
        retries: attempts - 1,
        factor: 2,
        minTimeout: options.firstDelayMs,
        maxTimeout: options.maxDelayMs,
        randomize: true,
        signal,
        shouldRetry: async ({ error, attemptNumber }) => {
          if (signal.aborted || !isTemporary(error)) return false;
          onRetry?.(error, attemptNumber);
          // An abort is seen by the next wait.
          await sleep(askedDelayMs(error), undefined, { signal }).catch(() => undefined);
          return true;
        },
      },
    );
  } catch (error) {
    if (success !== undefined) return success.value;
    throw error;
  }
}
