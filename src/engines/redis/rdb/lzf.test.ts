import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeLzf } from './lzf.ts';

function decoded(hex: string, size: number): string | null {
  const input = Buffer.from(hex, 'hex');
  const target = Buffer.alloc(size);
  return decodeLzf(input, 0, input.length, target, size) ? target.toString('latin1') : null;
}

test('literals, short and long repetitions', () => {
  assert.equal(decoded('02616263', 3), 'abc');
  // Three bytes back from after `abc`, length 3 (1 + 2); then length 7 + 4 + 2 of the byte before.
  assert.equal(decoded('026162632002', 6), 'abcabc');
  assert.equal(decoded('0061e00400', 14), 'a'.repeat(14));
});

const broken: Readonly<Record<string, readonly [hex: string, size: number]>> = {
  'literals that are cut off': ['05616263', 6],
  'more literals than there is room for': ['02616263', 2],
  'fewer bytes than promised': ['02616263', 4],
  'a repetition of what is before the beginning': ['0061a005', 8],
  'a repetition longer than the room': ['0061e0ff00', 9],
  'a repetition without its length': ['0061e0', 9],
  'a repetition without its distance': ['0061e001', 9],
};
for (const [name, [hex, size]] of Object.entries(broken)) {
  test(`${name} is refused`, () => assert.equal(decoded(hex, size), null));
}
