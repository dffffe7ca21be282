import { type AppError, isInterruption, toAppError, toErrorRecord } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, TaskRecord, TaskSpec } from '../jobs/job-store.ts';
import { type BatchPayload, batchKind } from './task-batches.ts';

/** Result of a batch: those of the tasks that went through. The others became tasks of the job. */
export interface BatchResult {
  readonly results: readonly { readonly key: string; readonly result: unknown }[];
}

/** What the tasks of a batch need of their handler. */
export interface BatchHandler {
  readonly run: JobHandler['run'];
  readonly onError: JobHandler['onError'];
  /** Lines about a task that is done. */
  readonly told: (task: TaskRecord) => readonly NewJobLogEntry[];
}

/**
 * Runs the tasks of a batch one after the other. One that fails by its own fault becomes a task of the job, so that it is tried again,
 * reported and resumed like any other, and takes none along; every other error ends the batch, which is then repeated: what has
 * a receipt is not done twice.
 */
export async function runBatch(
  { run, onError, told }: BatchHandler,
  claimed: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const results: { key: string; result: unknown }[] = [];
  const spawn: TaskSpec[] = [];
  const log: NewJobLogEntry[] = [];
  const done = { bytes: 0, rows: 0 };
  let errors = 0;
  const within: TaskContext = {
    ...context,
    progress: ({ bytes, rows }) => context.progress({ bytes: done.bytes + bytes, rows: done.rows + rows }),
  };
  for (const task of (claimed.task.payload as BatchPayload).tasks) {
    context.signal.throwIfAborted();
    let outcome: TaskOutcome;
    try {
      outcome = await run({ ...claimed, task }, within);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (context.signal.aborted || !isItsOwn(error, task, claimed.lease.attempt, onError)) throw thrown;
      spawn.push(task);
      continue;
    }
    if (outcome.type !== 'done') return outcome;
    done.bytes += outcome.done?.bytes ?? 0;
    done.rows += outcome.done?.rows ?? 0;
    errors += outcome.errors ?? 0;
    results.push({ key: task.key, result: outcome.result });
    log.push(
      ...(outcome.log ?? []),
      ...told({ ...task, state: 'done', result: outcome.result, error: null }),
    );
    context.progress({ ...done });
  }
  const result: BatchResult = { results };
  return { type: 'done', result, spawn, done, errors, log };
}

/** Whether an error is of this task alone. A temporary one may pass when the batch is repeated, and is looked at again then. */
function isItsOwn(error: AppError, task: TaskSpec, attempt: number, onError: JobHandler['onError']): boolean {
  return (
    !isInterruption(error) &&
    error.kind !== 'snapshot_lost' &&
    error.kind !== 'lease_lost' &&
    !(error.temporary && attempt === 1) &&
    onError(task.kind, toErrorRecord(error)) === 'fail-task'
  );
}

/** A job's tasks of a kind, those in batches as if each stood for itself. */
export async function tasksWithBatches(context: TaskContext, kind: string): Promise<readonly TaskRecord[]> {
  return [
    ...(await context.tasks(kind)),
    ...(await context.tasks(batchKind(kind))).flatMap((task) => tasksOfBatch(task)),
  ];
}

/** The tasks that a batch has done; all of them when it has not come to its end. */
export function tasksOfBatch({ payload, state, result, error }: TaskRecord): readonly TaskRecord[] {
  const { tasks } = payload as BatchPayload;
  if (result === null) return tasks.map((task) => ({ ...task, state, result: null, error }));
  const results = new Map((result as BatchResult).results.map((one) => [one.key, one.result]));
  return tasks.flatMap((task) =>
    results.has(task.key) ? { ...task, state, result: results.get(task.key), error } : [],
  );
}
