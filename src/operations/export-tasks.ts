import { type Table, tableKey } from '../core/catalogue.ts';
import type { FileAssignment } from '../dump/layout.ts';
import type { Unit } from '../engines/engine.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import { shapeOf } from './export-restart.ts';
import type { ExportDataPayload, ExportDdlPayload, ExportFinishPayload } from './plan-types.ts';

/** A task that progress does not count. */
const step = (kind: string, waitsFor: readonly string[], payload: unknown): TaskSpec => ({
  key: kind,
  kind,
  group: kind,
  waitsFor,
  payload,
  bytes: 0,
  rows: 0,
  counted: false,
});

/** Before all others: a privilege that is missing must show early. */
export const ddlTask = (payload: ExportDdlPayload): TaskSpec => ({
  ...step('ddl', [], payload),
  bytes: Number.MAX_SAFE_INTEGER,
});

/** Everything in one file. */
export function singleTask(payload: ExportFinishPayload): TaskSpec {
  const estimates = payload.inline.map(({ estimate }) => estimate);
  const bytes = estimates.reduce((sum, estimate) => sum + estimate.bytes, 0);
  const rows = estimates.reduce((sum, estimate) => sum + estimate.rows, 0);
  return { ...step('single', ['ddl'], payload), bytes, rows, counted: true };
}

/** One task for each file, and the one that comes after them. */
export function fileTasks(
  files: readonly FileAssignment[],
  units: readonly Unit[],
  tables: readonly Table[],
  finish: ExportFinishPayload,
): readonly TaskSpec[] {
  const unitOf = new Map(units.map((unit) => [unit.id, unit]));
  const shapes = new Map(tables.map((table) => [tableKey(table), shapeOf(table)]));
  const data = files.map(({ file, units: ids, bytes }): TaskSpec => {
    const inFile = ids.flatMap((id) => unitOf.get(id) ?? []);
    const keys = new Set(inFile.map((unit) => tableKey(unit.table)));
    const payload: ExportDataPayload = {
      file,
      units: inFile,
      bytes,
      shapes: Object.fromEntries([...keys].map((key) => [key, shapes.get(key) ?? ''])),
    };
    return {
      // The name of a file may be that of one before a restart; the name of a unit is not.
      key: `data/${ids[0] ?? file}`,
      kind: 'data',
      // Files of one table are counted together, so that the table's log line comes with its last unit; a mixed file stands alone.
      group: keys.size === 1 ? `data:${[...keys][0]}` : `data-file:${file}`,
      waitsFor: [],
      payload,
      bytes,
      rows: inFile.reduce((sum, unit) => sum + unit.estimate.rows, 0),
      counted: true,
    };
  });
  const groups = new Set(data.map(({ group }) => group));
  return [...data, step('finish', ['ddl', ...groups], finish)];
}
