import type { ErrorRecord } from '../core/errors.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { TaskRecord, TaskSpec } from '../jobs/job-store.ts';

/** Tasks that follow each other; progress does not count them. `kinds`: each waits for the one before it. */
export const stepsInTurn = (kinds: readonly string[]): readonly TaskSpec[] =>
  kinds.map((kind, index) => ({
    key: kind,
    kind,
    group: kind,
    waitsFor: kinds.slice(0, index).slice(-1),
    payload: null,
    bytes: 0,
    rows: 0,
    counted: false,
  }));

/** The step of that kind; null: the job has none, or not yet. */
export async function findStep(context: TaskContext, kind: string): Promise<TaskRecord | null> {
  const [task] = await context.tasks(kind);
  return task ?? null;
}

/** A step that the job has. */
export async function stepOf(context: TaskContext, kind: string): Promise<TaskRecord> {
  const step = await findStep(context, kind);
  if (step === null) throw new Error(`The job has no step ${kind}.`);
  return step;
}

/** Why a step failed; null: it did not. */
export const failureOf = ({ state, error }: TaskRecord): ErrorRecord | null =>
  state === 'failed' ? error : null;
