import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../core/job.ts';
import { createRateMeter } from './rate-meter.ts';

const job = (version: number, bytesDone: number, more: Partial<Job> = {}): Job => ({
  id: 'j',
  seq: 1,
  name: 'EXPORT_20261121093007',
  kind: 'export',
  state: 'executing',
  owner: 'alice',
  database: 'd',
  api: 'native',
  apiData: {},
  request: {
    kind: 'verify',
    database: '',
    location: { type: 'directory', directory: 'D' },
    filePattern: null,
    threads: 1,
  },
  plan: null,
  result: null,
  threads: 1,
  priority: 0,
  running: 1,
  progress: { bytesDone, bytesTotal: 10_000, rowsDone: 0, rowsTotal: 0, unitsDone: 0, unitsTotal: 1 },
  errorCount: 0,
  error: null,
  restarts: 0,
  parent: null,
  waitingFor: null,
  createdAt: 0,
  startedAt: 0,
  finishedAt: null,
  version,
  ...more,
});

test('a job seen for the first time has its average since the start, then what was seen lately', () => {
  let now = 10_000;
  const rateOf = createRateMeter(() => now);
  assert.deepEqual(rateOf(job(1, 1000)), { bytesPerSecond: 100, secondsLeft: 90 });
  now = 20_000;
  // The same version: the same answer, whenever it is asked for.
  assert.deepEqual(rateOf(job(1, 1000)), { bytesPerSecond: 100, secondsLeft: 90 });
  assert.deepEqual(rateOf(job(2, 6000)), { bytesPerSecond: 500, secondsLeft: 8 });
  now = 30_000;
  assert.deepEqual(rateOf(job(3, 6000)), { bytesPerSecond: 0, secondsLeft: null });
});

test('nothing is said before the start, at rest, and right after the data was started again', () => {
  const rateOf = createRateMeter(() => 10_000);
  const unknown = { bytesPerSecond: null, secondsLeft: null };
  assert.deepEqual(rateOf(job(1, 0, { startedAt: null })), unknown);
  assert.deepEqual(rateOf(job(2, 5000, { state: 'stopped' })), unknown);
  assert.notDeepEqual(rateOf(job(3, 5000)), unknown);
  assert.deepEqual(rateOf(job(4, 0)), unknown);
});
