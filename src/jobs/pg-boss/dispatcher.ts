import { setTimeout as sleep } from 'node:timers/promises';
import type { PgBoss } from 'pg-boss';
import { createRecurringWork } from '../../base/recurring-work.ts';
import { type RetryPolicy, retry } from '../../base/retry.ts';
import type { Logger } from '../../core/context.ts';
import { toAppError } from '../../core/errors.ts';
import { isResting } from '../../core/job.ts';
import { createAnswerStreak, reasonOf } from '../answer-streak.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { JobNotice } from '../job-notices.ts';
import type { JobStore } from '../job-store.ts';
import type { HeldTicket, TicketedJobs } from '../tickets.ts';
import type { Worker } from '../worker.ts';
import { createHeldTickets } from './held-tickets.ts';
import { commonQueue, homeQueue, makeQueue, takeTickets, ticketChannel } from './ticket-queue.ts';

/** Tickets are told of; of those that are given out a second time nobody tells. */
const pollMs = 2_000;
/** How often tickets are looked for whose holders are not heard of. */
const superviseMs = 2_000;
/** After a gap nobody is taken for dead before all had the time to be heard of again. */
const usualSteadyMs = 6_000;
/** Who runs more tasks looks later for the next, so that tasks spread over the instances. */
const pauseMsPerTask = 1;
const longestPauseMs = 10;
/** How long interrupted tasks have to end when the process does. */
const interruptionMs = 5_000;
/** How often to look whether somebody else has a snapshot open. */
const handOverPollMs = 300;
/** While the store does not answer, what is to be told to it waits. */
const storePatience: RetryPolicy = { attempts: 1_000_000, firstDelayMs: 100, maxDelayMs: 2_000 };

export interface PgBossDispatcherOptions {
  /** Started; it is not stopped here. */
  readonly boss: PgBoss;
  readonly jobs: TicketedJobs;
  readonly store: Pick<JobStore, 'unclaimTask'>;
  readonly worker: Worker;
  /** Id of this instance. */
  readonly instance: string;
  /** Whether other instances could go on with what this one leaves. */
  readonly hasOthers: () => Promise<boolean>;
  /** Tasks running at once in this process, over all jobs. */
  readonly maxRunning: number;
  readonly log: Logger;
  /** How long the queue must have answered before tickets of others are taken for lost. */
  readonly steadyMs?: number;
}

/** One of several dispatchers on a shared store. */
export interface PgBossDispatcher extends Dispatcher {
  /** What a job is, as another instance or the store says. */
  told(notice: JobNotice): void;
}

/** A ticket for which a task is being asked. */
interface Claim {
  readonly jobId: string;
  /** A stop or cancel was asked for meanwhile, in this process. */
  interrupted: boolean;
  /** The newest that was heard of the job meanwhile. */
  notice: JobNotice | null;
}

/**
 * Takes tickets from the queues while slots are free, and brings what each stands for to the worker.
 *
 *     new       takes nothing yet
 *     working   looks for tickets when it is told of some, when a task ends, and every two seconds
 *     draining  entered by drain(), never left: takes nothing; what it holds goes on until the grace is over
 */
