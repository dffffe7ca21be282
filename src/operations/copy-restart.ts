import { createHash } from 'node:crypto';
import { type DdlObject, isOfDatabase, type TableName, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Job, NewJobLogEntry } from '../core/job.ts';
import type { CopyRequest } from '../core/request.ts';
import type { TargetSession } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import { byTable } from './copy-data.ts';
import type { CopyPreparePayload } from './plan-types.ts';
import { tasksWithBatches } from './run-batch.ts';
import { warnLine } from './target-lines.ts';
import { batchKind } from './task-batches.ts';

/**
 * What stays when the snapshot is lost: what was made before the data, and with consistency `table` the tables whose data is all in.
 */
export function keepCopied(job: Job, tasks: readonly TaskRecord[]): readonly string[] {
  const made = tasks.filter(
    ({ kind, state }) => (kind === 'clear' || kind === 'prepare') && state === 'done',
  );
  if ((job.request as CopyRequest).consistency !== 'table') return made.map(({ key }) => key);
  const data = byTable(tasks.filter(({ kind }) => kind === 'data'));
  const whole = [...data.values()].filter((ofTable) => ofTable.every(({ state }) => state === 'done'));
  // Each table that a batch has done is whole.
  const batches = tasks.filter(({ kind, state }) => kind === batchKind('data') && state === 'done');
  return [...made, ...whole.flat(), ...batches].map(({ key }) => key);
}

/** An object by what it is, whatever its text. */
export const objectKey = ({ type, schema, table, name }: DdlObject): string =>
  JSON.stringify([type, schema, table, name]);

/**
 * Whether it makes or describes large objects, whose names are their numbers. An application makes and drops these like rows, and the rows of
 * new ones make them.
 */
const isOfLargeObjects = ({ type, schema, name }: DdlObject): boolean =>
  schema === null &&
  /^\d+(?:\.\.\d+)?$/.test(name) &&
  ['BLOB', 'OWNER', 'COMMENT', 'SECURITY LABEL'].includes(type);

/** Changes with the definitions before the data, but for large objects, and with the tables and their columns. */
export function digestOf(
  before: readonly DdlObject[],
  tables: readonly (TableName & { readonly columns: readonly string[] })[],
): string {
  const facts = [
    before.filter((object) => !isOfLargeObjects(object)).map(({ sql }) => sql),
    tables
      .filter((table) => !isOfDatabase(table))
      .map(({ schema, name, columns }) => [schema, name, columns]),
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** What an earlier plan of this job had made in the target before its snapshot was lost; null when nothing was made. */
export async function madeBefore(context: TaskContext): Promise<CopyPreparePayload | null> {
  const [prepare] = await context.tasks('prepare');
  return prepare === undefined ? null : (prepare.payload as CopyPreparePayload);
}

/** How many objects could not be made then: the receipt knows, and nothing is made again. */
export async function failedBefore(target: TargetSession, context: TaskContext): Promise<number> {
  const { failures } = await target.apply('prepare', [], context);
  return failures.length;
}

/**
 * `made`, and what carries the large objects when there were none then: a restart after this one finds it again in the same position, which
 * the keys of its units are made of.
 */
export function withLargeObjects(made: CopyPreparePayload, tables: readonly TableName[]): CopyPreparePayload {
  const known = new Set(made.tables.map(tableKey));
  const added = tables.filter((table) => isOfDatabase(table) && !known.has(tableKey(table)));
  return { ...made, tables: [...made.tables, ...added.map(({ schema, name }) => ({ schema, name }))] };
}

/** What to tell of large objects that came, went or changed since `made`: one line or none. */
export function largeObjectLines(
  made: CopyPreparePayload,
  before: readonly DdlObject[],
  target: string,
): readonly NewJobLogEntry[] {
  const textOf = (objects: readonly DdlObject[]): string =>
    JSON.stringify(objects.filter(isOfLargeObjects).map(({ sql }) => sql));
  if (textOf(made.objects) === textOf(before)) return [];
  return [
    warnLine(
      `Large objects were made, dropped or changed while the snapshot was lost. In database ${target}, new ones that hold data belong to \
the role of the connection, and dropped ones stay, empty.`,
    ),
  ];
}

/** @throws AppError definitions-changed */
export function refuseChanged(made: CopyPreparePayload, digest: string, request: CopyRequest): void {
  if (made.digest === digest) return;
  throw new AppError('definitions-changed', {
    message: `The snapshot of database ${request.database} was lost, and its definitions have changed since: what the copy made in database ${request.target} does not fit any more.`,
  });
}

/**
 * Empties the tables whose rows came through the lost snapshot. All of them but the kept ones: a process that was killed may have had a
 * commit on its way that no receipt tells of yet. Gives the keys of the kept ones.
 */
export async function undoLostRows(
  target: TargetSession,
  made: CopyPreparePayload,
  context: TaskContext,
): Promise<ReadonlySet<string>> {
  if (target.undoUnits === undefined) throw new Error('The engine cannot undo units.');
  const kept = new Set(byTable(await tasksWithBatches(context, 'data')).keys());
  const toUndo = async () => {
    const receipts = [...(await target.receipts(context)).keys()];
    return made.tables.flatMap(({ schema, name }, position) => {
      if (kept.has(tableKey({ schema, name }))) return [];
      const prefix = unitKeyPrefix(position);
      return [{ schema, name, keys: receipts.filter((key) => key.startsWith(prefix)) }];
    });
  };
  await target.undoUnits(await toUndo(), context);
  // What was committed before the tables were locked, and after the receipts were read.
  const late = (await toUndo()).filter(({ keys }) => keys.length > 0);
  if (late.length > 0) await target.undoUnits(late, context);
  return kept;
}

/** The begin of the keys of a table's units: the same under every snapshot. */
export const unitKeyPrefix = (position: number): string => `data/${position}/`;
