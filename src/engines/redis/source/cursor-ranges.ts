/**
 * Which part of a server's keys a SCAN goes through.
 * `bits`: cursors count up in reversed binary, so that those with the same lowest bits are neighbours: part `index` of 2^`bits`.
 * `slots`: in a cluster cursors begin with the slot: from slot `first` to `last`.
 */
export type CursorRange =
  | { readonly kind: 'bits'; readonly bits: number; readonly index: number }
  | { readonly kind: 'slots'; readonly first: number; readonly last: number };

export const wholeRange: CursorRange = { kind: 'bits', bits: 0, index: 0 };

/** The lowest bits of a cursor are the slot. */
const slotBits = 14n;

/** The cursor that a range begins with. */
export const firstCursor = (range: CursorRange): bigint =>
  range.kind === 'slots' ? BigInt(range.first) : BigInt(reversed(range.index, range.bits));

/** Whether keys of the range may follow at `cursor`, which a SCAN within it returned. */
export function isWithin(range: CursorRange, cursor: bigint): boolean {
  if (cursor === 0n) return false;
  if (range.kind === 'slots') {
    const slot = Number(cursor & ((1n << slotBits) - 1n));
    return slot >= range.first && slot <= range.last;
  }
  const low = Number(cursor & ((1n << BigInt(range.bits)) - 1n));
  return reversed(low, range.bits) === range.index;
}

/** @param bits at most 20 */
function reversed(value: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit += 1) result = result * 2 + ((value >> bit) & 1);
  return result;
}

/** Fewer keys are not worth a part: its last SCAN goes up to a thousand keys beyond the end, which come twice then. */
const leastKeys = 32_768;
const mostBits = 12;

/** About `wanted` ranges (a power of two) that together hold all of `keys` keys. */
export function bitRanges(wanted: number, keys: number): readonly CursorRange[] {
  const most = Math.max(1, Math.min(wanted, Math.floor(keys / leastKeys)));
  const bits = Math.min(mostBits, Math.floor(Math.log2(most)));
  return Array.from({ length: 2 ** bits }, (_, index) => ({ kind: 'bits', bits, index }));
}

/** At most `wanted` ranges that together hold all slots of `slots`, in order. */
export function slotRanges(
  wanted: number,
  slots: readonly (readonly [number, number])[],
): readonly CursorRange[] {
  const total = slots.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const size = Math.ceil(total / Math.max(1, Math.min(wanted, total)));
  return slots.flatMap(([from, to]) => {
    const parts = Math.ceil((to - from + 1) / size);
    return Array.from({ length: parts }, (_, part): CursorRange => {
      const first = from + part * size;
      return { kind: 'slots', first, last: Math.min(to, first + size - 1) };
    });
  });
}
