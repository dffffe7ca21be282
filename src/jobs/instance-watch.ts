import { createRecurringWork } from '../base/recurring-work.ts';
import type { Logger } from '../core/context.ts';
import { createAnswerStreak, reasonOf } from './answer-streak.ts';
import type { Instance, InstanceStore } from './instance-store.ts';
import type { JobNotice, JobNotices } from './job-notices.ts';
import type { TicketedJobs } from './tickets.ts';

const reportMs = 1_000;
const buryMs = 3_000;
/** Who is silent for so long is gone. */
const silentMs = 10_000;
/** After a gap of our own all others had no way to be heard of either: nobody is buried before they had the time. */
const steadyMs = 6_000;

export interface InstanceWatchOptions {
  readonly instance: Omit<Instance, 'startedAt' | 'seenAt' | 'url'>;
  readonly instances: InstanceStore;
  readonly jobs: Pick<TicketedJobs, 'buryInstances'>;
  readonly notices: JobNotices;
  /** Ids of jobs that have something open in this process. */
  readonly openJobs: () => readonly string[];
  readonly told: (notice: JobNotice) => void;
  readonly gone: (jobId: string) => void;
  readonly log: Logger;
}

/** Lets the others know that this instance is there, and this instance what became of its jobs elsewhere. */
export interface InstanceWatch {
  /** Settles once the store knows this instance. */
  start(): Promise<void>;
  /** Where the instance answers, from now on. */
  answersAt(url: string): void;
  /** The instance ends: it is listed no more. Never rejects. */
  stop(): Promise<void>;
}

export function createInstanceWatch(options: InstanceWatchOptions): InstanceWatch {
  const { instance, instances, jobs, notices, openJobs, told, gone, log } = options;
  const streak = createAnswerStreak({ who: 'the job store', log, gapMs: silentMs / 2 });
  let url: string | null = null;
  let unsubscribe = (): void => undefined;
  let lastAnswerAt = performance.now();

  const report = async (): Promise<void> => {
    const asked = openJobs();
    const known = await instances.report({ ...instance, url }, asked);
    const silence = performance.now() - lastAnswerAt;
    if (silence > silentMs) {
      log.warn('this instance was not heard of; others may have gone on with its tasks', {
        silentMs: Math.round(silence),
      });
    }
    lastAnswerAt = performance.now();
    streak.answered();
    for (const notice of known) told(notice);
    const there = new Set(known.map(({ jobId }) => jobId));
    for (const jobId of asked) if (!there.has(jobId)) gone(jobId);
  };
  const reporting = createRecurringWork(async () => {
    try {
      await report();
    } catch (error) {
      streak.failed(error);
    }
  }, reportMs);
  const burying = createRecurringWork(async () => {
    if (streak.lastsMs() < steadyMs) return;
    try {
      for (const id of await jobs.buryInstances(silentMs)) {
        log.warn('an instance is gone; others go on with what it had', { instance: id });
      }
    } catch (error) {
      log.warn('instances that are gone could not be looked for; trying again', {
        reason: reasonOf(error),
      });
    }
  }, buryMs);

  return {
    async start() {
      await report();
      unsubscribe = notices.subscribe(told, () => undefined);
      reporting.start();
      burying.start();
    },
    answersAt(where) {
      url = where;
    },
    async stop() {
      unsubscribe();
      await Promise.all([reporting.stop(), burying.stop()]);
      try {
        await instances.leave(instance.id);
      } catch (error) {
        log.warn('the store could not be told that this instance ends', { reason: reasonOf(error) });
      }
    },
  };
}
