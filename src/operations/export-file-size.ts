import { AppError } from '../core/errors.ts';
import type { FileAssignment, UnitToPlace } from '../dump/assign-files.ts';
import { filesOfPattern } from '../dump/file-pattern.ts';
import type { DumpLayout } from '../dump/layout.ts';
import { fileSizeTooSmall, leastFileSizeFor, unitBytesFor } from '../dump/numbered-files.ts';
import type { Unit } from '../engines/engine.ts';

/** What the choice of a file goes by. */
export const toPlace = ({ id, table, part, estimate, stream }: Unit): UnitToPlace => ({
  id,
  table,
  part,
  bytes: estimate.bytes,
  ...(stream === undefined ? {} : { stream }),
});

/**
 * The units of an export whose numbered files may not grow beyond `fileSize`: cut finer where it takes that. Throws `file-size-too-small` with
 * the least size that works, `field-invalid` where the database comes as streams, which are not parted.
 * @param cut the engine's plan for units of about that many bytes
 * @param unitBytes how large units are otherwise
 */
export function unitsForFileSize(
  cut: (unitBytes: number) => readonly Unit[],
  unitBytes: number,
  fileSize: number,
): readonly Unit[] {
  const cutFor = (size: number) => cut(Math.min(unitBytes, unitBytesFor(size)));
  const leastFor = (units: readonly Unit[]) => leastFileSizeFor(units.map(toPlace));
  const units = cutFor(fileSize);
  if (units.some(({ stream }) => stream !== undefined)) {
    throw new AppError('field-invalid', {
      field: 'file_size',
      message:
        'The database comes as a stream that lies in one file as a whole, so that files cannot have a size.',
      hint: 'Leave file_size out.',
    });
  }
  let least = leastFor(units);
  if (least <= fileSize) return units;
  // Larger files are cut into larger units: go on until the answer holds for the units that it would bring about.
  for (let next = leastFor(cutFor(least)); next > least; next = leastFor(cutFor(least))) least = next;
  throw fileSizeTooSmall(units.map(toPlace), fileSize, least);
}

/** A file with the names of those that go on where it would outgrow its size. */
export interface AssignedFile extends FileAssignment {
  readonly spare?: readonly string[];
}

/** Deals out the numbers of a pattern that are not `taken` and no file has. */
export function withSpares(
  { pattern }: DumpLayout & { readonly form: 'pattern' },
  files: readonly FileAssignment[],
  taken: ReadonlySet<string>,
): readonly AssignedFile[] {
  const used = new Set([...taken, ...files.map(({ file }) => file)]);
  const free = filesOfPattern(pattern)
    .slice(1)
    .filter((name) => !used.has(name));
  return files.map((file, index) => ({
    ...file,
    spare: free.filter((_, position) => position % files.length === index),
  }));
}
