import { type TableName, tableKey } from '../core/catalogue.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import { dataGroup } from './apply-tasks.ts';
import type { ApplyPayload } from './plan-types.ts';

/** Payload of a task that does the work of others, one after the other: see {@link inBatches}. */
export interface BatchPayload {
  /** All of one kind. */
  readonly tasks: readonly TaskSpec[];
}

/** Where there are no more small tasks than this, each stands for itself. */
const mostAlone = 100;
/** A task of less is small: giving it out and writing down its end cost more than the work. */
const smallBytes = 1024 * 1024;
/** What one batch takes at most: bounds what a stop waits for, and what is gone through again after a crash. */
const limit = { tasks: 64, bytes: 16 * 1024 * 1024 };

const batchSuffix = '-batch';
export const isBatch = (kind: string): boolean => kind.endsWith(batchSuffix);
/** The kind of a batch of tasks of a kind. */
export const batchKind = (kind: string): string => `${kind}${batchSuffix}`;
/** The kind of the tasks in a batch of a kind; of any other task its own. */
export const unbatchedKind = (kind: string): string =>
  isBatch(kind) ? kind.slice(0, -batchSuffix.length) : kind;

/**
 * The tasks of an import or a copy, with very many small ones put together: rows of tables that are one unit, what is made of such rows,
 * and checks of frames. A table whose rows wait for those of another, or are waited for, stays by itself.
 */
export function inBatches(tasks: readonly TaskSpec[]): readonly TaskSpec[] {
  const data = chunks(smallTables(tasks));
  const batchOfTable = new Map(
    data.flatMap((chunk) => chunk.map(({ group }) => [group, batchGroup(chunk)] as const)),
  );
  const left = new Set(tasks);
  const take = (chunk: readonly TaskSpec[], group: string): readonly TaskSpec[] => {
    // Nothing is gained by a batch of one.
    if (chunk.length < 2) return [];
    for (const task of chunk) left.delete(task);
    return [batch(chunk, group, batchOfTable)];
  };
  const batches = [
    ...data.flatMap((chunk) => take(chunk, batchGroup(chunk))),
    ...indexesOf(tasks, batchOfTable).flatMap((chunk) => take(chunk, 'index')),
    ...chunks(constraintsOf(tasks, batchOfTable)).flatMap((chunk) => take(chunk, 'constraints')),
    ...chunks(small(ofKind(tasks, 'verify'))).flatMap((chunk) => take(chunk, 'verify')),
  ];
  return [...batches, ...[...left].map((task) => waitingFor(task, batchOfTable))];
}

const ofKind = (tasks: readonly TaskSpec[], kind: string) => tasks.filter((task) => task.kind === kind);

const small = (tasks: readonly TaskSpec[]) => tasks.filter(({ bytes }) => bytes < smallBytes);

/** Tasks that write all rows of a table, few, at any time. */
function smallTables(tasks: readonly TaskSpec[]): readonly TaskSpec[] {
  const data = ofKind(tasks, 'data');
  const waitedFor = new Set(data.flatMap(({ waitsFor }) => waitsFor));
  return small(
    [...Map.groupBy(data, ({ group }) => group).values()].flatMap((ofTable) =>
      ofTable.length === 1 ? ofTable : [],
    ),
  ).filter(
    ({ group, waitsFor }) => !waitedFor.has(group) && !waitsFor.some((other) => other.startsWith('data:')),
  );
}

/** In their order, in lists that one batch takes; none when there are few. */
function chunks(tasks: readonly TaskSpec[]): readonly (readonly TaskSpec[])[] {
  if (tasks.length <= mostAlone) return [];
  const lists: TaskSpec[][] = [];
  let bytes = 0;
  for (const task of tasks) {
    const last = lists.at(-1);
    if (last !== undefined && last.length < limit.tasks && bytes + task.bytes <= limit.bytes) {
      last.push(task);
      bytes += task.bytes;
    } else {
      lists.push([task]);
      bytes = task.bytes;
    }
  }
  return lists;
}

/** The indexes of the tables of each batch; and those of tables that get no rows. */
function indexesOf(tasks: readonly TaskSpec[], batchOfTable: ReadonlyMap<string, string>) {
  const byBatch = Map.groupBy(
    ofKind(tasks, 'index'),
    ({ waitsFor }) =>
      waitsFor.map((group) => batchOfTable.get(group)).find((group) => group !== undefined) ?? null,
  );
  const empty = (byBatch.get(null) ?? []).filter(
    ({ waitsFor }) => !waitsFor.some((group) => group.startsWith('data:')),
  );
  byBatch.delete(null);
  return [...byBatch.values(), ...chunks(empty)];
}

/** Foreign keys of nothing but batched tables. */
function constraintsOf(tasks: readonly TaskSpec[], batchOfTable: ReadonlyMap<string, string>) {
  return ofKind(tasks, 'constraints').filter(({ payload }) =>
    (payload as ApplyPayload).objects.every(
      ({ schema, table }) =>
        schema !== null && table !== null && batchOfTable.has(dataGroup({ schema, name: table })),
    ),
  );
}

/** Named by its tables: what people see of its progress. */
function batchGroup(chunk: readonly TaskSpec[]): string {
  const [first] = chunk;
  return chunk.length < 2
    ? (first?.group ?? '')
    : `data:${tableKey(first?.payload as TableName)} and ${chunk.length - 1} more tables`;
}

function batch(
  tasks: readonly TaskSpec[],
  group: string,
  batchOfTable: ReadonlyMap<string, string>,
): TaskSpec {
  const [first] = tasks as readonly [TaskSpec];
  const payload: BatchPayload = { tasks };
  const waitsFor = [...new Set(tasks.flatMap((task) => task.waitsFor))];
  return waitingFor(
    {
      key: `batch/${first.key}`,
      kind: batchKind(first.kind),
      group,
      waitsFor,
      payload,
      bytes: tasks.reduce((sum, { bytes }) => sum + bytes, 0),
      rows: tasks.reduce((sum, { rows }) => sum + rows, 0),
      counted: first.counted,
    },
    batchOfTable,
  );
}

/** What waits for a table waits for its batch, and for the table too: a unit that fails in a batch becomes a task of its own. */
function waitingFor(task: TaskSpec, batchOfTable: ReadonlyMap<string, string>): TaskSpec {
  const waitsFor = task.waitsFor.flatMap((group) => batchOfTable.get(group) ?? []);
  return waitsFor.length === 0 ? task : { ...task, waitsFor: [...new Set([...task.waitsFor, ...waitsFor])] };
}
