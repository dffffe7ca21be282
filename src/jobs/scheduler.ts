import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { createRepeats } from '../base/repeats.ts';
import type { Logger } from '../core/context.ts';
import { nextTime } from '../core/cron.ts';
import { toAppError } from '../core/errors.ts';
import type { Schedule } from '../core/schedule.ts';
import { type Decision, decide } from './due-times.ts';
import type { ScheduleStore, WaitingRun } from './schedule-store.ts';
import { runKey, type ScheduledStarts } from './scheduled-starts.ts';

/** Schedules change, jobs that a run waits for end, and other processes settle runs. */
const usualMs = 1000;

export interface SchedulerOptions {
  readonly schedules: ScheduleStore;
  readonly starts: ScheduledStarts;
  readonly clock: Clock;
  readonly log: Logger;
  /** How often to look; a second by default. */
  readonly everyMs?: number;
}

/**
 * Starts what schedules want. A time that has come is first written as a due run, by compare-and-set, and then started under a key that the
 * run alone has: whoever dies in between, and however many processes look, each time makes one job.
 */
export interface Scheduler {
  /** Looks now and then again and again; does not keep the process alive. */
  start(): void;
  /** Settles when the look under way has ended. */
  stop(): Promise<void>;
  /** One look at the schedules, and at the runs that are due. Never rejects. */
  look(): Promise<void>;
}

export function createScheduler({
  schedules,
  starts,
  clock,
  log,
  everyMs = usualMs,
}: SchedulerOptions): Scheduler {
  const stopping = new AbortController();
  const isNews = createRepeats();
  let running: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const due = await schedules.dueSchedules(clock.now());
      const waiting = due.length === 0 ? [] : await schedules.dueRuns();
      for (const schedule of due) await advance(schedule, waiting);
      for (const run of await schedules.dueRuns()) await begin(run);
    } catch (error) {
      const level = isNews(toAppError(error).message) ? 'error' : 'debug';
      log[level]('schedules could not be looked at; trying again', { error });
    }
  }

  /** Turns the times of a schedule that have come into due runs, or leaves them out as its rule says. */
  async function advance(schedule: Schedule, waiting: readonly WaitingRun[]): Promise<void> {
    const now = clock.now();
    const isWaiting = waiting.find((run) => run.schedule.id === schedule.id)?.waiting ?? 0;
    const decision = await decideFor(schedule, now, isWaiting);
    const { runs, lastAt, nextAt, skipped } = decision;
    if (!(await schedules.advance(schedule, { runs, lastAt, nextAt }))) return;
    for (const skip of skipped) {
      log.info('times of a schedule were left out', { subject: schedule.subject, ...skip });
      await starts.skipped(schedule, skip);
    }
  }

  async function decideFor(schedule: Schedule, now: number, waiting: number): Promise<Decision> {
    try {
      return decide(schedule, now, {
        next: (after) => nextTime(schedule.rule, after),
        waiting,
        isBusy: waiting > 0 || (await starts.isBusy(schedule)),
      });
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.temporary) throw error;
      // Its time zone is none any more, perhaps. Somebody must set it again.
      const at = schedule.nextAt ?? now;
      const skip = { reason: 'refused', from: at, to: at, count: 1, error } as const;
      return { runs: [], lastAt: at, nextAt: null, skipped: [skip] };
    }
  }

  async function begin(run: WaitingRun): Promise<void> {
    const { schedule, plannedAt } = run;
    const what = { subject: schedule.subject, plannedAt: new Date(plannedAt).toISOString() };
    try {
      if (await starts.isBusy(schedule)) return;
      await starts.start(run, runKey(run));
      log.info('a scheduled run was started', what);
    } catch (thrown) {
      const error = toAppError(thrown);
      log.warn('a scheduled run could not be started', { ...what, error });
      if (error.temporary) return;
      await starts.skipped(schedule, { reason: 'refused', from: plannedAt, to: plannedAt, count: 1, error });
    }
    await schedules.settleRun(run);
  }

  async function lookAgainAndAgain(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(everyMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
    }
  }

  return {
    start() {
      running ??= lookAgainAndAgain();
    },
    async stop() {
      stopping.abort();
      await running;
    },
    look,
  };
}
