import assert from 'node:assert/strict';
import test from 'node:test';
import { slotOf } from '../client/slot.ts';
import { keyRenamer } from './key-prefixes.ts';

const renamed = (remaps: readonly [string, string][], key: string): string => {
  const rename = keyRenamer(remaps.map(([source, target]) => ({ source, target })));
  return Buffer.from(rename?.(Buffer.from(key)) ?? '?').toString();
};

test('replaces the longest prefix that fits, once', () => {
  const remaps: [string, string][] = [
    ['user:', 'u:'],
    ['user:admin:', 'a:'],
    ['', 'other:'],
  ];
  assert.equal(renamed(remaps, 'user:1'), 'u:1');
  assert.equal(renamed(remaps, 'user:admin:1'), 'a:1');
  assert.equal(renamed(remaps, 'user:'), 'u:');
  assert.equal(renamed(remaps, 'use'), 'other:use');
  assert.equal(renamed([['a', 'aa']], 'aaa'), 'aaaa');
});

test('leaves keys that nothing fits, and all of them without remaps', () => {
  assert.equal(renamed([['x:', 'y:']], 'X:1'), 'X:1');
  assert.equal(keyRenamer([]), null);
});

test('can take a hash tag away, and with it the slot', () => {
  const key = renamed([['{a}', 'a']], '{a}:1');
  assert.equal(key, 'a:1');
  assert.notEqual(slotOf(Buffer.from(key)), slotOf(Buffer.from('{a}:1')));
});
