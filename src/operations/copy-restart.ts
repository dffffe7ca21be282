import { createHash } from 'node:crypto';
import { type DdlObject, type TableName, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { CopyRequest } from '../core/request.ts';
import type { TargetSession } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import { byTable } from './copy-data.ts';
import type { CopyPreparePayload } from './plan-types.ts';

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
  return [...made, ...whole.flat()].map(({ key }) => key);
}

/** An object by what it is, whatever its text. */
export const objectKey = ({ type, schema, table, name }: DdlObject): string =>
  JSON.stringify([type, schema, table, name]);

/** Changes with the definitions before the data, and with the tables and their columns. */
export function digestOf(
  before: readonly DdlObject[],
  tables: readonly (TableName & { readonly columns: readonly string[] })[],
): string {
  const facts = [
    before.map(({ sql }) => sql),
    tables.map(({ schema, name, columns }) => [schema, name, columns]),
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
  const kept = new Set(byTable(await context.tasks('data')).keys());
  const receipts = [...(await target.receipts(context)).keys()];
  const undone = made.tables.flatMap((table, position) => {
    if (kept.has(tableKey(table))) return [];
    const prefix = unitKeyPrefix(position);
    return [
      { schema: table.schema, name: table.name, keys: receipts.filter((key) => key.startsWith(prefix)) },
    ];
  });
  await target.undoUnits(undone, context);
  return kept;
}

/** The begin of the keys of a table's units: the same under every snapshot. */
export const unitKeyPrefix = (position: number): string => `data/${position}/`;
