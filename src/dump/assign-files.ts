import { type TableName, tableKey } from '../core/catalogue.ts';
import type { Compression, Encoding } from '../core/request.ts';
import { fileOfBare, fileOfPattern } from './file-pattern.ts';
import { codingSuffix } from './frame-coding.ts';
import { below, type ExportLayout } from './layout.ts';
import { mostNumberedFiles, spread } from './numbered-files.ts';
import { escapeName, tableStems } from './table-stem.ts';

/** A unit that needs a file. */
export interface UnitToPlace {
  readonly id: string;
  readonly table: TableName;
  /** From 1, within the table. */
  readonly part: number;
  /** Estimate of the raw bytes. */
  readonly bytes: number;
  /** See Unit.stream. */
  readonly stream?: string;
}

/** Units that stay together, in order. */
type Bundle = [UnitToPlace, ...UnitToPlace[]];

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
 * Which unit goes to which file, in order. Deterministic: the same arguments give the same answer in every process. The units of a stream lie
 * one after the other in one file.
 * folder: one file per unit or stream, but {@link shared} ones where there are very many small tables. pattern: at most 98 files (02 to 99).
 * file: exactly one. bare: one file per unit or stream. Throws `file-size-too-small`.
 */
export function assignFiles(
  layout: ExportLayout,
  units: readonly UnitToPlace[],
  options: FileOptions,
): readonly FileAssignment[] {
  const bundles = bundlesOf(units);
  switch (layout.form) {
    case 'folder':
      return inFolder(layout.folder, bundles, options);
    case 'pattern':
      return numbered(layout.pattern, bundles, options);
    case 'file':
      return [fileWith(layout.file, bundles.flat())];
    case 'bare':
      return bundles.map((bundle, index) =>
        fileWith(fileOfBare(layout.pattern, index + 1, bundles.length), bundle),
      );
  }
}

/** The units of each stream, and every other unit by itself. */
function bundlesOf(units: readonly UnitToPlace[]): readonly Bundle[] {
  const bundles = new Map<string | symbol, Bundle>();
  for (const unit of units) {
    const key = unit.stream ?? Symbol();
    const before = bundles.get(key);
    if (before === undefined) bundles.set(key, [unit]);
    else before.push(unit);
  }
  return [...bundles.values()];
}

const fileWith = (file: string, units: readonly UnitToPlace[]): FileAssignment => ({
  file,
  units: units.map(({ id }) => id),
  bytes: sum(units),
});

function inFolder(folder: string, bundles: readonly Bundle[], options: FileOptions): FileAssignment[] {
  const suffix = `${options.encoding}${codingSuffix(options.compression, options.isEncrypted)}`;
  const nameOf = (stem: string, number: number): string =>
    below(folder, `data/${stem}.${String(number).padStart(4, '0')}.${suffix}`);
  const units = bundles.flat();
  const small = smallUnits(units);
  const shares = small.size > mostSmallFiles;
  const tables = [...(options.beside?.tables ?? []), ...units.map(({ table }) => table)];
  const stems = tableStems(tables);
  const own = bundles.flatMap((bundle) => {
    const [{ stream, table, part }] = bundle;
    if (stream !== undefined) return fileWith(below(folder, `data/${escapeName(stream)}.${suffix}`), bundle);
    if (shares && small.has(bundle[0])) return [];
    return fileWith(nameOf(stems.get(tableKey(table)) ?? '', part), bundle);
  });
  if (!shares) return own;
  const taken = options.beside?.files ?? new Set();
  let number = 0;
  return [
    ...own,
    ...together([...small]).map((group) => {
      let file: string;
      // The stem of a table has a dot, and the name of a stream no number, so that this one is nobody's.
      do file = nameOf('tables', ++number);
      while (taken.has(file));
      return fileWith(file, group);
    }),
  ];
}

/** Those that are all of their table, and little; a stream is not. */
function smallUnits(units: readonly UnitToPlace[]): ReadonlySet<UnitToPlace> {
  const parts = new Map<string, number>();
  for (const { table } of units) parts.set(tableKey(table), (parts.get(tableKey(table)) ?? 0) + 1);
  return new Set(
    units.filter(
      ({ table, bytes, stream }) =>
        stream === undefined && bytes < smallBytes && parts.get(tableKey(table)) === 1,
    ),
  );
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

function numbered(pattern: string, bundles: readonly Bundle[], options: FileOptions): FileAssignment[] {
  const { threads, fileSize = null, beside } = options;
  // Kept files have numbers of their own; where there is no limit, files can take in more instead.
  const most = Math.max(1, mostNumberedFiles - (fileSize === null ? 0 : (beside?.files.size ?? 0)));
  const asUnits = bundles.map((bundle) => ({ ...bundle[0], bytes: sum(bundle) }));
  return spread(asUnits, { threads, fileSize, most }).map((indexes, file) =>
    fileWith(
      fileOfPattern(pattern, file + 2),
      indexes.flatMap((index) => bundles[index] ?? []),
    ),
  );
}

const sum = (units: readonly UnitToPlace[]): number => units.reduce((bytes, unit) => bytes + unit.bytes, 0);
