import assert from 'node:assert/strict';
import test from 'node:test';
import { pace } from './pace.ts';

const never = new AbortController().signal;

test('bytes take the time that the rate gives them, over all who share it', async () => {
  const rate = pace(100_000);
  const started = performance.now();
  await Promise.all([rate.pass(20_000, never), rate.pass(20_000, never)]);
  // 40 kB at 100 kB/s are 400 ms, less the burst of 100 ms. Only a lower bound: a busy machine may be slower.
  assert.ok(performance.now() - started >= 290);
});

test('an abort ends the waiting', async () => {
  const controller = new AbortController();
  const waiting = pace(1).pass(1000, controller.signal);
  controller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
});
