import { type Table, tableKey } from '../core/catalogue.ts';
import type { Unit } from '../engines/engine.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { AssignedFile } from './export-file-size.ts';
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

/** The task that writes one file of a dump set; `bare`: one without a manifest, which is to find nothing in its way. */
const dataTask = (payload: ExportDataPayload, group: string, kind: 'data' | 'bare' = 'data'): TaskSpec => ({
  // The name of a file may be that of one before a restart; the name of a unit is not.
  key: `data/${payload.units[0]?.id ?? payload.file}`,
  kind,
  group,
  waitsFor: kind === 'bare' ? ['ddl'] : [],
  payload,
  bytes: payload.bytes,
  rows: payload.units.reduce((sum, { estimate }) => sum + estimate.rows, 0),
  counted: true,
});

/** The task that goes on with the units that a file of `before` had no room for, in the first of its spare files. */
export function spareTask(before: ExportDataPayload, units: readonly Unit[], group: string): TaskSpec {
  const [file, ...spare] = before.spare ?? [];
  if (file === undefined) throw new Error(`${before.file} has no spare file.`);
  const bytes = units.reduce((sum, { estimate }) => sum + estimate.bytes, 0);
  return dataTask({ ...before, file, spare, units, bytes }, group);
}

/** One task for each file, and the one that comes after them. */
export function fileTasks(
  files: readonly AssignedFile[],
  units: readonly Unit[],
  tables: readonly Table[],
  finish: ExportFinishPayload,
  kind: 'data' | 'bare',
): readonly TaskSpec[] {
  const unitOf = new Map(units.map((unit) => [unit.id, unit]));
  const shapes = new Map(tables.map((table) => [tableKey(table), shapeOf(table)]));
  const data = files.map(({ file, units: ids, bytes, spare }): TaskSpec => {
    const inFile = ids.flatMap((id) => unitOf.get(id) ?? []);
    const keys = new Set(inFile.map((unit) => tableKey(unit.table)));
    const payload: ExportDataPayload = {
      file,
      units: inFile,
      bytes,
      shapes: Object.fromEntries([...keys].map((key) => [key, shapes.get(key) ?? ''])),
      ...(spare === undefined ? {} : { spare }),
    };
    // Files of one table are counted together, so that the table's log line comes with its last unit; a mixed file stands alone.
    return dataTask(payload, keys.size === 1 ? `data:${[...keys][0]}` : `data-file:${file}`, kind);
  });
  const groups = new Set(data.map(({ group }) => group));
  return [...data, step('finish', ['ddl', ...groups], finish)];
}
