import type { Schedule, ScheduleSubject } from '../core/schedule.ts';

/** One time of a schedule that is to be started. The same (schedule, plannedAt) makes one job, however often it is tried. */
export interface DueRun {
  readonly schedule: Schedule;
  /** Milliseconds since the epoch. */
  readonly plannedAt: number;
}

export interface WaitingRun extends DueRun {
  readonly waiting: number;
}

/** Schedules and their due runs, durable. Each verb is one transaction; any number of processes may ask at once. */
export interface ScheduleStore {
  /** Puts a schedule in the place of what the subject had: id, last time and due runs stay. */
  putSchedule(schedule: Omit<Schedule, 'id' | 'version' | 'lastAt'>): Promise<Schedule>;
  getSchedule(subject: ScheduleSubject): Promise<Schedule | null>;
  listSchedules(): Promise<readonly Schedule[]>;
  /** With its due runs. There being none is no error. */
  removeSchedule(subject: ScheduleSubject): Promise<void>;
  /** Schedules whose `nextAt` is not after `now`. */
  dueSchedules(now: number): Promise<readonly Schedule[]>;
  /**
   * Compare and set: when the schedule still has this version, its due runs are written, `nextAt` and `lastAt` moved on. False: another was
   * faster.
   */
  advance(
    schedule: Schedule,
    to: { readonly nextAt: number | null; readonly lastAt: number; readonly runs: readonly number[] },
  ): Promise<boolean>;
  /** Of each schedule the oldest run that was written and not settled, and how many of it `wait` with that one; the oldest first. */
  dueRuns(): Promise<readonly WaitingRun[]>;
  /** The run was started (its job carries the idempotency key of it), or left out. Again: no error. */
  settleRun(run: DueRun): Promise<void>;
  /** Milliseconds since the epoch of the next time of any schedule; null: none. */
  nextScheduledAt(): Promise<number | null>;
}
