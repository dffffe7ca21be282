import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { intoBlocks } from './blocks.ts';

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

test('intoBlocks keeps content and order, and yields no block that is empty or needlessly small', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.integer({ min: 2, max: 32 }),
      async (chunks, size) => {
        const blocks: Buffer[] = [];
        for await (const block of intoBlocks(from(chunks), size)) blocks.push(Buffer.from(block));
        assert.deepEqual(Buffer.concat(blocks), Buffer.concat(chunks));
        for (const [index, block] of blocks.entries()) {
          assert.ok(block.length > 0);
          const next = blocks[index + 1];
          // Two neighbours that would have fitted into one block: only beside a large chunk, which is not copied.
          if (next !== undefined && block.length + next.length <= size) {
            assert.ok(block.length >= size / 2 || next.length >= size / 2);
          }
        }
      },
    ),
  );
});

test('intoBlocks hands a large chunk on as it is', async () => {
  const large = new Uint8Array(100);
  const blocks = [];
  for await (const block of intoBlocks(from([new Uint8Array(3), large]), 64)) blocks.push(block);
  assert.equal(blocks[1], large);
});
