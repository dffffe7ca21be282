import { type DdlSection, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { FrameRef, Manifest, ManifestTable } from '../core/manifest.ts';
import { checkFileName } from '../storages/file-name.ts';
import { plainBytes } from './encryption.ts';
import { canHold } from './frame-coding.ts';
import { maxTextBytes } from './manifest-format.ts';

/**
 * What is wrong with a manifest whose shape is right; null: nothing. Manifests may be anybody's: every reference must lie within what it
 * refers to, nothing may be referred to twice (a small set would else unpack to a huge one), and no name may leave the base.
 */
export function faultOfReferences(manifest: Manifest): string | null {
  return (
    faultOfFiles(manifest) ?? faultOfTables(manifest) ?? faultOfFrames(manifest) ?? faultOfObjects(manifest)
  );
}

function faultOfFiles({ files }: Manifest): string | null {
  const names = new Set<string>();
  for (const { name } of files) {
    const fault = faultOfName(name);
    if (fault !== null) return fault;
    if (names.has(name)) return `the file ${name} is in its list of files twice`;
    names.add(name);
  }
  const own = files.filter(({ digest }) => digest === null).length;
  return own === 1 ? null : `${own} of its files are without digest, and one is, the one that holds it`;
}

function faultOfName(name: string): string | null {
  try {
    checkFileName(name);
    return null;
  } catch (error) {
    if (error instanceof AppError)
      return `a file of the set cannot be called ${JSON.stringify(name.slice(0, 200))}`;
    throw error;
  }
}

function faultOfTables({ tables }: Manifest): string | null {
  const keys = new Set<string>();
  const ids = new Set<string>();
  for (const table of tables) {
    const key = tableKey(table);
    if (keys.has(key)) return `the table ${key} is there twice`;
    keys.add(key);
    for (const { id } of table.units) {
      if (ids.has(id)) return `the unit ${JSON.stringify(id.slice(0, 200))} is there twice`;
      ids.add(id);
    }
    if (!isSum(table, 'rows') || !isSum(table, 'rawBytes')) {
      return `the rows or bytes of the table ${key} are not those of its units`;
    }
  }
  return null;
}

const isSum = (table: ManifestTable, figure: 'rows' | 'rawBytes'): boolean =>
  table.units.reduce((sum, unit) => sum + unit[figure], 0) === table[figure];

function faultOfFrames({ compression, encryption, files, tables, ddl }: Manifest): string | null {
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const faultOf = ({ file, offset, length, rawBytes }: FrameRef): string | null => {
    const size = sizes.get(file);
    if (size === undefined) return `the file ${file} is not in its list of files`;
    if (offset + length > size) return `a frame at ${offset} goes beyond the end of ${file}`;
    const stored = encryption === undefined ? length : plainBytes(length);
    return canHold(compression, stored, rawBytes)
      ? null
      : `a frame of ${length} bytes at ${offset} of ${file} cannot hold ${rawBytes} bytes`;
  };
  const frames = [ddl.pre, ddl.post, ...tables.flatMap(({ units }) => units)];
  for (const frame of frames) {
    const fault = faultOf(frame);
    if (fault !== null) return fault;
  }
  return faultOfOverlap(frames);
}

function faultOfOverlap(frames: readonly FrameRef[]): string | null {
  for (const [file, inFile] of Map.groupBy(frames, (frame) => frame.file)) {
    let end = 0;
    for (const { offset, length } of inFile.sort((a, b) => a.offset - b.offset || a.length - b.length)) {
      if (offset < end) return `two frames overlap at ${offset} of ${file}`;
      end = offset + length;
    }
  }
  return null;
}

function faultOfObjects({ objects, ddl }: Manifest): string | null {
  const ends: Record<DdlSection, number> = { pre: 0, post: 0 };
  for (const section of ['pre', 'post'] as const) {
    if (ddl[section].rawBytes > maxTextBytes)
      return `the ${section}-data texts of ${ddl[section].rawBytes} bytes are longer than ${maxTextBytes}`;
  }
  for (const { section, name, start, end } of objects) {
    if (start > end || end > ddl[section].rawBytes) return `the text of ${name} lies outside its section`;
    if (start < ends[section]) return `the text of ${name} overlaps that of another object`;
    ends[section] = end;
  }
  return null;
}
