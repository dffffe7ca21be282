import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyTasks } from './apply-tasks.ts';

const nothing = { before: [], perTable: new Map(), constraints: [], after: [] };
const work = { schedule: nothing, tables: [{ schema: 's', name: 't', bytes: 1 }], waitsFor: ['verify'] };
const toClear = [{ schema: 's', name: 't', how: 'truncate' }] as const;

/** What each task waits for. */
const waits = (tasks: ReturnType<typeof applyTasks>) =>
  Object.fromEntries(tasks.map(({ key, waitsFor }) => [key, waitsFor]));

test('nothing is erased or emptied before all is verified, and nothing written before that is done', () => {
  for (const [how, key] of [
    [{ clear: [], erases: true }, 'erase'],
    [{ clear: toClear }, 'clear'],
  ] as const) {
    const tasks = applyTasks({ ...work, ...how });
    assert.deepEqual(waits(tasks)[key], ['verify']);
    assert.equal(tasks.find((task) => task.key === key)?.group, 'clear');
    assert.deepEqual(waits(tasks).prepare, ['verify', 'clear']);
  }
});

test('what is not asked for is not done', () => {
  assert.deepEqual(Object.keys(waits(applyTasks({ ...work, clear: [] }))), ['prepare', 'index/0-0', 'after']);
});
