import { type TableName, tableKey } from '../core/catalogue.ts';
import type { Encoding } from '../core/request.ts';
import { fileOfPattern, lastFileNumber, parseFilePattern, plainManifestName } from './file-pattern.ts';
import { escapeName, tableStems } from './table-stem.ts';

/** How a dump set is spread over files. */
export type DumpLayout =
  /** `<folder>/manifest.json`, `<folder>/data/...`, `<folder>/schema/...`; '' when the storage's base itself is the folder. */
  | { readonly form: 'folder'; readonly folder: string }
  /** `%U` stands for the file number 01 to 99, `%%` for a percent sign; 01 is the master. */
  | { readonly form: 'pattern'; readonly pattern: string }
  /** Everything in one file. */
  | { readonly form: 'file'; readonly file: string };

/** Null: a folder named like the job. Throws `file-name-invalid` (field `file_pattern`). */
export function layoutForExport(filePattern: string | null, jobName: string): DumpLayout {
  if (filePattern === null) return { form: 'folder', folder: escapeName(jobName) };
  const parsed = parseFilePattern(filePattern);
  return parsed.numbered ? { form: 'pattern', pattern: filePattern } : { form: 'file', file: parsed.name };
}

/** Name of the file that holds the manifest. */
export function masterName(layout: DumpLayout): string {
  switch (layout.form) {
    case 'folder':
      return below(layout.folder, plainManifestName);
    case 'pattern':
      return fileOfPattern(layout.pattern, 1);
    case 'file':
      return layout.file;
  }
}

/** `name` in `folder`, which may be '' for the base itself. */
export const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** A unit that needs a file. */
export interface UnitToPlace {
  readonly id: string;
  readonly table: TableName;
  /** From 1, within the table. */
  readonly part: number;
  /** Estimate of the raw bytes. */
  readonly bytes: number;
}

/** A data file to be, with its units in order. */
export interface FileAssignment {
  readonly file: string;
  readonly units: readonly string[];
  readonly bytes: number;
}

/** A numbered file holds about this much (estimate of raw bytes) or more, unless that leaves threads without work. */
const wantedFileBytes = 64 * 1024 * 1024;

/**
 * Which unit goes to which file, in order. Deterministic: the same arguments give the same answer in every process.
 * folder: one file per unit. pattern: at most 98 files (02 to 99). file: exactly one.
 */
export function assignFiles(
  layout: DumpLayout,
  units: readonly UnitToPlace[],
  encoding: Encoding,
  threads: number,
): readonly FileAssignment[] {
  switch (layout.form) {
    case 'folder':
      return onePerUnit(layout.folder, units, encoding);
    case 'pattern':
      return numbered(layout.pattern, units, threads);
    case 'file':
      return [{ file: layout.file, units: units.map(({ id }) => id), bytes: sum(units) }];
  }
}

function onePerUnit(folder: string, units: readonly UnitToPlace[], encoding: Encoding): FileAssignment[] {
  const stems = tableStems(units.map(({ table }) => table));
  return units.map(({ id, table, part, bytes }) => {
    const number = String(part).padStart(4, '0');
    const file = below(folder, `data/${stems.get(tableKey(table))}.${number}.${encoding}.zst`);
    return { file, units: [id], bytes };
  });
}

/** The largest unit first, each to the file with the least so far: no file waits behind two big units while another is idle. */
function numbered(pattern: string, units: readonly UnitToPlace[], threads: number): FileAssignment[] {
  const wanted = Math.max(Math.floor(sum(units) / wantedFileBytes), threads, 1);
  const count = Math.min(wanted, units.length, lastFileNumber - 1);
  const files = Array.from({ length: count }, (_, index) => ({
    file: fileOfPattern(pattern, index + 2),
    indexes: [] as number[],
    bytes: 0,
  }));
  const bySize = units
    .map((_, index) => index)
    .sort((a, b) => (units[b]?.bytes ?? 0) - (units[a]?.bytes ?? 0));
  for (const index of bySize) {
    const least = files.reduce((best, file) => (isLess(file, best) ? file : best));
    least.indexes.push(index);
    least.bytes += units[index]?.bytes ?? 0;
  }
  return files.map(({ file, indexes, bytes }) => ({
    file,
    units: indexes.sort((a, b) => a - b).map((index) => units[index]?.id ?? ''),
    bytes,
  }));
}

const isLess = (
  a: { readonly bytes: number; readonly indexes: readonly number[] },
  b: { readonly bytes: number; readonly indexes: readonly number[] },
): boolean => a.bytes < b.bytes || (a.bytes === b.bytes && a.indexes.length < b.indexes.length);

const sum = (units: readonly UnitToPlace[]): number => units.reduce((bytes, unit) => bytes + unit.bytes, 0);
