import type { ClaimedTask } from './job-store.ts';

/**
 * The right to run one task of a job, anywhere. A job has as many tickets as it may run tasks at once, one for each slot, and no slot has two:
 * that is how `threads` is a hard limit over all instances. Whoever holds the ticket of a slot asks the store for the heaviest ready task of the job;
 * what is ready is the store's to say, and the lease of the task guards what is written.
 */
export interface Ticket {
  readonly jobId: string;
  /** From 0. */
  readonly slot: number;
  /** Higher ones are given out first. */
  readonly priority: number;
  /** Id of the only instance that may take it; null: any. */
  readonly home: string | null;
}

/** A time at which the tickets of a job are to be looked at again (a retry, the end of a hold). */
export interface Reminder {
  readonly jobId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A ticket, or a reminder, that an instance was given. It is given to another when this one does not report for a while. */
export interface HeldTicket {
  /** The same when it is given out again. */
  readonly id: string;
  /** How often it had been given out before, from 0: with the id it names this holding of it. */
  readonly delivery: number;
  readonly jobId: string;
  /** Null: a reminder. */
  readonly slot: number | null;
  /** As it was offered; of a reminder null. */
  readonly home: string | null;
  /** From the time that it could be taken until it was, by the queue's clock; absent: it was given out before. */
  readonly waitedMs?: number;
}

/**
 * The queue that tickets wait in: the store writes to it within its own transactions (`Trx` is the store's), so that there is no ready task
 * without a ticket and no ticket of a change that was rolled back.
 */
export interface TicketQueue<Trx> {
  /** Makes sure that there is a ticket in each of these slots: one that waits or is held already stays as it is. */
  offer(trx: Trx, tickets: readonly Ticket[]): Promise<void>;
  /** Once per job and time. */
  remind(trx: Trx, reminders: readonly Reminder[]): Promise<void>;
  /**
   * Whether this holding of the ticket is the current one; it stays so until the end of the transaction. Asked before anything is done in the
   * ticket's name: who was frozen meanwhile must not take the task of whoever holds the ticket now.
   */
  holds(trx: Trx, ticket: HeldTicket): Promise<boolean>;
  /** The ticket has done its work: its slot is free. One that was given to somebody else meanwhile stays. */
  settle(trx: Trx, ticket: HeldTicket): Promise<void>;
}

/** What the holder of a ticket asks of the store; each verb is one transaction that holds the job's lock. */
export interface TicketedJobs {
  /**
   * What an earlier holder of this ticket left running goes back to `ready`; then the heaviest ready task of the job, running under a new lease.
   * Null: there is none to run now, or it was a reminder: tickets of the job are offered as they are due, and this one is settled. Null, and nothing
   * is done, when somebody else holds the ticket by now.
   */
  claimWith(ticket: HeldTicket): Promise<ClaimedTask | null>;
  /** The task of the ticket has ended (what still runs under it goes back to `ready`): it is settled, and the job's ready tasks get theirs, behind those that wait. */
  passOn(ticket: HeldTicket): Promise<void>;
  /**
   * Instances that have not reported for `silentMs` are gone: jobs that had their home there, or at one that has taken leave, get tickets for
   * everybody, and their running tasks go back to `ready`. Any number of instances may ask at once. Gives the ids of the instances.
   */
  buryInstances(silentMs: number): Promise<readonly string[]>;
  /**
   * Looks through all unfinished jobs for tickets and reminders that are missing: the oldest instance asks when it starts and every hour, since the
   * jobs may have come from another store.
   */
  offerAll(): Promise<void>;
}
