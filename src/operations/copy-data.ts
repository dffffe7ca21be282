import { linkAbort } from '../base/linked-abort.ts';
import { tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { CopyRequest } from '../core/request.ts';
import type { Snapshot, UnitReader } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import { confirmedAfterPauses } from './confirmed.ts';
import { targetOf } from './copy-target.ts';
import type { Environment } from './environment.ts';
import { withSource } from './export-source.ts';
import { withHashKey } from './hash-key.ts';
import { counted, readyTarget } from './import-tasks.ts';
import { tableLine } from './log-lines.ts';
import type { CopyDataPayload, CopyDataResult } from './plan-types.ts';

/** One unit: its bytes go from the source's connection to the target's as they come, no faster than the target takes them. */
export function copyUnit(
  environment: Environment,
  request: CopyRequest,
  key: string,
  payload: CopyDataPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  return withSource(environment, request, context, ({ snapshot }) =>
    copyFrom(snapshot, environment, request, key, payload, context),
  );
}

async function copyFrom(
  snapshot: Snapshot,
  environment: Environment,
  request: CopyRequest,
  key: string,
  payload: CopyDataPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { schema, name, unit, encoding, wholeTable } = payload;
  const target = await readyTarget(environment, targetOf(request), context);

  // A target that fails must also end a source that waits for its database.
  using link = linkAbort(context.signal);
  const reader = snapshot.read(withHashKey(unit, context.job.plan), encoding, {
    signal: link.signal,
    log: context.log,
  });
  const rows = reader.summary.then((summary) => summary.rows);
  // Nobody asks for it when the target has the unit already, or fails.
  rows.catch(() => undefined);
  let read = 0;
  const bytes = counted(confirmedAfterPauses(reader.bytes, context), (done) => {
    read = done;
    context.progress({ bytes: done, rows: 0 });
  });
  const write = {
    key,
    table: { schema, name },
    columns: unit.columns,
    encoding,
    variant: variantOf(reader),
    rows,
    wholeTable,
  };
  try {
    const written = await target.write(write, bytes, context);
    const result: CopyDataResult = {
      rows: written.rows,
      // What an attempt before this one wrote was counted by nobody.
      bytes: written.alreadyApplied ? unit.estimate.bytes : read,
    };
    return { type: 'done', result, done: result };
  } finally {
    link.abort(new AppError('aborted', { message: 'The writing of the unit has ended.' }));
  }
}

function variantOf({ variant }: UnitReader): string {
  if (variant !== null) return variant;
  throw new AppError('internal', { message: 'The engine does not know beforehand how it writes a unit.' });
}

/** The line of a table whose data is in; a table with a failed unit has error lines instead. */
export function copiedTable(tasks: readonly TaskRecord[]): readonly NewJobLogEntry[] {
  const [first] = tasks;
  if (first?.kind !== 'data' || tasks.some((task) => task.state !== 'done')) return [];
  return [tableLine(first.payload as CopyDataPayload, figuresOf(tasks), 'copied')];
}

/** What data tasks brought. */
export function figuresOf(tasks: readonly TaskRecord[]): CopyDataResult {
  const results = tasks.flatMap(({ result }) => (result === null ? [] : (result as CopyDataResult)));
  return {
    rows: results.reduce((sum, { rows }) => sum + rows, 0),
    bytes: results.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The data tasks of each table of the target. */
export const byTable = (tasks: readonly TaskRecord[]): ReadonlyMap<string, readonly TaskRecord[]> =>
  Map.groupBy(tasks, (task) => {
    const { schema, name } = task.payload as CopyDataPayload;
    return tableKey({ schema, name });
  });
