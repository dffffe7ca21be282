import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { listAll } from '../../../test/harness/byte-sources.ts';
import type { StoredFile } from '../storage.ts';
import { inByteOrder } from './list.ts';

async function* asFiles(names: readonly string[]): AsyncGenerator<StoredFile> {
  for (const name of names) yield { name, bytes: 1 };
}

test('names in UTF-16 order come out in byte order', async () => {
  const character = fc.constantFrom(
    'a',
    'b',
    '/',
    '\u07ff',
    '\ud7ff',
    '\ue000',
    '\ufffd',
    '\u{10000}',
    '\u{1f418}',
  );
  const names = fc.uniqueArray(fc.string({ unit: character, minLength: 1, maxLength: 5 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(names, async (given) => {
      const sorted = await listAll(inByteOrder(asFiles(given.toSorted())));
      const expected = given.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(
        sorted.map(({ name }) => name),
        expected,
      );
    }),
  );
});
