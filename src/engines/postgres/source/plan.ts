import type { Table } from '../../../core/catalogue.ts';
import type { Unit } from '../../engine.ts';
import type { TableDetails, UnitRange } from './table-details.ts';

/** Ranges of blocks are read without reading the rest (TID range scan) from here on. */
const tidRangeScanVersion = 140_000;

/**
 * The units of `tables`, largest table first: ranges of heap blocks of about `unitBytes`, where what is stored out of
 * line counts for its table. Every table has at least one unit, an empty one too. On PostgreSQL 13, where each range would
 * cost a scan of the whole table, a unit is a whole table.
 */
export function planUnits(
  tables: readonly Table[],
  unitBytes: number,
  serverVersionNum: number,
): readonly Unit[] {
  const bySize = [...tables].sort((a, b) => b.estimate.bytes - a.estimate.bytes);
  return bySize.flatMap((table, position) => {
    const { blocks, ...details } = table.details as TableDetails;
    const divisible = serverVersionNum >= tidRangeScanVersion && blocks > 1 && details.condition === null;
    const wanted = divisible ? Math.max(1, Math.round(table.estimate.bytes / unitBytes)) : 1;
    const parts = Math.min(wanted, Math.max(1, blocks));
    const start = (index: number): number => Math.floor((index * blocks) / parts);
    return Array.from({ length: parts }, (_, index): Unit => {
      const range: UnitRange = {
        ...details,
        from: start(index),
        // The last one is open: what the snapshot sees lies before, but the size of the file may be a guess.
        to: index === parts - 1 ? null : start(index + 1),
      };
      return {
        id: `${String(position + 1).padStart(4, '0')}-${String(index + 1).padStart(4, '0')}`,
        table: { schema: table.schema, name: table.name },
        part: index + 1,
        parts,
        columns: table.columns.map((column) => column.name),
        estimate: {
          rows: Math.round(table.estimate.rows / parts),
          bytes: Math.round(table.estimate.bytes / parts),
        },
        range,
      };
    });
  });
}
