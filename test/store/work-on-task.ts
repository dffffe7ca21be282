import type { JobState } from '../../src/core/job.ts';
import type { ClaimedTask, JobStore } from '../../src/jobs/job-store.ts';
import { finishStep, newJob, unit } from '../conformance/job-store-fixture.ts';

/** Longer than any test: a task that waits for a job goes on because that rests. */
const recheckMs = 60 * 60 * 1000;

/** Does a task of a job of {@link newJob}: the plan of one that nobody started has another job do something first. */
export async function workOnTask(
  jobs: JobStore,
  { lease, task, job }: ClaimedTask,
): Promise<JobState | 'waits'> {
  await jobs.reportProgress(lease, { bytes: 10, rows: 1 });
  if (task.kind === 'plan' && job.parent === null) {
    const parent = { jobId: job.id, step: 'first' };
    const { job: child } = await jobs.createJob(newJob({ name: () => `below ${job.name}`, parent }));
    if (child.state !== 'completed') {
      await jobs.awaitJobs(lease, [child.id], recheckMs);
      return 'waits';
    }
  }
  const spawn =
    task.kind === 'plan'
      ? [...Array.from({ length: 8 }, (_, i) => unit(`u${i}`)), finishStep(['data:t'])]
      : [];
  const { state } = await jobs.completeTask(lease, { result: null, spawn, plan: { task: task.key } });
  return state;
}
