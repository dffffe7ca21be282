import { tableKey } from '../core/catalogue.ts';
import type { JobLogEvent, NewJobLogEntry } from '../core/job.ts';
import type { JobMode } from '../core/request.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import { unitsOf } from './export-restart.ts';
import type { ExportDataResult, ImportDataPayload } from './plan-types.ts';

/** An informative line. */
export const logLine = (
  event: JobLogEvent,
  message: string,
  data: NewJobLogEntry['data'] = {},
): NewJobLogEntry => ({
  level: 'info',
  event,
  message,
  data,
});

/** A line about something that failed while the job goes on. */
export const errorLine = (message: string, data: NewJobLogEntry['data']): NewJobLogEntry => ({
  level: 'error',
  event: 'error',
  message,
  data,
});

export const objectTypeLine = (mode: JobMode, operation: 'EXPORT' | 'IMPORT'): NewJobLogEntry => {
  const path = `${operation === 'EXPORT' ? mode.toUpperCase() : 'SCHEMA'}_${operation}/TABLE/TABLE_DATA`;
  return logLine('object-type', `Processing object type ${path}`, { path });
};

/** What was fetched of a dump set; what is written is read twice, to check it first. */
export const readLine = (bytesRead: number, setBytes: number, ofSet: boolean): NewJobLogEntry =>
  logLine(
    'note',
    bytesRead <= setBytes
      ? `Read ${bytesRead} of ${setBytes} bytes of the ${ofSet ? 'dump set' : 'files'}.`
      : `Read the ${setBytes} bytes of the ${ofSet ? 'dump set' : 'files'}, ${bytesRead} with what was read twice.`,
    { bytesRead, setBytes },
  );

export const tableLine = (
  table: { readonly schema: string; readonly name: string },
  figures: { readonly bytes: number; readonly rows: number },
  operation: 'exported' | 'imported' | 'copied',
): NewJobLogEntry =>
  logLine('table', `${operation} ${tableKey(table)}: ${figures.rows} rows, ${figures.bytes} bytes`, {
    schema: table.schema,
    name: table.name,
    bytes: figures.bytes,
    rows: figures.rows,
    operation,
  });

interface Tally {
  readonly schema: string;
  readonly name: string;
  readonly parts: number;
  seen: number;
  failed: number;
  bytes: number;
  rows: number;
}

/** Lines of the exported tables whose units all belong to these tasks; a table with a failed unit has error lines instead. */
export function tablesOfGroup(tasks: readonly TaskRecord[]): readonly NewJobLogEntry[] {
  const tallies = new Map<string, Tally>();
  for (const task of tasks) {
    if ((task.kind !== 'data' && task.kind !== 'bare') || task.result === null) continue;
    const { written, failed } = task.result as ExportDataResult;
    const figures = new Map((written?.units ?? []).map((unit) => [unit.id, unit]));
    for (const unit of unitsOf(task)) {
      const key = tableKey(unit.table);
      const tally = tallies.get(key) ?? {
        ...unit.table,
        parts: unit.parts,
        seen: 0,
        failed: 0,
        bytes: 0,
        rows: 0,
      };
      tallies.set(key, tally);
      tally.seen += 1;
      tally.bytes += figures.get(unit.id)?.rawBytes ?? 0;
      tally.rows += figures.get(unit.id)?.rows ?? 0;
      if (failed.some(({ id }) => id === unit.id)) tally.failed += 1;
    }
  }
  return [...tallies.values()]
    .filter((tally) => tally.seen === tally.parts && tally.failed === 0)
    .map((tally) => tableLine(tally, tally, 'exported'));
}

/** The line of an imported table, from the tasks of its group; a table with a failed unit has error lines instead. */
export function importedTable(tasks: readonly TaskRecord[]): readonly NewJobLogEntry[] {
  const [first] = tasks;
  if (first?.kind !== 'data' || tasks.some((task) => task.state !== 'done')) return [];
  const payloads = tasks.map((task) => task.payload as ImportDataPayload);
  const figures = {
    bytes: payloads.reduce((sum, { unit }) => sum + unit.rawBytes, 0),
    rows: payloads.reduce((sum, { unit }) => sum + unit.rows, 0),
  };
  return [tableLine(first.payload as ImportDataPayload, figures, 'imported')];
}
