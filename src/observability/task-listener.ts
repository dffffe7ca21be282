import type { ErrorCode } from '../core/error-catalogue.ts';
import type { Job, JobState } from '../core/job.ts';
import type { ClaimedTask, CompletionEffect, TaskCompletion } from '../jobs/job-store.ts';

/** What became of a task: it ran to its end, goes on later, or is somebody else's. */
export type TaskEnd =
  | 'done'
  /** It waits for jobs that its job started. */
  | 'waiting'
  | 'retried'
  /** With its job, until a database or storage answers. */
  | 'held'
  | 'failed'
  /** With its job, under a new snapshot. */
  | 'restarted'
  /** It was interrupted. */
  | 'released'
  /** Its lease was: another process has it. */
  | 'lost';

/** A task that ran in this process and has ended here. */
export interface EndedTask {
  readonly claimed: ClaimedTask;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly end: TaskEnd;
  /** Why it failed, is tried again or was lost; null: it did not, or nobody knows. */
  readonly error: ErrorCode | null;
  /** Of a task that is done. */
  readonly completion: TaskCompletion | null;
  /** What that, or its failure, brought about; null: it was neither. */
  readonly effect: CompletionEffect | null;
}

/** Is told what this process does with jobs. It throws nothing, and whoever tells it does not wait. */
export interface TaskListener {
  /** A request has made a job; called where the request is answered. */
  created?(job: Job): void;
  claimed?(claimed: ClaimedTask): void;
  /** A ticket that has brought a task waited so long for an instance. */
  waited?(ms: number): void;
  /** The task was given out before, to an instance that fell silent. */
  takenOver?(claimed: ClaimedTask): void;
  ended?(task: EndedTask): void;
  /** A task of this process has brought its job to an end: `completed`, `failed` or `cancelled`. */
  jobEnded?(job: Job, state: JobState): void;
}
