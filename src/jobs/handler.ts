import type { OperationContext } from '../core/context.ts';
import type { AppError, ErrorRecord } from '../core/errors.ts';
import type { Job, JobKind, NewJobLogEntry } from '../core/job.ts';
import type { ClaimedTask, TaskCompletion, TaskRecord, TaskSpec } from './job-store.ts';

/** Something that tasks share. */
export interface Shareable extends AsyncDisposable {
  /** Aborted when it can do nothing any more (its connection or thread ended): the next task that asks gets another. */
  readonly lost?: AbortSignal;
}

/** What a task's handler may use. */
export interface TaskContext extends OperationContext {
  readonly job: Job;
  /** Reports the whole of what this task has done so far; written to the store at most twice a second. */
  progress(done: { readonly bytes: number; readonly rows: number }): void;
  /** Appends to the job's log at once. */
  note(...entries: NewJobLogEntry[]): Promise<void>;
  /** Reads the job's tasks back (for plan and finish), those of the kind and the group where given. */
  tasks(kind?: string, group?: string): Promise<readonly TaskRecord[]>;
  /**
   * Whether the task is still this process's: asked before what cannot be taken back (the last byte of a file, a manifest), since the process may have been
   * frozen or cut off, and another may have gone on meanwhile. Throws `lease-lost`, `store-unavailable`.
   */
  confirm(): Promise<void>;
  /** See JobStore.shareSnapshot, JobStore.snapshotTokens. */
  shareSnapshot(token: string): Promise<void>;
  snapshotTokens(): Promise<readonly string[]>;
  /**
   * Something that the job's tasks in this process share (an open session, a snapshot). Opened once per key, on first use; disposed, newest first,
   * when the job comes to rest or starts again. A rejected `open` is forgotten, so that the next task tries again; so is what is lost.
   */
  shared<T extends Shareable>(key: string, open: () => Promise<T>): Promise<T>;
}

/** How a handler ends; a thrown error is judged by the worker: interruption -> released, temporary -> retried, else by `onError`. */
export type TaskOutcome =
  | ({ readonly type: 'done' } & TaskCompletion)
  /** It goes on when one of these jobs, if this job started it itself, rests, or `recheckMs` have passed; then it runs again from its start. */
  | { readonly type: 'wait'; readonly jobIds: readonly string[]; readonly recheckMs?: number }
  /** Data must be read again under a new snapshot. */
  | { readonly type: 'restart'; readonly reason: string };

/** The runbooks of one kind of job; operations implement it, app.ts registers it. */
export interface JobHandler {
  readonly kind: JobKind;
  run(claimed: ClaimedTask, context: TaskContext): Promise<TaskOutcome>;
  /** What a permanent error (or a temporary one after the last attempt, or a snapshot that was lost too often) of a task of this kind means. */
  onError(taskKind: string, error: ErrorRecord): 'fail-task' | 'fail-job';
  /** Asked before {@link onError}: how a task ends whose handler keeps its failures as results; null: as `onError` says. Absent: null. */
  failed?(claimed: ClaimedTask, error: AppError): TaskCompletion | null;
  /** What a task is about (`index hr.emp_pk`), for lines about its failures; null or absent: its key must do. */
  subject?(task: TaskSpec): string | null;
  /** Keys of done tasks whose work stays when the job starts its data again; absent: none. */
  keepOnRestart?(job: Job, tasks: readonly TaskRecord[]): readonly string[];
  /** The last task of a group is done: a chance for a log line (a table is complete). */
  groupFinished?(job: Job, group: string, tasks: readonly TaskRecord[]): readonly NewJobLogEntry[];
}
