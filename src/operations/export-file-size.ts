import type { UnitToPlace } from '../dump/layout.ts';
import { fileSizeTooSmall, leastFileSizeFor, unitBytesFor } from '../dump/numbered-files.ts';
import type { Unit } from '../engines/engine.ts';

/** What the choice of a file goes by. */
export const toPlace = ({ id, table, part, estimate }: Unit): UnitToPlace => ({
  id,
  table,
  part,
  bytes: estimate.bytes,
});

/**
 * The units of an export whose numbered files may not grow beyond `fileSize`: cut finer where it takes that. Throws `file-size-too-small` with
 * the least size that works.
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
  let least = leastFor(units);
  if (least <= fileSize) return units;
  // Larger files are cut into larger units: go on until the answer holds for the units that it would bring about.
  for (let next = leastFor(cutFor(least)); next > least; next = leastFor(cutFor(least))) least = next;
  throw fileSizeTooSmall(units.map(toPlace), fileSize, least);
}
