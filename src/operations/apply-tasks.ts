import { type TableName, tableKey } from '../core/catalogue.ts';
import type { ImportSchedule } from '../engines/engine.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { ApplyPayload, ClearPayload } from './plan-types.ts';
import type { TargetPlan, TargetTable } from './target-plan.ts';

/** A task that is no unit of data. */
export const plainTask = (
  key: string,
  kind: string,
  group: string,
  waitsFor: readonly string[],
  payload: unknown,
  bytes = 0,
): TaskSpec => ({ key, kind, group, waitsFor, payload, bytes, rows: 0, counted: false });

/** Removes the receipts, once what they said is in the store: a `finish` that is run again needs them. */
export const forgetTask: TaskSpec = plainTask('forget', 'forget', 'forget', [], null);

/** What is to be done beside the writing of rows. */
export interface ApplyWork {
  /** Of the objects that will be made. */
  readonly schedule: ImportSchedule;
  /** Whose rows are written, by the tasks of the groups {@link dataGroup}. */
  readonly tables: readonly (TableName & { readonly bytes: number })[];
  readonly clear: TargetPlan<TargetTable>['clear'];
  /** Everything that the target holds is removed first; then nothing is left to clear. */
  readonly erases?: boolean;
  /** Groups that must be through before anything is touched. */
  readonly waitsFor: readonly string[];
}

/**
 * The tasks erase or clear -> prepare -> (data) -> index -> constraints -> after. `erase` is there only when it is asked for, `clear` when tables are emptied or dropped; its payload
 * is a {@link ClearPayload}, those of the others an {@link ApplyPayload}. An index task without objects stands for a table that has
 * no index, so that the group `index` means all tables.
 */
export function applyTasks({
  schedule,
  tables,
  clear,
  erases = false,
  waitsFor,
}: ApplyWork): readonly TaskSpec[] {
  const byKey = new Map(tables.map((table) => [tableKey(table), table]));
  const keys = [...new Set([...byKey.keys(), ...schedule.perTable.keys()])];
  const indexTasks = keys.flatMap((key, position) => {
    const table = byKey.get(key);
    const ready = table === undefined ? ['prepare'] : [`data:${key}`, 'prepare'];
    const lists = schedule.perTable.get(key) ?? [[]];
    return lists.map((objects, part) =>
      plainTask(`index/${position}-${part}`, 'index', 'index', ready, apply(objects), table?.bytes ?? 0),
    );
  });
  const cleared: ClearPayload = { tables: clear };
  return [
    ...(erases ? [plainTask('erase', 'erase', 'clear', waitsFor, null)] : []),
    ...(clear.length === 0 ? [] : [plainTask('clear', 'clear', 'clear', waitsFor, cleared)]),
    plainTask('prepare', 'prepare', 'prepare', [...waitsFor, 'clear'], apply(schedule.before)),
    ...indexTasks,
    ...schedule.constraints.map((objects, position) =>
      plainTask(
        `constraints/${position}`,
        'constraints',
        'constraints',
        ['prepare', 'index'],
        apply(objects),
      ),
    ),
    plainTask('after', 'after', 'after', ['prepare', 'index', 'constraints'], apply(schedule.after)),
  ];
}

const apply = (objects: ApplyPayload['objects']): ApplyPayload => ({ objects });

/** The group of the tasks that write a table's rows. */
export const dataGroup = (table: TableName): string => `data:${tableKey(table)}`;

/** The groups that such a task waits for. */
export const dataWaitsFor = (
  table: TableName,
  order: TargetPlan<TargetTable>['order'],
): readonly string[] => ['prepare', ...(order.get(tableKey(table)) ?? []).map((key) => `data:${key}`)];
