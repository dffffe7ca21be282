import type { JobKind, JobState } from '../core/job.ts';

/** What a store holds that is still to be done. Times are milliseconds since the epoch. */
export interface JobFigures {
  /** Jobs that are not at rest. */
  readonly jobs: readonly { readonly kind: JobKind; readonly state: JobState; readonly count: number }[];
  /** When the oldest queued job was made; null: none is queued. */
  readonly oldestQueuedAt: number | null;
  /** Jobs that are held. */
  readonly held: number;
  /** Tasks of these jobs that are neither done nor failed. */
  readonly unfinishedTasks: number;
  readonly mailsWaiting: number;
  readonly eventsWaiting: number;
  /** The oldest time of a schedule that has passed without its job; null: there is none. */
  readonly oldestDueAt: number | null;
  /** The time of the figures, by the store's clock. */
  readonly at: number;
}

/** Counts for those who watch the service; what it costs does not grow with jobs that are over. */
export interface JobCensus {
  figures(): Promise<JobFigures>;
  /** When a task of a group was claimed for the first time; null: none was. */
  groupStartedAt(jobId: string, group: string): Promise<number | null>;
}
