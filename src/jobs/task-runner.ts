import type { Clock } from '../base/clock.ts';
import { createRepeats } from '../base/repeats.ts';
import { type RetryPolicy, retry as tryAgain } from '../base/retry.ts';
import type { Logger } from '../core/context.ts';
import { AppError, isInterruption, toAppError, toErrorRecord } from '../core/errors.ts';
import type { JobKind, JobState, NewJobLogEntry } from '../core/job.ts';
import type { JobHandler, TaskContext, TaskOutcome } from './handler.ts';
import type { JobRun, RunningTask } from './job-run.ts';
import type { ClaimedTask, CompletionEffect, JobStore, TaskCompletion } from './job-store.ts';
import { isOutage } from './outage.ts';
import { attemptsFor, retryDelayMs } from './retry-policy.ts';
import { createThrottle } from './throttle.ts';

/** Twice a second is as often as anybody looks; a task that takes less time is told of by its end alone. */
const progressIntervalMs = 500;
/**
 * A snapshot that is lost again and again (an idle time-out of the server) is no accident: somebody must look. The resume after that counts as
 * a restart, and as many may follow.
 */
const maxRestarts = 25;
/** A task that waits for jobs is told when one rests; this only bounds what an error of ours would cost. */
const waitRecheckMs = 60_000;
/** While the store takes no writes (a full disk), a finished task waits with its outcome. */
const storePatience: RetryPolicy = { attempts: 1_000_000, firstDelayMs: 200, maxDelayMs: 5_000 };

export interface TaskRunnerOptions {
  readonly store: JobStore;
  readonly handlers: ReadonlyMap<JobKind, JobHandler>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  /** Aborted when the worker closes: outcomes that the store does not take are then given up. */
  readonly closed: AbortSignal;
}

/**
 * Judges how tasks end:
 *
 *     done                              -> completeTask, then the handler's lines for finished tables
 *     wait                              -> awaitJobs
 *     restart, error snapshot_lost      -> the job's other tasks end here, then restartJob; when it was too often as any other error
 *     any error after an interruption   -> releaseTask (before it ran at all: unclaimTask)
 *     error lease_lost                  -> nothing: the task belongs to somebody else
 *     outage (see outage.ts), patient   -> holdJob
 *     temporary error, attempts left    -> retryTask
 *     any other error                   -> completeTask, where the handler keeps it as a result; else failTask or failJob, as it says
 */
export interface TaskRunner {
  /** Never rejects. Gives the job's state afterwards as far as it is known: null when the job is gone, else a guess that tasks go on. */
  run(claimed: ClaimedTask, run: JobRun, task: RunningTask): Promise<JobState | null>;
  /** Gives a task back without running it. Never rejects. */
  release(claimed: ClaimedTask): Promise<void>;
}

