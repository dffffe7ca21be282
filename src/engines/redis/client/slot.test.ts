import assert from 'node:assert/strict';
import test from 'node:test';
import { slotOf } from './slot.ts';

test('gives the slots of the cluster specification', () => {
  // 0x31C3 is the check value of CRC-16/XMODEM; the others are answers of CLUSTER KEYSLOT of a Redis 7.0.
  const slots: Readonly<Record<string, number>> = {
    '123456789': 0x31c3,
    foo: 12182,
    bar: 5061,
    '': 0,
    '{foo}bar': 12182,
    'x{foo}{bar}': 12182,
    somekey: 11058,
  };
  for (const [key, slot] of Object.entries(slots)) assert.equal(slotOf(Buffer.from(key)), slot, key);
});

test('takes the whole key where braces hold nothing or do not close', () => {
  const whole = (key: string) => slotOf(Buffer.from(key));
  assert.equal(whole('foo{}{bar}'), 8363);
  assert.notEqual(whole('{foo'), whole('foo'));
  assert.notEqual(whole('}foo{'), whole('foo'));
});
