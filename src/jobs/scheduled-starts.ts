import type { AppError } from '../core/errors.ts';
import type { Schedule } from '../core/schedule.ts';
import type { DueRun } from './schedule-store.ts';

/** What the scheduler needs of those who know what schedules start. */
export interface ScheduledStarts {
  /** Whether a job that this schedule started, or another of the same subject, is unfinished. */
  isBusy(schedule: Schedule): Promise<boolean>;
  /**
   * Starts the job of a due run, with the rights that the schedule's owner has now. `key`: its idempotency key, so that a repeated call starts no other
   * job. A temporary error is tried again later; any other one gives the run up.
   */
  start(run: DueRun, key: string): Promise<void>;
  /** Tells of times that were left out, or of a run that could not be started. May be called again for the same after a crash. */
  skipped(schedule: Schedule, skip: SkippedRuns): Promise<void>;
}

/** Times of a schedule at which nothing was started. */
export interface SkippedRuns {
  /**
   * `overlap`: the run before still worked; `missed`: the times went by while nothing could run, and the rule wants none (`skip`) or one
   * (`once`) for them; `refused`: the start was refused, for `error`.
   */
  readonly reason: 'overlap' | 'missed' | 'refused';
  /** The first and the last of these times, milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** How many. */
  readonly count: number;
  /** Null unless refused. */
  readonly error: AppError | null;
}

/** The idempotency key of a due run: the same run makes one job, whoever starts it. */
export const runKey = ({ schedule, plannedAt }: DueRun): string => `schedule:${schedule.id}:${plannedAt}`;