export function createTaskRunner(options: TaskRunnerOptions): TaskRunner {
  const { store, handlers, clock, retry, closed } = options;
  const isNews = createRepeats();

  const persist = <T>(write: () => Promise<T>): Promise<T> =>
    tryAgain(write, {
      ...storePatience,
      signal: closed,
      isTemporary: (error) => toAppError(error).temporary,
      onRetry: (error) => {
        const level = isNews(toAppError(error).message) ? 'error' : 'debug';
        options.log[level]('the job store takes no writes; trying again', { error });
      },
    });

  /** Runs the handler; progress is at rest when it settles. */
  const perform = async (
    handler: JobHandler,
    claimed: ClaimedTask,
    run: JobRun,
    task: RunningTask,
  ): Promise<TaskOutcome> => {
    const { lease, job } = claimed;
    const progress = createThrottle(async (done: { readonly bytes: number; readonly rows: number }) => {
      try {
        await store.reportProgress(lease, done);
      } catch (error) {
        const known = toAppError(error);
        if (known.kind === 'lease_lost') task.interrupt(known);
        else options.log.warn('progress could not be kept', { job: job.id, task: lease.taskKey, error });
      }
    }, progressIntervalMs);
    const context: TaskContext = {
      job,
      signal: task.signal,
      log: options.log,
      work: { jobId: job.id, restarts: job.restarts, claims: claimed.claims },
      progress: (done) => progress.push(done),
      note: (...entries) => store.appendLog(job.id, entries),
      tasks: (kind, group) => store.tasks(job.id, kind, group),
      confirm: () => store.confirmLease(lease),
      async shareSnapshot(token) {
        await store.shareSnapshot(lease, token);
        run.tokens.add(token);
      },
      snapshotTokens: () => store.snapshotTokens(job.id),
      shared: (key, open) => run.shared.get(key, open),
    };
    try {
      return await handler.run(claimed, context);
    } finally {
      await progress.stop();
    }
  };

  const complete = async (
    handler: JobHandler,
    claimed: ClaimedTask,
    completion: TaskCompletion,
    over: NewJobLogEntry | null,
  ): Promise<JobState> => {
    const told = over === null ? completion : { ...completion, log: [over, ...(completion.log ?? [])] };
    const effect = await persist(() => store.completeTask(claimed.lease, told));
    await tellFinishedGroups(handler, claimed, effect);
    return effect.state;
  };

  /** Log lines only: what goes wrong here must not undo a finished task. */
  const tellFinishedGroups = async (
    handler: JobHandler,
    { job }: ClaimedTask,
    effect: CompletionEffect,
  ): Promise<void> => {
    if (handler.groupFinished === undefined) return;
    try {
      for (const group of effect.finishedGroups) {
        if (!group.startsWith('data')) continue;
        const entries = handler.groupFinished(job, group, await store.tasks(job.id, undefined, group));
        if (entries.length > 0) await persist(() => store.appendLog(job.id, entries));
      }
    } catch (error) {
      options.log.error('the log line of a finished table is lost', { job: job.id, error });
    }
  };

  /**
   * No other try changes the error: the task fails, or the job.
   * @param ofJob what the job fails with then
   */
  const giveUp = async (
    claimed: ClaimedTask,
    run: JobRun,
    task: RunningTask,
    error: AppError,
    ofJob = error,
  ): Promise<JobState> => {
    const { lease, job } = claimed;
    const handler = handlers.get(job.kind);
    const where = { job: job.id, task: lease.taskKey, attempt: lease.attempt };
    options.log[error.kind === 'internal' ? 'error' : 'warn']('a task failed', { ...where, error: ofJob });
    const kept = handler?.failed?.(claimed, ofJob) ?? null;
    if (handler !== undefined && kept !== null) return await complete(handler, claimed, kept, null);
    const record = toErrorRecord(error);
    if (handler === undefined || handler.onError(claimed.task.kind, record) === 'fail-job') {
      await persist(() => store.failJob(lease, toErrorRecord(ofJob)));
      await run.close(task);
      return 'failed';
    }
    const object = subjectOf(handler, claimed);
    const effect = await persist(() =>
      store.failTask(lease, record, [
        {
          level: 'error',
          event: 'error',
          message: `${object}: ${error.message}`,
          data: { code: error.code, object },
        },
      ]),
    );
    await tellFinishedGroups(handler, claimed, effect);
    return effect.state;
  };

  const restart = async (
    claimed: ClaimedTask,
    run: JobRun,
    task: RunningTask,
    reason: string,
  ): Promise<JobState> => {
    const { lease, job } = claimed;
    if (task.signal.aborted || run.isClosing()) {
      // Whoever interrupted decides what becomes of the job.
      await persist(() => store.releaseTask(lease));
    } else if (job.restarts % (maxRestarts + 1) === maxRestarts) {
      const tooOften = new AppError('snapshot-lost', {
        message: `The job started its data again ${job.restarts} times, and must again: ${reason}`,
        hint: "Find out what ends the snapshot's session (an idle time-out, a restart of the server), then resume the job.",
      });
      return await giveUp(claimed, run, task, new AppError('snapshot-lost', { message: reason }), tooOften);
    } else {
      await run.close(task, async () => {
        const keep =
          handlers.get(job.kind)?.keepOnRestart?.(job, await persist(() => store.tasks(job.id))) ?? [];
        await persist(() => store.restartJob(lease, reason, keep));
      });
    }
    return job.state;
  };

  const fail = async (
    handler: JobHandler | undefined,
    claimed: ClaimedTask,
    run: JobRun,
    task: RunningTask,
    startedAt: number,
    error: AppError,
  ): Promise<JobState> => {
    const { lease, job } = claimed;
    const where = { job: job.id, task: lease.taskKey, attempt: lease.attempt };
    if (handler !== undefined && isOutage(error)) {
      const wait = run.outages.met(lease.taskKey, startedAt, subjectOf(handler, claimed), error);
      if (wait !== null) {
        if (wait.line !== null) options.log.warn('a job waits for a server', { ...where, error });
        await persist(() =>
          store.holdJob(lease, wait.until, error.message, wait.line === null ? [] : [wait.line]),
        );
        return job.state;
      }
    }
    const temporary = !isOutage(error) && (error.temporary || isInterruption(error));
    const attempts = attemptsFor(retry, error);
    if (handler !== undefined && temporary && lease.attempt < attempts) {
      const delayMs = retryDelayMs(retry, lease.attempt);
      options.log.warn('a task failed and is tried again', { ...where, error });
      const message = `${subjectOf(handler, claimed)}: ${error.message} ${error.hint} Trying again in ${(delayMs / 1000).toFixed(1)} s (attempt ${lease.attempt} of ${attempts}).`;
      await persist(() =>
        store.retryTask(lease, clock.now() + delayMs, [
          { level: 'warn', event: 'note', message, data: { code: error.code, task: lease.taskKey } },
        ]),
      );
      return job.state;
    }
    return await giveUp(claimed, run, task, error);
  };

  const attempt = async (claimed: ClaimedTask, run: JobRun, task: RunningTask): Promise<JobState> => {
    const { lease, job } = claimed;
    const handler = handlers.get(job.kind);
    const startedAt = clock.now();
    try {
      if (handler === undefined) {
        throw new AppError('internal', { message: `Nothing here runs jobs of kind ${job.kind}.` });
      }
      const outcome = await perform(handler, claimed, run, task);
      if (outcome.type === 'done') {
        return await complete(handler, claimed, outcome, run.outages.passed(lease.taskKey, startedAt));
      }
      if (outcome.type === 'wait') {
        const { jobIds, recheckMs = waitRecheckMs } = outcome;
        await persist(() => store.awaitJobs(lease, jobIds, recheckMs));
        return job.state;
      }
      return await restart(claimed, run, task, outcome.reason);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.kind === 'lease_lost') throw error;
      if (task.signal.aborted) {
        await persist(() => store.releaseTask(lease));
        return job.state;
      }
      if (error.kind === 'snapshot_lost') {
        // Who meets the loss sees that the snapshot is gone; who held it knows why.
        const { message } = run.shared.lostSnapshot() ?? error;
        return await restart(claimed, run, task, message);
      }
      return await fail(handler, claimed, run, task, startedAt, error);
    }
  };

  return {
    async run(claimed, run, task) {
      try {
        return await attempt(claimed, run, task);
      } catch (error) {
        return await afterUnknown(store, options.log, claimed, error);
      }
    },
    async release(claimed) {
      try {
        await persist(() => store.unclaimTask(claimed.lease));
      } catch (error) {
        await afterUnknown(store, options.log, claimed, error);
      }
    },
  };
}

/** What the task is about, in the handler's words; else the table of a unit of data, or the task's own key. */
function subjectOf(handler: JobHandler | undefined, { task }: ClaimedTask): string {
  const { group, key } = task;
  const named = group.startsWith('data:') ? group.slice('data:'.length) : `Task ${key}`;
  return handler?.subject?.(task) ?? named;
}

/** The outcome did not reach the store, mostly because the lease was lost: what is the job now? */
async function afterUnknown(
  store: JobStore,
  log: Logger,
  claimed: ClaimedTask,
  thrown: unknown,
): Promise<JobState | null> {
  const { job, lease } = claimed;
  const error = toAppError(thrown);
  if (error.kind === 'lease_lost') log.debug('a task was taken away', { job: job.id, task: lease.taskKey });
  else log.error('the outcome of a task could not be kept', { job: job.id, task: lease.taskKey, error });
  try {
    return (await store.getJob(job.id))?.state ?? null;
  } catch {
    return job.state;
  }
}
