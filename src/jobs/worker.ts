import type { Clock } from '../base/clock.ts';
import type { RetryPolicy } from '../base/retry.ts';
import type { Logger } from '../core/context.ts';
import { isResting } from '../core/job.ts';
import type { JobHandler } from './handler.ts';
import { createJobRun, type JobRun } from './job-run.ts';
import type { ClaimedTask, JobStore } from './job-store.ts';
import { createOutageWatch, defaultOutagePolicy, type OutagePolicy } from './outage.ts';
import { defaultRetryPolicy } from './retry-policy.ts';
import { createTaskRunner } from './task-runner.ts';

export interface WorkerOptions {
  readonly store: JobStore;
  readonly handlers: readonly JobHandler[];
  readonly clock: Clock;
  readonly log: Logger;
  /** For tasks with a temporary error that is no outage. */
  readonly retry?: RetryPolicy;
  /** For jobs whose database or storage does not answer. */
  readonly outage?: OutagePolicy;
}

/** Runs claimed tasks through their handlers; knows nothing of who claims them. */
export interface Worker {
  /** Runs one task and brings its outcome to the store. Never rejects. */
  run(claimed: ClaimedTask): Promise<void>;
  /** Aborts the running tasks of a job (of all jobs without an id); once they have ended, what they shared is disposed. */
  interrupt(jobId?: string): void;
  /** Interrupts everything; settles when all has ended and is disposed, or after `patienceMs`: then false. */
  close(patienceMs: number): Promise<boolean>;
}

export function createWorker(options: WorkerOptions): Worker {
  const { store, clock, log, retry = defaultRetryPolicy, outage = defaultOutagePolicy } = options;
  const handlers = new Map(options.handlers.map((handler) => [handler.kind, handler]));
  const runs = new Map<string, JobRun>();
  const active = new Set<Promise<void>>();
  const closed = new AbortController();
  const runner = createTaskRunner({ store, handlers, clock, log, retry, closed: closed.signal });

  const runOf = (jobId: string): JobRun => {
    const known = runs.get(jobId);
    if (known !== undefined) return known;
    const run = createJobRun(jobId, createOutageWatch(outage, clock), log);
    runs.set(jobId, run);
    return run;
  };
  const closeRun = async (jobId: string, run: JobRun): Promise<void> => {
    await run.close();
    if (run.isIdle() && runs.get(jobId) === run) runs.delete(jobId);
  };

  const runTask = async (claimed: ClaimedTask): Promise<void> => {
    const { jobId } = claimed.lease;
    const run = runOf(jobId);
    if (run.isClosing()) {
      // The job starts again, or was stopped and resumed while its tasks still end: this one has its turn after them.
      await run.opened();
      return runner.release(claimed);
    }
    let rests = false;
    await run.task(async (task) => {
      const state = await runner.run(claimed, run, task);
      rests = state === null || isResting(state);
    });
    if (rests) await closeRun(jobId, run);
  };

  return {
    run(claimed) {
      const ended = runTask(claimed).finally(() => active.delete(ended));
      active.add(ended);
      return ended;
    },
    interrupt(jobId) {
      for (const [id, run] of runs) {
        if (jobId !== undefined && id !== jobId) continue;
        closeRun(id, run).catch((error: unknown) => log.error('interrupting a job failed', { error }));
      }
    },
    async close(patienceMs) {
      const ended = [...[...runs].map(([id, run]) => closeRun(id, run)), ...active];
      const all = Promise.all(ended).then(() => true);
      const { promise: givenUp, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), patienceMs);
      try {
        return await Promise.race([all, givenUp]);
      } finally {
        clearTimeout(timer);
        closed.abort();
      }
    },
  };
}
