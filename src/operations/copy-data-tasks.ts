import { type TableName, tableKey } from '../core/catalogue.ts';
import type { Encoding } from '../core/request.ts';
import type { Unit } from '../engines/engine.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import { dataGroup, dataWaitsFor, plainTask } from './apply-tasks.ts';
import { unitKeyPrefix } from './copy-restart.ts';
import type { CopyDataPayload, CopyFinishPayload, CopyPreparePayload } from './plan-types.ts';
import type { TargetTable } from './target-plan.ts';

/** A table under its target's names. */
export interface TableToCopy extends TargetTable {
  readonly source: TableName;
}

/**
 * The tasks that copy the rows of tables. Their keys, which are those of the receipts, tell the table and the snapshot: rows that came
 * through another one are never taken for these.
 */
export function copyDataTasks(
  tables: readonly TableToCopy[],
  units: readonly Unit[],
  encoding: Encoding,
  restarts: number,
  prepare: Pick<CopyPreparePayload, 'tables' | 'order'>,
): readonly TaskSpec[] {
  const unitsOf = Map.groupBy(units, ({ table }) => tableKey(table));
  const positions = new Map(prepare.tables.map((table, position) => [tableKey(table), position]));
  const order = new Map(prepare.order);
  return tables.flatMap((table) => {
    const { schema, name } = table;
    const prefix = unitKeyPrefix(positions.get(tableKey(table)) as number);
    const waitsFor = dataWaitsFor(table, order);
    return (unitsOf.get(tableKey(table.source)) ?? []).map((unit): TaskSpec => {
      const payload: CopyDataPayload = { schema, name, unit, encoding, wholeTable: unit.parts === 1 };
      return {
        key: `${prefix}${restarts}-${String(unit.part).padStart(4, '0')}`,
        kind: 'data',
        group: dataGroup({ schema, name }),
        waitsFor,
        payload,
        bytes: unit.estimate.bytes,
        rows: unit.estimate.rows,
        counted: true,
      };
    });
  });
}

export function copyFinishTask(tables: readonly TableName[]): TaskSpec {
  const payload: CopyFinishPayload = { tables: tables.map(({ schema, name }) => ({ schema, name })) };
  return plainTask('finish', 'finish', 'finish', ['after'], payload);
}
