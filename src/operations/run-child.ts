import { AppError, type ErrorRecord } from '../core/errors.ts';
import { claimableStates, isResting, type Job } from '../core/job.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { ChildJobs, ChildStart } from './child-jobs.ts';

/** What steps that are jobs of their own need. */
export interface ChildParts {
  readonly jobs: Pick<JobStore, 'childJob' | 'getJob'>;
  readonly children: ChildJobs;
}

/** How far a step is: the task waits (and hands that outcome on), or the job of the step is done. */
export type ChildRun =
  | { readonly state: 'waits'; readonly job: Job; readonly outcome: TaskOutcome }
  | { readonly state: 'done'; readonly job: Job };

/** The same, for those who want to see themselves what a job that did not complete has to say. */
export type FollowedChild = ChildRun | { readonly state: 'broken'; readonly job: Job };

/**
 * Brings a step that is a job of its own forward: starts it when there is none yet, waits while it works. Repeatable, so that a task may call
 * it each time it runs.
 * @param step unique in the job
 * @param start what to start, asked for only when there is no job of that step
 * @throws AppError `child-failed` with the words of the job when it failed, was stopped or was cancelled by itself
 */
export async function runChild(
  parts: ChildParts,
  context: TaskContext,
  step: string,
  start: () => ChildStart | Promise<ChildStart>,
): Promise<ChildRun> {
  const run = await followChild(parts, context, step, start);
  if (run.state === 'broken') throw childFailed(run.job);
  return run;
}

/** As {@link runChild}, and gives a job that did not complete. */
export async function followChild(
  { jobs, children }: ChildParts,
  { job: parent, signal }: TaskContext,
  step: string,
  start: () => ChildStart | Promise<ChildStart>,
): Promise<FollowedChild> {
  const job =
    (await jobs.childJob(parent.id, step)) ?? (await children.start(parent, step, await start(), signal));
  if (!isResting(job.state)) return waitsFor(job);
  if (job.state === 'completed') return { state: 'done', job };
  // A stop or a cancel reaches parent and child in one; whoever looks in between must not take it for a failure.
  const present = await jobs.getJob(parent.id);
  return present !== null && claimableStates.includes(present.state)
    ? { state: 'broken', job }
    : waitsFor(job);
}

const waitsFor = (job: Job) =>
  ({ state: 'waits', job, outcome: { type: 'wait', jobIds: [job.id] } }) satisfies ChildRun;

/** Cancels the job of a step that nothing comes of any more. Null: it is at rest; else what the task waits for. */
export async function cancelChild(
  { jobs, cancel }: Pick<ChildParts, 'jobs'> & { readonly cancel: (jobId: string) => Promise<void> },
  context: TaskContext,
  step: string,
): Promise<TaskOutcome | null> {
  const job = await jobs.childJob(context.job.id, step);
  if (job === null || job.state === 'completed' || job.state === 'cancelled') return null;
  if (job.state !== 'cancelling') await cancel(job.id);
  return waitsFor(job).outcome;
}

/** The error of a job whose step did not complete. */
export function childFailed(job: Job): AppError {
  const { id, name, kind, state, error } = job;
  return new AppError('child-failed', {
    message: `The job ${name} (${kind}) ${state === 'failed' ? `failed: ${error?.message ?? 'without a reason.'}` : `was ${state}.`}`,
    hint:
      error === null
        ? `See pumphouse jobs show ${id}; then resume this job.`
        : `${error.hint} Then resume this job.`,
    context: { job: id, code: error?.code ?? null },
    // A retry would find the same job at rest: only a resume goes on with it.
    temporary: false,
  });
}

/** A stored error, to be thrown again where it ends the job. */
export function storedError({ code, message, hint, field, figures }: ErrorRecord): AppError {
  return new AppError(code, {
    message,
    hint,
    temporary: false,
    ...(field === undefined ? {} : { field }),
    ...(figures === undefined ? {} : { figures }),
  });
}
