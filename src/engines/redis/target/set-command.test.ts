import assert from 'node:assert/strict';
import test from 'node:test';
import type { RdbEntry } from '../rdb/read-rdb.ts';
import { argumentsOf, commandEnd } from './command-bytes.ts';
import { isSet, StringSetter } from './set-command.ts';

const setter = new StringSetter();
const key = Buffer.from('k:é');

const entryOf = (body: Buffer, expireAt: number): RdbEntry => ({
  database: 0,
  key,
  type: 0,
  expireAt,
  idle: -1,
  frequency: -1,
  body,
});

/** The arguments of the SET behind some bytes of another command; null: it is none. */
function written(body: Buffer, expireAt = -1): readonly string[] | null {
  if (!setter.look(body)) return null;
  const target = Buffer.alloc(7 + setter.room(key.length));
  const end = setter.write(target, 7, key, entryOf(body, expireAt));
  if (end === -1) return null;
  assert.ok(isSet(target, 7));
  assert.equal(commandEnd(target, 7), end);
  return argumentsOf(target, 7).map((argument) => Buffer.from(argument).toString());
}

const bodies: readonly (readonly [what: string, body: string, value: string])[] = [
  ['an empty string', '00', ''],
  ['a plain one', '0568656c6c6f', 'hello'],
  ['one with a length of two bytes', `4040${'61'.repeat(64)}`, 'a'.repeat(64)],
  ['an integer of one byte', 'c0ff', '-1'],
  ['an integer of two bytes', 'c13930', '12345'],
  ['an integer of four bytes', 'c200000080', '-2147483648'],
  // Two literals "ab", then 7 bytes from two back, in a string of 9.
  ['a compressed one', 'c30509016162a001', 'ababababa'],
];

for (const [what, hex, value] of bodies) {
  test(`${what} goes as a SET`, () => {
    assert.deepEqual(written(Buffer.from(hex, 'hex')), ['SET', 'k:é', value]);
    assert.deepEqual(written(Buffer.from(hex, 'hex'), 1_800_000_000_123), [
      'SET',
      'k:é',
      value,
      'PXAT',
      '1800000000123',
    ]);
  });
}

test('what is no string of the body’s length does not', () => {
  for (const hex of ['', '05686568', '0568656c6c6f00', 'c30509016162a0ff', 'c4'])
    assert.equal(written(Buffer.from(hex, 'hex')), null, hex);
});
