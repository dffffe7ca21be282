import { type TableName, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Compression, Encoding } from '../core/request.ts';
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

/** Throws `field-invalid` (field `compression`) where a set of this form cannot be stored so: packed files are sequences of zstd frames. */
export function checkCompression(layout: DumpLayout, compression: Compression): void {
  if (compression === 'zstd' || layout.form === 'folder') return;
  throw new AppError('field-invalid', {
    field: 'compression',
    message: `The compression ${compression} is for dump sets in a folder, and file_pattern asks for ${
      layout.form === 'file' ? 'one file' : 'packed files'
    }.`,
    hint: 'Leave file_pattern out, or use the compression zstd.',
  });
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

/** What file names and their number depend on. */
export interface FileOptions {
  readonly encoding: Encoding;
  readonly compression: Compression;
  readonly threads: number;
  /** What is in the folder already and stays: new names are chosen beside it. */
  readonly beside?: { readonly files: ReadonlySet<string>; readonly tables: readonly TableName[] };
}

/** A numbered file holds about this much (estimate of raw bytes) or more, unless that leaves threads without work. */
const wantedFileBytes = 64 * 1024 * 1024;

/** In a folder with more small tables than this, they share files: a file costs more than the few rows in it. */
const mostSmallFiles = 500;
/** A table of less (estimate of raw bytes) is small. */
const smallBytes = 1024 * 1024;
/** What one shared file takes at most: it is written, and when something fails written again, as a whole. */
const shared = { units: 200, bytes: 32 * 1024 * 1024 };

/**
 * Which unit goes to which file, in order. Deterministic: the same arguments give the same answer in every process.
 * folder: one file per unit, but {@link shared} ones where there are very many small tables. pattern: at most 98 files (02 to 99). file:
 * exactly one.
 */
export function assignFiles(
  layout: DumpLayout,
  units: readonly UnitToPlace[],
  options: FileOptions,
): readonly FileAssignment[] {
  switch (layout.form) {
    case 'folder':
      return inFolder(layout.folder, units, options);
    case 'pattern':
      return numbered(layout.pattern, units, options.threads);
    case 'file':
      return [{ file: layout.file, units: units.map(({ id }) => id), bytes: sum(units) }];
  }
}

function inFolder(folder: string, units: readonly UnitToPlace[], options: FileOptions): FileAssignment[] {
  const suffix = `${options.encoding}${options.compression === 'none' ? '' : '.zst'}`;
  const nameOf = (stem: string, number: number): string =>
    below(folder, `data/${stem}.${String(number).padStart(4, '0')}.${suffix}`);
  const small = smallUnits(units);
  const shares = small.size > mostSmallFiles;
  const tables = [...(options.beside?.tables ?? []), ...units.map(({ table }) => table)];
  const stems = tableStems(tables);
  const own = (shares ? units.filter((unit) => !small.has(unit)) : units).map(
    ({ id, table, part, bytes }) => ({
      file: nameOf(stems.get(tableKey(table)) ?? '', part),
      units: [id],
      bytes,
    }),
  );
  if (!shares) return own;
  const taken = options.beside?.files ?? new Set();
  let number = 0;
  return [
    ...own,
    ...together([...small]).map((group) => {
      let file: string;
      // The stem of a table has a dot, so that this one is nobody's.
      do file = nameOf('tables', ++number);
      while (taken.has(file));
      return { file, units: group.map(({ id }) => id), bytes: sum(group) };
    }),
  ];
}

/** Those that are all of their table, and little. */
function smallUnits(units: readonly UnitToPlace[]): ReadonlySet<UnitToPlace> {
  const parts = new Map<string, number>();
  for (const { table } of units) parts.set(tableKey(table), (parts.get(tableKey(table)) ?? 0) + 1);
  return new Set(units.filter(({ table, bytes }) => bytes < smallBytes && parts.get(tableKey(table)) === 1));
}

/** In their order, in groups that one shared file takes. */
function together(units: readonly UnitToPlace[]): UnitToPlace[][] {
  const groups: UnitToPlace[][] = [];
  let bytes = 0;
  for (const unit of units) {
    const last = groups.at(-1);
    if (last !== undefined && last.length < shared.units && bytes + unit.bytes <= shared.bytes) {
      last.push(unit);
      bytes += unit.bytes;
    } else {
      groups.push([unit]);
      bytes = unit.bytes;
    }
  }
  return groups;
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
