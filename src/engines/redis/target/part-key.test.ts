import assert from 'node:assert/strict';
import test from 'node:test';
import { slotOf } from '../client/slot.ts';
import { partKey } from './part-key.ts';
import { isOwnKey } from './receipts.ts';

test('is in the slot of the key that it stands for', () => {
  for (const key of ['plain', '{tag}:1', 'x{tag}y', '', '{}', '}', '{', 'a}b', '{}{b}', '}{', '{{a}}']) {
    const part = partKey('job', '0001-0001', Buffer.from(key), true);
    assert.equal(slotOf(part), slotOf(Buffer.from(key)), key);
    assert.ok(isOwnKey(part));
  }
});

test('is the same each time, and another one for another unit', () => {
  const key = Buffer.from('key');
  assert.deepEqual(partKey('job', '1', key, true), partKey('job', '1', key, true));
  assert.notDeepEqual(partKey('job', '1', key, false), partKey('job', '2', key, false));
});

test('own keys are told by how they begin', () => {
  assert.ok(isOwnKey(Buffer.from('__pumphouse:x')));
  assert.ok(!isOwnKey(Buffer.from('__pumphouse')));
  assert.ok(!isOwnKey(Buffer.from('user:1')));
});
