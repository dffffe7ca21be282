import type { Clock } from '../base/clock.ts';
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
export interface MailDispatch {
  /** Looks now and then again and again; does not keep the process alive. */
  start(): void;
  /** Breaks off what is being sent, which is due again at once, and settles when that is noted. */
  stop(): Promise<void>;
}

export function createMailDispatch(options: MailDispatchOptions): MailDispatch {
  const { store, mailer, clock, log, retry = defaultRetry, everyMs = pollMs } = options;
  const { shown = async (job: Job) => job } = options;
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | null = null;

  async function sendAll(): Promise<void> {
    try {
      for (;;) {
        if (stopped.signal.aborted) return;
        const due = await store.claimMail(leaseMs);
        if (due === null) return;
        await sendOne(due);
      }
    } catch (error) {
      log.error('mails about jobs cannot be sent; trying again', { error });
    }
  }

  async function sendOne(due: DueMail): Promise<void> {
    const to = due.to.join(', ');
    try {
      const refused = await mailer.send(jobMail(await shown(due.job), due.to), stopped.signal);
      const without = refused.length === 0 ? '' : `, but the server refused ${refused.join(', ')}`;
      await store.settleMail(due, null, [
        note('info', `A mail about the end of the job went to ${to}${without}.`),
      ]);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (stopped.signal.aborted) return store.settleMail(due, clock.now());
      const isLast = !error.temporary || due.attempt >= retry.attempts;
      const delayMs = Math.min(retry.firstDelayMs * 2 ** (due.attempt - 1), retry.maxDelayMs);
      const next = isLast ? 'It is not tried again.' : `Trying again in ${Math.ceil(delayMs / 1000)} s.`;
      log.warn('a mail about a job was not sent', { job: due.job.id, attempt: due.attempt, error });
      await store.settleMail(due, isLast ? null : clock.now() + delayMs, [
        note('warn', `The mail about the end of the job to ${to} was not sent. ${error.message} ${next}`),
      ]);
    }
  }

  const look = (): void => {
    looking ??= sendAll().finally(() => {
      looking = null;
    });
  };

  return {
    start() {
      look();
      timer ??= setInterval(look, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
      stopped.abort();
      await looking;
    },
  };
}

const note = (level: NewJobLogEntry['level'], message: string): NewJobLogEntry => ({
  level,
  event: 'note',
  message,
  data: { mail: true },
});
