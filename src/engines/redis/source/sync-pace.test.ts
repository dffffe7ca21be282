import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedLimits } from './shared-limits.ts';
import { SyncPace, shareBytes } from './sync-pace.ts';

const megabyte = 1024 * 1024;

test('a reader that stands still lets a sip in each fifth of the time, until the spill is full', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let isPaused = false;
  const socket = { pause: () => (isPaused = true), resume: () => (isPaused = false) };
  const { spill } = createSharedLimits(2 * megabyte);
  let full = 0;
  const pace = new SyncPace(socket as never, spill, 50_000, () => (full += 1));
  pace.holds(shareBytes - 1);
  assert.equal(isPaused, false);
  pace.holds(shareBytes);
  assert.equal(isPaused, true);

  for (const sips of [1, 2]) {
    t.mock.timers.tick(9_999);
    assert.equal(isPaused, true, `before sip ${sips}`);
    t.mock.timers.tick(1);
    assert.equal(isPaused, false, `sip ${sips}`);
    pace.holds(shareBytes + sips * megabyte);
    assert.equal(isPaused, true, `after sip ${sips}`);
  }
  t.mock.timers.tick(30_000);
  assert.equal(isPaused, true);
  assert.equal(full, 1);
  assert.equal(spill.take(1), false);

  // The reader goes on: memory comes back bit by bit, and the socket only when its share is free.
  pace.holds(shareBytes + megabyte - 1);
  assert.equal(isPaused, true);
  assert.equal(spill.take(megabyte), true);
  spill.give(megabyte);
  pace.holds(shareBytes - 1);
  assert.equal(isPaused, false);
  pace[Symbol.dispose]();
  assert.equal(spill.take(2 * megabyte), true);
});
