import type { CursorRange } from './cursor-ranges.ts';

/** Where the bytes of a unit come from: `Unit.range`. Plain JSON. */
export type UnitRange =
  /** A piece of the snapshot of a shard: the logical database `databases[piece]`. */
  | {
      readonly way: 'sync';
      readonly shard: string;
      readonly databases: readonly number[];
      readonly piece: number;
    }
  /** Keys that are read one by one. */
  | {
      readonly way: 'scan';
      readonly shard: string;
      /** As of Places: the units of one plan fit no other distribution of the slots. */
      readonly slotMap: string;
      readonly cursors: CursorRange;
    };
