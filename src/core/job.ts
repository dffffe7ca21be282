import type { ErrorRecord } from './errors.ts';
import type { JobRequest } from './request.ts';

/** What a job does. */
export type JobKind = JobRequest['kind'];

/**
 * The states of a job.
 *
 *     queued -> planning -> executing -> completing -> completed
 *     any active state -> failed                    (a fatal error; can be resumed)
 *     any active state -> stopping -> stopped       (asked for; can be resumed; completed, if its last task was just ending)
 *     stopped, failed -> queued                     (resume)
 *     anything unfinished, stopped, failed -> cancelling -> cancelled   (files removed)
 *     executing, completing -> queued               (restart under a new snapshot)
 */
export const jobStates = [
  'queued',
  'planning',
  'executing',
  'completing',
  'completed',
  'failed',
  'stopping',
  'stopped',
  'cancelling',
  'cancelled',
] as const;
export type JobState = (typeof jobStates)[number];

/** The allowed transitions, in one place; the store refuses every other. */
export const jobTransitions: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['planning', 'executing', 'completing', 'failed', 'stopping', 'stopped', 'cancelling'],
  planning: ['queued', 'executing', 'completing', 'completed', 'failed', 'stopping', 'stopped', 'cancelling'],
  executing: ['queued', 'completing', 'completed', 'failed', 'stopping', 'stopped', 'cancelling'],
  completing: ['queued', 'completed', 'failed', 'stopping', 'stopped', 'cancelling'],
  completed: [],
  failed: ['queued', 'cancelling'],
  stopping: ['stopped', 'completed', 'failed', 'cancelling'],
  stopped: ['queued', 'cancelling'],
  cancelling: ['cancelled', 'failed'],
  cancelled: [],
};

/** States in which tasks of the job may be claimed by workers. */
export const claimableStates: readonly JobState[] = ['queued', 'planning', 'executing', 'completing'];
/** States from which nothing happens without a new request. */
export const restingStates: readonly JobState[] = ['completed', 'failed', 'stopped', 'cancelled'];

/** All other states: something still happens to the job by itself. */
export const unfinishedStates: readonly JobState[] = jobStates.filter(
  (state) => !restingStates.includes(state),
);

/** Priorities go from minus this to this. */
export const mostPriority = 10;

/** True when nothing will happen to the job without a new request. */
export const isResting = (state: JobState): boolean => restingStates.includes(state);

/** How far a job is; kept in the store so that every instance can answer. Totals are estimates until the plan is made. */
export interface JobProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly rowsDone: number;
  readonly rowsTotal: number;
  readonly unitsDone: number;
  readonly unitsTotal: number;
}

/** One export, import, copy, backup, restore, verification or run of a definition asked for by somebody. Times are milliseconds since the epoch. */
export interface Job {
  /** Opaque, unique for ever. */
  readonly id: string;
  /** Ascending in order of creation; the cursor of lists. */
  readonly seq: number;
  /** Unique within its database: `EXPORT_20261121093007`, or what the API that took it asked for. */
  readonly name: string;
  readonly kind: JobKind;
  readonly state: JobState;
  /** Name of the user that asked for it. */
  readonly owner: string;
  /** Name of the registered database. */
  readonly database: string;
  /** Which API took the request. */
  readonly api: string;
  /** What that API wants to remember; opaque to everybody else. */
  readonly apiData: Readonly<Record<string, unknown>>;
  readonly request: JobRequest;
  /** What the plan task decided (operations own its shape); null before it ran. */
  readonly plan: unknown;
  /** What the finish task summed up (operations own its shape); null before it ran. */
  readonly result: unknown;
  /** The hard limit of tasks running at once, over all instances. */
  readonly threads: number;
  /** From -10 to 10, 0 unless asked for: tasks of jobs of a higher one are given out first. */
  readonly priority: number;
  /** Tasks running now. */
  readonly running: number;
  readonly progress: JobProgress;
  /** Tasks or objects that failed while the job went on: a completed job with errors has more than 0. */
  readonly errorCount: number;
  /** Why the job failed; null unless state is `failed`. */
  readonly error: ErrorRecord | null;
  /** How often the data was started again under a new snapshot. */
  readonly restarts: number;
  /** Why no task is given out now, and when the next one tries (in the past: one is trying); null when nothing is waited for. */
  readonly waitingFor: { readonly message: string; readonly until: number } | null;
  /** The job that started this one, and goes on when this one rests; null: nobody's. Stop, resume and cancel of it reach this one too. */
  readonly parent: { readonly jobId: string; readonly step: string } | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Grows with every change that a reader can see: the base of ETags. */
  readonly version: number;
}

/** What one table of a job has done so far. */
export interface TableProgress {
  readonly group: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly rowsDone: number;
  readonly unitsDone: number;
  readonly unitsTotal: number;
  readonly failed: number;
}

/** Kinds of job log entries that renderers know; the free text is always in `message`. */
export type JobLogEvent =
  | 'state' // data: {state}
  | 'plan' // data: {tables, units, bytes}
  | 'object-type' // data: {path} e.g. SCHEMA_EXPORT/TABLE/TABLE_DATA
  | 'table' // a table's data is done; data: {schema, name, bytes, rows, operation: 'exported' | 'imported' | 'copied'}
  | 'files' // the dump set's files; data: {files: string[]}
  | 'restart' // data: {reason}
  | 'finding' // a preflight finding; data: {level, code}
  | 'error' // data: {code, object?}
  | 'note';

/** One line of a job's log. */
export interface JobLogEntry {
  /** Ascending within the job, from 1: the event id of SSE. */
  readonly seq: number;
  readonly at: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly event: JobLogEvent;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A log entry before the store numbers it. */
export type NewJobLogEntry = Omit<JobLogEntry, 'seq' | 'at'>;
