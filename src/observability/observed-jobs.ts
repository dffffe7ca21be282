import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../core/error-catalogue.ts';
import { toAppError } from '../core/errors.ts';
import { isResting, type NewJobLogEntry } from '../core/job.ts';
import type { JobHandler } from '../jobs/handler.ts';
import type { ClaimedTask, JobStore, Lease } from '../jobs/job-store.ts';
import type { HeldTicket, TicketedJobs } from '../jobs/tickets.ts';
import type { EndedTask, TaskEnd, TaskListener } from './task-listener.ts';

interface Running {
  readonly claimed: ClaimedTask;
  readonly startedAt: number;
}

type Ended = Pick<EndedTask, 'end'> & Partial<Pick<EndedTask, 'error' | 'completion' | 'effect'>>;

/** The verbs of a store, watched. */
export interface ObservedJobs {
  /** The store, whose listener hears of what is written through it. */
  observe(store: JobStore): JobStore;
  observeTickets(tickets: TicketedJobs): TicketedJobs;
  /** The handlers: a task that is known to be somebody else's ends there, and no verb of the store is called for it any more. */
  observeHandlers(handlers: readonly JobHandler[]): readonly JobHandler[];
}

/** Tells the listener what becomes of jobs and tasks: the verbs of the store are where all of it passes. */
export function createObservedJobs(listener: TaskListener, clock: Clock): ObservedJobs {
  /** By the token of the lease. */
  const running = new Map<string, Running>();

  const claimed = (task: ClaimedTask): void => {
    running.set(task.lease.token, { claimed: task, startedAt: clock.now() });
    listener.claimed?.(task);
  };

  const ended = (lease: Lease, { end, error = null, completion = null, effect = null }: Ended): void => {
    const known = running.get(lease.token);
    if (known === undefined) return;
    running.delete(lease.token);
    listener.ended?.({ ...known, endedAt: clock.now(), end, error, completion, effect });
    if (effect === null || !isResting(effect.state)) return;
    // It took the leases of the job's other tasks with it; that is no loss.
    for (const other of [...running.values()]) {
      if (other.claimed.lease.jobId === lease.jobId) ended(other.claimed.lease, { end: 'released' });
    }
    if (effect.state !== 'stopped') listener.jobEnded?.(known.claimed.job, effect.state);
  };

  /** Work of somebody who holds a lease: that it is lost is an end too. */
  const leased = async <T>(lease: Lease, work: Promise<T>, then: (result: T) => Ended | null): Promise<T> => {
    try {
      const result = await work;
      const end = then(result);
      if (end !== null) ended(lease, end);
      return result;
    } catch (error) {
      const { kind, code } = toAppError(error);
      if (kind === 'lease_lost') ended(lease, { end: 'lost', error: code });
      throw error;
    }
  };
  const goesOn = (): null => null;
  const as = (end: TaskEnd) => (): Ended => ({ end });

  return {
    observe: (store) => ({
      ...store,
      async createJob(job) {
        const made = await store.createJob(job);
        if (made.created) listener.created?.(made.job);
        return made;
      },
      async claimTask(workerId) {
        const task = await store.claimTask(workerId);
        if (task !== null) claimed(task);
        return task;
      },
      confirmLease: (lease) => leased(lease, store.confirmLease(lease), goesOn),
      reportProgress: (lease, done) => leased(lease, store.reportProgress(lease, done), goesOn),
      completeTask: (lease, completion) =>
        leased(lease, store.completeTask(lease, completion), (effect) => ({
          end: 'done',
          completion,
          effect,
        })),
      failTask: (lease, error, log) =>
        leased(lease, store.failTask(lease, error, log), (effect) => ({
          end: 'failed',
          error: error.code,
          effect,
        })),
      retryTask: (lease, retryAt, log) =>
        leased(lease, store.retryTask(lease, retryAt, log), () => ({ end: 'retried', error: codeIn(log) })),
      holdJob: (lease, until, reason, log) =>
        leased(lease, store.holdJob(lease, until, reason, log), as('held')),
      awaitJobs: (lease, jobIds, recheckMs) =>
        leased(lease, store.awaitJobs(lease, jobIds, recheckMs), as('waiting')),
      releaseTask: (lease) => leased(lease, store.releaseTask(lease), as('released')),
      unclaimTask: (lease) => leased(lease, store.unclaimTask(lease), as('released')),
      failJob: (lease, error) =>
        leased(lease, store.failJob(lease, error), () => ({
          end: 'failed',
          error: error.code,
          effect: { state: 'failed', finishedGroups: [] },
        })),
      restartJob: (lease, reason, keep) =>
        leased(lease, store.restartJob(lease, reason, keep), () => ({
          end: 'restarted',
          error: 'snapshot-lost',
        })),
    }),
    observeHandlers: (handlers) =>
      handlers.map((handler) => ({
        ...handler,
        run: (claim, context) => leased(claim.lease, handler.run(claim, context), goesOn),
      })),
    observeTickets: (tickets) => ({
      ...tickets,
      async claimWith(ticket: HeldTicket) {
        const task = await tickets.claimWith(ticket);
        if (task === null) return null;
        if (ticket.waitedMs !== undefined) listener.waited?.(ticket.waitedMs);
        claimed(task);
        if (ticket.delivery > 0) listener.takenOver?.(task);
        return task;
      },
    }),
  };
}

/** The code that the line of a retry tells. */
const codeIn = (log: readonly NewJobLogEntry[] | undefined): ErrorCode | null =>
  (log?.find(({ data }) => typeof data.code === 'string')?.data.code as ErrorCode | undefined) ?? null;

/** Tells several of the same. */
export function allListeners(listeners: readonly TaskListener[]): TaskListener {
  return {
    created: (job) => {
      for (const listener of listeners) listener.created?.(job);
    },
    claimed: (task) => {
      for (const listener of listeners) listener.claimed?.(task);
    },
    waited: (ms) => {
      for (const listener of listeners) listener.waited?.(ms);
    },
    takenOver: (task) => {
      for (const listener of listeners) listener.takenOver?.(task);
    },
    ended: (task) => {
      for (const listener of listeners) listener.ended?.(task);
    },
    jobEnded: (job, state) => {
      for (const listener of listeners) listener.jobEnded?.(job, state);
    },
  };
}
