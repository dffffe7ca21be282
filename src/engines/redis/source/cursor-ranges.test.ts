import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bitRanges,
  type CursorRange,
  firstCursor,
  isWithin,
  slotRanges,
  wholeRange,
} from './cursor-ranges.ts';

/** What a server of 2^`bits` buckets does with a cursor: the highest bit counts first. */
function nextCursor(cursor: bigint, bits: number): bigint {
  let reversed = 0n;
  for (let bit = 0; bit < bits; bit += 1) reversed = (reversed << 1n) | ((cursor >> BigInt(bit)) & 1n);
  reversed = (reversed + 1n) & ((1n << BigInt(bits)) - 1n);
  let next = 0n;
  for (let bit = 0; bit < bits; bit += 1) next = (next << 1n) | ((reversed >> BigInt(bit)) & 1n);
  return next;
}

const bucketsOf = (range: CursorRange, bits: number): readonly number[] => {
  const visited: number[] = [];
  let cursor = firstCursor(range);
  do {
    visited.push(Number(cursor));
    cursor = nextCursor(cursor, bits);
  } while (isWithin(range, cursor));
  return visited;
};

describe('ranges of cursors', () => {
  for (const wanted of [1, 2, 3, 8]) {
    it(`visit each bucket once, ${wanted} wanted`, () => {
      const ranges = bitRanges(wanted, 1_000_000);
      const visited = ranges.flatMap((range) => bucketsOf(range, 10));
      assert.equal(ranges.length, 2 ** Math.floor(Math.log2(wanted)));
      assert.deepEqual(
        [...visited].sort((a, b) => a - b),
        Array.from({ length: 1024 }, (_, bucket) => bucket),
      );
    });
  }

  it('visit each bucket even when the table grows between two calls', () => {
    const visited = new Set<number>();
    for (const range of bitRanges(4, 1_000_000)) {
      let bits = 6;
      let cursor = firstCursor(range);
      do {
        // A bucket of a smaller table is several of a larger one.
        for (let high = 0; high < 2 ** (10 - bits); high += 1) visited.add(Number(cursor) + high * 2 ** bits);
        cursor = nextCursor(cursor, bits);
        if (visited.size > 100) bits = 10;
      } while (isWithin(range, cursor));
    }
    assert.equal(visited.size, 1024);
  });

  it('are one for few keys', () => assert.deepEqual(bitRanges(8, 1000), [wholeRange]));

  it('of slots cover exactly the slots of the shard', () => {
    const ranges = slotRanges(3, [
      [0, 9],
      [100, 100],
      [200, 219],
    ]);
    const covered = ranges.flatMap((range) => {
      assert.ok(range.kind === 'slots');
      return Array.from({ length: range.last - range.first + 1 }, (_, at) => range.first + at);
    });
    assert.deepEqual(covered, [
      ...Array.from({ length: 10 }, (_, at) => at),
      100,
      ...Array.from({ length: 20 }, (_, at) => 200 + at),
    ]);
  });

  it('of slots end with their last slot', () => {
    const range: CursorRange = { kind: 'slots', first: 5, last: 9 };
    assert.equal(firstCursor(range), 5n);
    assert.deepEqual(
      [(123n << 14n) + 9n, 5n, 10n, (7n << 14n) + 4n, 0n].map((cursor) => isWithin(range, cursor)),
      [true, true, false, false, false],
    );
  });
});
