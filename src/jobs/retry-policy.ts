import type { RetryPolicy } from '../base/retry.ts';
import type { AppError } from '../core/errors.ts';

/** For tasks with a temporary error that is no outage: gives up after about eight seconds. */
export const defaultRetryPolicy: RetryPolicy = { attempts: 5, firstDelayMs: 500, maxDelayMs: 30_000 };

/** Locks of others may last for minutes, and the job's other tasks go on meanwhile: about a minute, and what the server waits each time. */
const lockAttempts = 8;

/** How often a task is tried that meets this temporary error. */
export const attemptsFor = (policy: RetryPolicy, { code }: AppError): number =>
  code === 'database-locked' ? Math.max(policy.attempts, lockAttempts) : policy.attempts;

/** The wait after that attempt (from 1): doubled each time, and spread so that tasks that failed together do not come back together. */
export function retryDelayMs(policy: RetryPolicy, attempt: number): number {
  const full = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (attempt - 1));
  return full * (0.5 + Math.random() / 2);
}
