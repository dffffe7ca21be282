import type { Clock } from '../base/clock.ts';
import { createRecurringWork, type RecurringWork } from '../base/recurring-work.ts';
import { createRepeats } from '../base/repeats.ts';
import type { RetryPolicy } from '../base/retry.ts';
import type { Logger } from '../core/context.ts';
import { toAppError } from '../core/errors.ts';
import type { Job, NewJobLogEntry } from '../core/job.ts';
import type { DueMail, JobStore } from '../jobs/job-store.ts';
import { jobMail } from './job-mail.ts';
import type { Mailer } from './mailer.ts';

/** About two hours, with the last tries half an hour apart: a mail server that is being restarted, moved or repaired. */
const defaultRetry: RetryPolicy = { attempts: 9, firstDelayMs: 30_000, maxDelayMs: 1_800_000 };
/** Longer than a mail can take to be sent. */
const leaseMs = 5 * 60_000;
const pollMs = 3_000;

export interface MailDispatchOptions {
  readonly store: Pick<JobStore, 'claimMail' | 'settleMail'>;
  readonly mailer: Mailer;
  readonly clock: Clock;
  readonly log: Logger;
  /** A job as everybody outside sees it; default: as it is stored. */
  readonly shown?: (job: Job) => Promise<Job>;
  readonly retry?: RetryPolicy;
  /** How often to look for due mails. */
  readonly everyMs?: number;
}

/**
 * Sends the mails of ended jobs. A mail is due from the transaction that ends its job, and until it is settled: each is sent at least once,
 * and twice only when the process dies between the server's answer and the note of it.
 */
export type MailDispatch = RecurringWork;

export function createMailDispatch(options: MailDispatchOptions): MailDispatch {
  const { store, mailer, clock, log, retry = defaultRetry, everyMs = pollMs } = options;
  const isNews = createRepeats();
  const { shown = async (job: Job) => job } = options;

  async function sendAll(stopped: AbortSignal): Promise<void> {
    try {
      for (;;) {
        if (stopped.aborted) return;
        const due = await store.claimMail(leaseMs);
        if (due === null) return;
        await sendOne(due, stopped);
      }
    } catch (error) {
      const level = isNews(toAppError(error).message) ? 'error' : 'debug';
      log[level]('mails about jobs cannot be sent; trying again', { error });
    }
  }

  async function sendOne(due: DueMail, stopped: AbortSignal): Promise<void> {
    const to = due.to.join(', ');
    try {
      const refused = await mailer.send(jobMail(await shown(due.job), due.to), stopped);
      const without = refused.length === 0 ? '' : `, but the server refused ${refused.join(', ')}`;
      await store.settleMail(due, null, [
        note('info', `A mail about the end of the job went to ${to}${without}.`),
      ]);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (stopped.aborted) return store.settleMail(due, clock.now());
      const isLast = !error.temporary || due.attempt >= retry.attempts;
      const delayMs = Math.min(retry.firstDelayMs * 2 ** (due.attempt - 1), retry.maxDelayMs);
      const next = isLast ? 'It is not tried again.' : `Trying again in ${Math.ceil(delayMs / 1000)} s.`;
      log.warn('a mail about a job was not sent', { job: due.job.id, attempt: due.attempt, error });
      await store.settleMail(due, isLast ? null : clock.now() + delayMs, [
        note('warn', `The mail about the end of the job to ${to} was not sent. ${error.message} ${next}`),
      ]);
    }
  }

  return createRecurringWork(sendAll, everyMs);
}

const note = (level: NewJobLogEntry['level'], message: string): NewJobLogEntry => ({
  level,
  event: 'note',
  message,
  data: { mail: true },
});
