import type { TableToRead, Unit } from '../../engine.ts';
import { isLargeObjects } from '../large-objects.ts';
import { planLargeObjects } from './large-objects.ts';
import { maskTypesOf } from './plan-masks.ts';
import type { TableDetails, UnitRange } from './table-details.ts';

/** Ranges of blocks are read without reading the rest (TID range scan) from here on. */
const tidRangeScanVersion = 140_000;

/**
 * The units of `tables`, largest table first: ranges of heap blocks of about `unitBytes`, where what is stored out of
 * line counts for its table. Every table has at least one unit, an empty one too. A unit is a whole table on PostgreSQL 13, where
 * each range would cost a scan of the whole table, and for a sample, whose scan knows no ranges.
 */
export function planUnits(
  tables: readonly TableToRead[],
  unitBytes: number,
  serverVersionNum: number,
): readonly Unit[] {
  const sized = tables.map((table) => ({ table, estimate: estimateOf(table) }));
  const bySize = sized.sort((a, b) => b.estimate.bytes - a.estimate.bytes);
  return bySize.flatMap(({ table, estimate }, position) => {
    if (isLargeObjects(table)) return planLargeObjects(table, position, unitBytes);
    const { blocks, fileNode, binarySafe, condition } = table.details as TableDetails;
    const { rules } = table;
    const maskTypes = rules === null || rules.masks.length === 0 ? {} : { maskTypes: maskTypesOf(table) };
    const divisible =
      serverVersionNum >= tidRangeScanVersion &&
      blocks > 1 &&
      condition === null &&
      (rules === null || rules.sample === null);
    const wanted = divisible ? Math.max(1, Math.round(estimate.bytes / unitBytes)) : 1;
    const parts = Math.min(wanted, Math.max(1, blocks));
    const start = (index: number): number => Math.floor((index * blocks) / parts);
    return Array.from({ length: parts }, (_, index): Unit => {
      const range: UnitRange = {
        fileNode,
        binarySafe,
        condition,
        from: start(index),
        // The last one is open: what the snapshot sees lies before, but the size of the file may be a guess.
        to: index === parts - 1 ? null : start(index + 1),
        ...maskTypes,
      };
      return {
        id: `${String(position + 1).padStart(4, '0')}-${String(index + 1).padStart(4, '0')}`,
        table: { schema: table.schema, name: table.name },
        part: index + 1,
        parts,
        columns: table.columns.map((column) => column.name),
        estimate: {
          rows: Math.round(estimate.rows / parts),
          bytes: Math.round(estimate.bytes / parts),
        },
        range,
        rules,
      };
    });
  });
}

/** What is likely to be read. How many rows a filter lets through, nobody knows before. */
function estimateOf({ estimate, rules }: TableToRead): TableToRead['estimate'] {
  if (rules === null || rules.sample === null) return estimate;
  const part = rules.sample.percent / 100;
  return { rows: Math.round(estimate.rows * part), bytes: Math.round(estimate.bytes * part) };
}
