import { type DdlSection, type TableName, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Compression, Encoding } from '../core/request.ts';
import { fileOfPattern, parseFilePattern, plainManifestName } from './file-pattern.ts';
import { codingSuffix } from './frame-coding.ts';
import { mostNumberedFiles, spread } from './numbered-files.ts';
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

/** Throws `field-invalid` (field `file_size`) where a set of this form has no numbered files. */
export function checkFileSize(layout: DumpLayout, fileSize: number | null): void {
  if (fileSize === null || layout.form === 'pattern') return;
  throw new AppError('field-invalid', {
    field: 'file_size',
    message: `file_size is for numbered dump files, and file_pattern asks for ${layout.form === 'file' ? 'one file' : 'a folder'}.`,
    hint: 'Give a file_pattern with %U, such as EXPDAT%U.DMP, or leave file_size out.',
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

/** Name of the file with the schema texts of a section in a set's folder. */
export const schemaFile = (
  folder: string,
  section: DdlSection,
  compression: Compression,
  isEncrypted: boolean,
): string => below(folder, `schema/${section}-data.sql${codingSuffix(compression, isEncrypted)}`);

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
  readonly isEncrypted: boolean;
  readonly threads: number;
  /** Stored bytes that no numbered file may grow beyond; absent or null: no limit. */
  readonly fileSize?: number | null;
  /** What is in the folder already and stays: new names are chosen beside it. */
  readonly beside?: { readonly files: ReadonlySet<string>; readonly tables: readonly TableName[] };
}

/** In a folder with more small tables than this, they share files: a file costs more than the few rows in it. */
const mostSmallFiles = 500;
/** A table of less (estimate of raw bytes) is small. */
const smallBytes = 1024 * 1024;
/** What one shared file takes at most: it is written, and when something fails written again, as a whole. */
const shared = { units: 200, bytes: 32 * 1024 * 1024 };

/**
 * Which unit goes to which file, in order. Deterministic: the same arguments give the same answer in every process.
 * folder: one file per unit, but {@link shared} ones where there are very many small tables. pattern: at most 98 files (02 to 99). file:
 * exactly one. Throws `file-size-too-small`.
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
      return numbered(layout.pattern, units, options);
    case 'file':
      return [{ file: layout.file, units: units.map(({ id }) => id), bytes: sum(units) }];
  }
}

function inFolder(folder: string, units: readonly UnitToPlace[], options: FileOptions): FileAssignment[] {
  const suffix = `${options.encoding}${codingSuffix(options.compression, options.isEncrypted)}`;
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

function numbered(pattern: string, units: readonly UnitToPlace[], options: FileOptions): FileAssignment[] {
  const { threads, fileSize = null, beside } = options;
  // Kept files have numbers of their own; where there is no limit, files can take in more instead.
  const most = Math.max(1, mostNumberedFiles - (fileSize === null ? 0 : (beside?.files.size ?? 0)));
  return spread(units, { threads, fileSize, most }).map((indexes, file) => {
    const inFile = indexes.flatMap((index) => units[index] ?? []);
    return {
      file: fileOfPattern(pattern, file + 2),
      units: inFile.map(({ id }) => id),
      bytes: sum(inFile),
    };
  });
}

const sum = (units: readonly UnitToPlace[]): number => units.reduce((bytes, unit) => bytes + unit.bytes, 0);
