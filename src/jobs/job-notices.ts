import type { JobState } from '../core/job.ts';

/** Something was logged of a job, in this process or another: each change of its state is, progress is not. */
export interface JobNotice {
  readonly jobId: string;
  readonly state: JobState;
  /** `Job.restarts` of it: a run of the job that began with fewer has nothing more to do. */
  readonly restarts: number;
  /** `Job.version` of it: what began later (a task that was claimed at a higher one) is none of its concern. */
  readonly version: number;
}

/**
 * Tells of changes of jobs by all processes of a shared store, soon after their commit. It is a hint: nothing may depend on a single one.
 * After a cut connection `onGap` is called, since notices may have been missed.
 */
export interface JobNotices {
  subscribe(listener: (notice: JobNotice) => void, onGap: () => void): () => void;
}
