import { createHash } from 'node:crypto';
import { type Table, tableKey } from '../core/catalogue.ts';
import type { Job } from '../core/job.ts';
import type { ExportRequest } from '../core/request.ts';
import type { FileAssignment } from '../dump/assign-files.ts';
import { filesOfPattern } from '../dump/file-pattern.ts';
import type { ExportLayout } from '../dump/layout.ts';
import type { Unit } from '../engines/engine.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import type { ExportDataPayload, ExportDataResult } from './plan-types.ts';

/** With consistency `table`: the data tasks whose files stay when the snapshot is lost. */
export function keepExportedFiles(job: Job, tasks: readonly TaskRecord[]): readonly string[] {
  if ((job.request as ExportRequest).consistency !== 'table') return [];
  return wholeFiles(tasks, () => true).map(({ key }) => key);
}

/** The kept tasks whose tables are what they were; the others' files are of no use any more. */
export function usableFiles(kept: readonly TaskRecord[], tables: readonly Table[]): readonly TaskRecord[] {
  const now = new Map(tables.map((table) => [tableKey(table), shapeOf(table)]));
  return wholeFiles(kept, (task, key) => (task.payload as ExportDataPayload).shapes[key] === now.get(key));
}

/** Changes with the columns of a table, in name, order or type. */
export const shapeOf = ({ columns }: Table): string =>
  createHash('sha256').update(JSON.stringify(columns)).digest('hex').slice(0, 16);

type IsGood = (task: TaskRecord, tableKey: string) => boolean;

/**
 * Tasks that are done and hold nothing but whole tables: every unit of each of them is in such a task. A stream begins again as a whole, so that
 * no piece of one is of use.
 */
function wholeFiles(tasks: readonly TaskRecord[], isGood: IsGood): readonly TaskRecord[] {
  let files = tasks.filter(
    (task) =>
      task.kind === 'data' &&
      task.state === 'done' &&
      (task.result as ExportDataResult).failed.length === 0 &&
      unitsOf(task).every(({ stream }) => stream === undefined),
  );
  for (;;) {
    const left = files.filter((file) => {
      const broken = brokenTables(files, isGood);
      return unitsOf(file).every((unit) => !broken.has(tableKey(unit.table)));
    });
    if (left.length === files.length) return left;
    files = left;
  }
}

function brokenTables(files: readonly TaskRecord[], isGood: IsGood): ReadonlySet<string> {
  const lacking = new Map<string, number>();
  const broken = new Set<string>();
  for (const file of files) {
    for (const unit of unitsOf(file)) {
      const key = tableKey(unit.table);
      lacking.set(key, (lacking.get(key) ?? unit.parts) - 1);
      if (!isGood(file, key)) broken.add(key);
    }
  }
  for (const [key, count] of lacking) if (count > 0) broken.add(key);
  return broken;
}

/** Units of another snapshot have names of their own, since those of kept files are in the set too. */
export const renamedUnits = (units: readonly Unit[], restarts: number): readonly Unit[] =>
  units.map((unit) => ({ ...unit, id: `r${restarts}-${unit.id}` }));

/**
 * The assignments under names that no kept file has. Null: the pattern has no number left for them.
 */
export function besideKept(
  layout: ExportLayout,
  assignments: readonly FileAssignment[],
  kept: ReadonlySet<string>,
): readonly FileAssignment[] | null {
  // In a folder names are chosen beside those of the kept files.
  if (layout.form !== 'pattern') return assignments;
  const free = filesOfPattern(layout.pattern)
    .slice(1)
    .filter((name) => !kept.has(name));
  if (free.length === 0 && assignments.length > 0) return null;
  const merged: FileAssignment[] = [];
  for (const [position, { units, bytes }] of assignments.entries()) {
    const index = position % free.length;
    const before = merged[index];
    merged[index] = {
      file: free[index] as string,
      units: [...(before?.units ?? []), ...units],
      bytes: (before?.bytes ?? 0) + bytes,
    };
  }
  return merged;
}

export const fileOf = (task: TaskRecord): string => (task.payload as ExportDataPayload).file;

/** The units of a task, without those that it left to another one. */
export function unitsOf({ payload, result }: TaskRecord): readonly Unit[] {
  const { units } = payload as ExportDataPayload;
  const moved = (result as ExportDataResult | null)?.moved;
  return moved === undefined ? units : units.filter(({ id }) => !moved.includes(id));
}
