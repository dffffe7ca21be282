import type { TableToRead, Unit } from '../../engine.ts';
import { isAtLeast } from '../client/server-facts.ts';
import { databaseOf } from '../logical-database.ts';
import type { KeyShares } from './catalogue.ts';
import { bitRanges, type CursorRange, slotRanges, wholeRange } from './cursor-ranges.ts';
import type { Places, ReadingPlace } from './reading-places.ts';
import type { UnitRange } from './unit-range.ts';

/** The pieces of a snapshot of each shard, stream by stream, each in the order of its RDB. */
export function planSync({ places }: Places, tables: readonly TableToRead[]): readonly Unit[] {
  const ordered = [...tables].sort((a, b) => databaseOf(a.schema) - databaseOf(b.schema));
  const databases = ordered.map(({ schema }) => databaseOf(schema));
  return places.flatMap(({ shard }, index) =>
    ordered.map((table, piece): Unit => {
      const range: UnitRange = { way: 'sync', shard: shard.id, databases, piece };
      return {
        ...unitOf(table, piece, index, places.length),
        estimate: shareOf(table, shard.id),
        range,
        stream: shard.id,
      };
    }),
  );
}

/** Ranges of cursors of about `unitBytes`, largest table first; a shard has one at least of every table. */
export function planScan(
  { places, slotMap }: Places,
  tables: readonly TableToRead[],
  unitBytes: number,
  divisible: ReadonlySet<string>,
): readonly Unit[] {
  const ordered = [...tables].sort((a, b) => b.estimate.bytes - a.estimate.bytes);
  return ordered.flatMap((table, position) => {
    const parts = places.flatMap((place) => {
      const share = shareOf(table, place.shard.id);
      const wanted = Math.max(1, Math.round(share.bytes / unitBytes));
      const ranges = divisible.has(place.shard.id) ? rangesOf(place, wanted, share.rows) : [wholeRange];
      return ranges.map((cursors) => ({
        range: { way: 'scan', shard: place.shard.id, slotMap, cursors } satisfies UnitRange,
        estimate: {
          rows: Math.round(share.rows / ranges.length),
          bytes: Math.round(share.bytes / ranges.length),
        },
      }));
    });
    return parts.map(
      ({ range, estimate }, index): Unit => ({
        ...unitOf(table, position, index, parts.length),
        estimate,
        range,
        rules: table.rules,
      }),
    );
  });
}

/** Since they keep the keys of each slot by themselves, servers in a cluster have cursors that begin with the slot. */
export const hasSlotCursors = ({ facts }: ReadingPlace): boolean =>
  facts.mode === 'cluster' && isAtLeast(facts, { redis: [7, 4], valkey: [8, 0] });

function rangesOf(place: ReadingPlace, wanted: number, keys: number): readonly CursorRange[] {
  return hasSlotCursors(place) ? slotRanges(wanted, place.shard.slots) : bitRanges(wanted, keys);
}

function unitOf(
  table: TableToRead,
  position: number,
  index: number,
  parts: number,
): Omit<Unit, 'estimate' | 'range'> {
  return {
    id: `${number(position + 1)}-${number(index + 1)}`,
    table: { schema: table.schema, name: table.name },
    part: index + 1,
    parts,
    columns: table.columns.map(({ name }) => name),
    rules: null,
  };
}

function shareOf(table: TableToRead, shard: string): Unit['estimate'] {
  const share = (table.details as KeyShares).shares.find((each) => each.shard === shard);
  return { rows: share?.keys ?? 0, bytes: share?.bytes ?? 0 };
}

const number = (value: number): string => String(value).padStart(4, '0');
