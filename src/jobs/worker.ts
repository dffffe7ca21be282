import type { Clock } from '../base/clock.ts';
import type { RetryPolicy } from '../base/retry.ts';
import type { Logger } from '../core/context.ts';
import type { AppError } from '../core/errors.ts';
import { isResting, type Job } from '../core/job.ts';
import type { JobHandler } from './handler.ts';
import type { JobNotice } from './job-notices.ts';
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
  /** Milliseconds that jobs of this database wait; default those of `outage`. */
  readonly patienceOf?: (database: string) => number;
}

/** Runs claimed tasks through their handlers; knows nothing of who claims them. */
export interface Worker {
  /**
   * Runs one task and brings its outcome to the store. Never rejects.
   * @param lost aborted when somebody else was given the task: it ends at once
   */
  run(claimed: ClaimedTask, lost?: AbortSignal): Promise<void>;
  /** Aborts the running tasks of a job (of all jobs without an id); once they have ended, what they shared is disposed. */
  interrupt(jobId?: string): void;
  /** What a job was at some moment, as the store says: what it means for tasks that were claimed before is done. */
  told(notice: JobNotice): void;
  /** The job is there no more. */
  gone(jobId: string): void;
  /** Jobs that have tasks or something shared open here. */
  openJobs(): readonly string[];
  /** Of those, the ones whose snapshot is held here, and was not shared by anybody who joined it later. */
  snapshotsToHandOver(): Promise<readonly string[]>;
  /** Interrupts everything; settles when all has ended and is disposed, or after `patienceMs`: then false. */
  close(patienceMs: number): Promise<boolean>;
}

export function createWorker(options: WorkerOptions): Worker {
  const { store, clock, log, retry = defaultRetryPolicy, outage = defaultOutagePolicy } = options;
  const { patienceOf = () => outage.patienceMs } = options;
  const handlers = new Map(options.handlers.map((handler) => [handler.kind, handler]));
  const runs = new Map<string, JobRun>();
  const active = new Set<Promise<void>>();
  const closed = new AbortController();
  const runner = createTaskRunner({ store, handlers, clock, log, retry, closed: closed.signal });

  const runOf = (job: Job): JobRun => {
    const known = runs.get(job.id);
    if (known !== undefined) return known;
    const run = createJobRun(
      job.id,
      createOutageWatch({ ...outage, patienceMs: patienceOf(job.database) }, clock),
      log,
    );
    runs.set(job.id, run);
    return run;
  };
  const closeRun = async (jobId: string, run: JobRun): Promise<void> => {
    await run.close();
    if (run.isIdle() && runs.get(jobId) === run) runs.delete(jobId);
  };

  const closeSoon = (jobId: string, run: JobRun): void => {
    if (run.isClosing()) return;
    closeRun(jobId, run).catch((error: unknown) => log.error('interrupting a job failed', { error }));
  };

  const runTask = async (claimed: ClaimedTask, lost?: AbortSignal): Promise<void> => {
    const { job } = claimed;
    const run = runOf(job);
    // Another process has started the job again: what is open here is of before.
    if ((run.newest()?.restarts ?? job.restarts) < job.restarts) closeSoon(job.id, run);
    if (run.isClosing()) {
      // The job starts again, or was stopped and resumed while its tasks still end: this one has its turn after them.
      await run.opened();
      return runner.release(claimed);
    }
    let rests = false;
    await run.task(job, async (task) => {
      const end = (): void => task.interrupt(lost?.reason as AppError);
      if (lost?.aborted === true) end();
      lost?.addEventListener('abort', end, { once: true });
      const state = await runner.run(claimed, run, task);
      lost?.removeEventListener('abort', end);
      rests = state === null || isResting(state);
    });
    if (rests) await closeRun(job.id, run);
  };

  return {
    run(claimed, lost) {
      const ended = runTask(claimed, lost).finally(() => active.delete(ended));
      active.add(ended);
      return ended;
    },
    interrupt(jobId) {
      for (const [id, run] of runs) if (jobId === undefined || id === jobId) closeSoon(id, run);
    },
    told(notice) {
      const run = runs.get(notice.jobId);
      if (run === undefined) return;
      const newest = run.newest();
      // Where the job started again, its run stays open for tasks that may all go elsewhere.
      if (newest === null ? isResting(notice.state) : isOver(newest, notice)) closeSoon(notice.jobId, run);
    },
    gone(jobId) {
      const run = runs.get(jobId);
      if (run !== undefined) closeSoon(jobId, run);
    },
    openJobs: () => [...runs.keys()],
    async snapshotsToHandOver() {
      const alone: string[] = [];
      for (const [jobId, { tokens }] of runs) {
        if (tokens.size === 0) continue;
        const known = await store.snapshotTokens(jobId);
        if (tokens.has(known.at(-1) ?? '')) alone.push(jobId);
      }
      return alone;
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

/** Whether what was claimed of the job is over since: what the notice says came later, and ends it. */
function isOver(claimed: Job, { state, restarts, version }: JobNotice): boolean {
  if (version <= claimed.version) return false;
  if (isResting(state) || restarts > claimed.restarts) return true;
  // The cleanup of a cancel is claimed when the job is being cancelled already.
  return state === 'stopping' || (state === 'cancelling' && claimed.state !== 'cancelling');
}