export function createPgBossDispatcher(options: PgBossDispatcherOptions): PgBossDispatcher {
  const { boss, jobs, store, worker, instance, hasOthers, maxRunning, log } = options;
  const { steadyMs = usualSteadyMs } = options;
  const home = homeQueue(instance);
  const held = createHeldTickets(boss, log);
  const running = new Set<Promise<void>>();
  const claims = new Set<Claim>();
  const streak = createAnswerStreak({ who: 'the ticket queue', log, gapMs: 3 * pollMs });
  let state: 'new' | 'working' | 'draining' = 'new';
  let looking: Promise<void> | null = null;
  let lookAgain = false;
  /** Which of the two queues comes first changes from ticket to ticket, so that none keeps the other waiting. */
  let homeFirst = true;
  let listener: { close(): Promise<void> } | null = null;

  const isFree = (): boolean => state === 'working' && running.size < maxRunning;

  const look = (): void => {
    lookAgain = true;
    looking ??= takeTicketsWhileFree().finally(() => {
      looking = null;
      if (lookAgain && isFree()) look();
    });
  };
  const lookSoon = (): void => {
    if (state === 'working')
      setTimeout(look, Math.min(longestPauseMs, running.size * pauseMsPerTask)).unref();
  };

  const takeTicketsWhileFree = async (): Promise<void> => {
    try {
      while (lookAgain && isFree()) {
        lookAgain = false;
        while (isFree() && (await takeOne()));
      }
    } catch (error) {
      lookAgain = false;
      streak.failed(error);
    }
  };

  const takeOne = async (): Promise<boolean> => {
    homeFirst = !homeFirst;
    for (const queue of homeFirst ? [home, commonQueue] : [commonQueue, home]) {
      const [ticket] = await takeTickets(boss, queue, 1);
      streak.answered();
      if (ticket === undefined) continue;
      run(ticket);
      return true;
    }
    return false;
  };

  const run = (ticket: HeldTicket): void => {
    const ended = runTicket(ticket)
      .catch((error: unknown) => {
        // The ticket is no longer kept: it is given out again.
        const known = toAppError(error);
        if (known.kind === 'lease_lost') log.debug('a ticket was taken away', { job: ticket.jobId });
        else log.error('a ticket could not be used; it is given out again', { job: ticket.jobId, error });
      })
      .finally(() => {
        running.delete(ended);
        lookSoon();
      });
    running.add(ended);
  };

  const runTicket = async (ticket: HeldTicket): Promise<void> => {
    using hold = held.hold(ticket);
    const persist = <T>(write: () => Promise<T>): Promise<T> =>
      retry(write, {
        ...storePatience,
        signal: hold.lost,
        isTemporary: (error) => toAppError(error).temporary,
      });
    if (state === 'working') {
      const claim: Claim = { jobId: ticket.jobId, interrupted: false, notice: null };
      claims.add(claim);
      const claimed = await persist(() => jobs.claimWith(ticket)).finally(() => claims.delete(claim));
      if (claimed === null) return;
      const isOver =
        claim.interrupted || (claim.notice !== null && endsWork(claim.notice, claimed.job.version));
      if (isOver || state !== 'working') await persist(() => store.unclaimTask(claimed.lease));
      else await worker.run(claimed, hold.lost);
    }
    await persist(() => jobs.passOn(ticket));
  };

  const polling = createRecurringWork(async () => look(), pollMs);
  let hasHome = true;
  const supervising = createRecurringWork(async () => {
    if (streak.lastsMs() < steadyMs) {
      // Who was away for long may have been taken for gone, and his queue with him.
      hasHome = false;
      return;
    }
    try {
      if (!hasHome) await makeQueue(boss, home);
      hasHome = true;
      await boss.supervise();
      look();
    } catch (error) {
      log.warn('lost tickets could not be looked for; trying again', { reason: reasonOf(error) });
    }
  }, superviseMs);

  /** Until another instance has joined the snapshots that are open here, or what they are for is over. */
  const handOver = async (endsAt: number): Promise<void> => {
    try {
      while (performance.now() < endsAt && (await worker.snapshotsToHandOver()).length > 0) {
        if (!(await hasOthers())) return;
        await sleep(handOverPollMs);
      }
    } catch (error) {
      log.warn('open snapshots could not be handed over', { error });
    }
  };

  /** Without it (a pooler that passes no notices on) tickets are found by looking. */
  const listen = async (): Promise<{ close(): Promise<void> } | null> => {
    const heard = (queue: string): void => {
      if (queue === home || queue === commonQueue) lookSoon();
    };
    try {
      return (await boss.getDb().listen?.(ticketChannel, heard, lookSoon)) ?? null;
    } catch (error) {
      log.warn('not told of new tickets; looking for them every two seconds', { reason: reasonOf(error) });
      return null;
    }
  };

  return {
    async start() {
      await makeQueue(boss, home);
      listener = await listen();
      state = 'working';
      held.start();
      polling.start();
      supervising.start();
    },
    notify: lookSoon,
    interrupt(jobId) {
      for (const claim of claims) if (claim.jobId === jobId) claim.interrupted = true;
      worker.interrupt(jobId);
    },
    told(notice) {
      for (const claim of claims) {
        if (claim.jobId === notice.jobId && (claim.notice?.version ?? -1) < notice.version)
          claim.notice = notice;
      }
      worker.told(notice);
    },
    async drain(graceMs) {
      const endsAt = performance.now() + graceMs;
      state = 'draining';
      // A line that is cut does not say that it ends.
      const unheard = within(listener?.close() ?? Promise.resolve(), interruptionMs);
      await Promise.all([polling.stop(), supervising.stop(), unheard, looking]);
      await within(Promise.all(running), endsAt - performance.now());
      await handOver(endsAt);
      const hasEnded = await worker.close(interruptionMs);
      await within(Promise.all(running), interruptionMs);
      await held.stop();
      if (!hasEnded || running.size > 0) {
        log.warn('tasks do not end; other instances go on with them', { tasks: running.size });
      }
    },
  };
}

/** Whether a task that was claimed at this version of the job is not wanted any more. */
const endsWork = ({ state, version }: JobNotice, claimedVersion: number): boolean =>
  version > claimedVersion && (isResting(state) || state === 'stopping' || state === 'cancelling');

/** Settles when the work has, or after the time. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise: givenUp, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.max(0, ms));
  await Promise.race([work, givenUp]);
  clearTimeout(timer);
}
