import type { Clock } from '../base/clock.ts';
import type { AppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';

/** How patiently a job waits for a server that does not answer. */
export interface OutagePolicy {
  /** From the first error on; a fail-over or a restart takes up to two minutes. */
  readonly patienceMs: number;
  /** Doubled from try to try. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export const defaultOutagePolicy: OutagePolicy = {
  patienceMs: 180_000,
  firstDelayMs: 1_000,
  maxDelayMs: 5_000,
};

/**
 * How many outages one task is patient with. A server may be restarted now and then while an index is built for hours; one that goes down
 * in each attempt may do so because of the task.
 */
const outagesOfTask = 5;

/**
 * Whether an error says that a database or a storage cannot be reached now: no fault of the task that met it. A lock of somebody else is in
 * the way of some tasks only.
 */
export const isOutage = (error: AppError): boolean =>
  error.temporary &&
  (error.kind === 'unavailable' || error.kind === 'timeout') &&
  error.code !== 'database-locked';

/**
 * What a job knows, in this process, of servers that do not answer. The whole job waits, so that its queued tasks do not each find out for
 * themselves; only changes are told of.
 */
export interface OutageWatch {
  /**
   * A task that was started then met an outage: until when the job waits, with the line to tell of it (null: told already). Null: the
   * patience is at its end. An attempt that went on for longer than the patience had its server: what it meets is another outage.
   */
  met(task: string, startedAt: number, subject: string, error: AppError): Wait | null;
  /** A task that was started then went through: the line to tell of the end of an outage; null when there was none. */
  passed(task: string, startedAt: number): NewJobLogEntry | null;
}

export interface Wait {
  readonly until: number;
  readonly line: NewJobLogEntry | null;
}

export function createOutageWatch(policy: OutagePolicy, clock: Clock): OutageWatch {
  let outage: { readonly since: number; until: number; tries: number; code: string } | null = null;
  /** When each task first met its last outage: one that never goes through must not have its patience renewed by the success of others. */
  const firstMet = new Map<string, { readonly since: number; readonly outages: number }>();

  return {
    met(task, startedAt, subject, error) {
      const now = clock.now();
      const wentOn = now - startedAt >= policy.patienceMs;
      if (wentOn && outage !== null && now - outage.since >= policy.patienceMs) outage = null;
      const before = firstMet.get(task);
      const isNew = before === undefined || (wentOn && before.outages < outagesOfTask);
      const { since } = isNew ? { since: now } : before;
      if (isNew) firstMet.set(task, { since, outages: (before?.outages ?? 0) + 1 });
      const told = outage?.code === error.code;
      outage ??= { since: now, until: 0, tries: 0, code: error.code };
      outage.code = error.code;
      if (now - Math.min(since, outage.since) >= policy.patienceMs) return null;
      // A task that was running when another found out has nothing new to say.
      if (now >= outage.until) {
        outage.until = now + Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** outage.tries);
        outage.tries += 1;
      }
      const seconds = Math.ceil((outage.since + policy.patienceMs - now) / 1000);
      const message = `${subject}: ${error.message} ${error.hint} The job waits, and tries again for ${seconds} s.`;
      const line = { level: 'warn', event: 'note', message, data: { code: error.code, task } } as const;
      return { until: outage.until, line: told ? null : line };
    },
    passed(task, startedAt) {
      firstMet.delete(task);
      if (outage === null || startedAt < outage.since) return null;
      const seconds = Math.ceil((clock.now() - outage.since) / 1000);
      outage = null;
      return {
        level: 'info',
        event: 'note',
        message: `The job goes on after ${seconds} s of waiting.`,
        data: {},
      };
    },
  };
}
