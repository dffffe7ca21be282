import type { Table } from '../../core/catalogue.ts';
import type { Unit } from '../engine.ts';
import type { TableDetails } from './catalogue.ts';
import type { Slice } from './estimate.ts';
import { largestRowid, type RowidRange, smallestRowid } from './rowid-range.ts';

interface Part {
  readonly range: RowidRange | null;
  readonly rows: number;
  readonly bytes: number;
}

/** The units of these tables, largest table first; big ones are cut by rowid into parts of about `unitBytes`. */
export function planUnits(tables: readonly Table[], unitBytes: number): readonly Unit[] {
  const largestFirst = [...tables].sort((a, b) => b.estimate.bytes - a.estimate.bytes);
  return largestFirst.flatMap((table, position) => {
    const parts = partsOf(table, unitBytes);
    return parts.map(
      ({ range, rows, bytes }, index): Unit => ({
        id: `${number(position + 1)}-${number(index + 1)}`,
        table: { schema: table.schema, name: table.name },
        part: index + 1,
        parts: parts.length,
        columns: table.columns.map((column) => column.name),
        estimate: { rows, bytes },
        range,
        rules: null,
      }),
    );
  });
}

const number = (value: number): string => String(value).padStart(4, '0');

function partsOf(table: Table, unitBytes: number): readonly Part[] {
  const { slices } = table.details as TableDetails;
  const count = Math.ceil(table.estimate.bytes / unitBytes);
  if (count <= 1 || slices.length === 0) return [{ range: null, ...table.estimate }];
  const goal = table.estimate.bytes / count;
  const parts: { to: bigint; rows: number; bytes: number }[] = [];
  let current = { to: 0n, rows: 0, bytes: 0 };
  for (const piece of slices.flatMap((slice) => cutSlice(slice, goal))) {
    current = { to: piece.to, rows: current.rows + piece.rows, bytes: current.bytes + piece.bytes };
    if (current.bytes < goal * 0.9) continue;
    parts.push(current);
    current = { to: 0n, rows: 0, bytes: 0 };
  }
  if (current.bytes > 0) parts.push(current);
  // The first and the last reach to the ends: no row is left out, whatever the estimates were.
  return parts.map(({ to, rows, bytes }, index) => {
    const before = parts[index - 1];
    const range = {
      from: String(before === undefined ? smallestRowid : before.to + 1n),
      to: String(index === parts.length - 1 ? largestRowid : to),
    };
    return { range, rows, bytes };
  });
}

/** A slice in equal pieces of not more than about `goal` bytes. */
function cutSlice(slice: Slice, goal: number): readonly { to: bigint; rows: number; bytes: number }[] {
  const from = BigInt(slice.from);
  const span = BigInt(slice.to) - from + 1n;
  const wanted = Math.ceil((slice.bytes / goal) * 4);
  const pieces = Math.max(1, Math.min(wanted, slice.rows, Number(span)));
  return Array.from({ length: pieces }, (_, i) => ({
    to: from + (span * BigInt(i + 1)) / BigInt(pieces) - 1n,
    rows: Math.round(slice.rows / pieces),
    bytes: Math.round(slice.bytes / pieces),
  }));
}
