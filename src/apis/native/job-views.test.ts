import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleJob } from '../../../test/harness/ords-fixture.ts';
import { createJobViews } from './job-views.ts';
import { unknownRate } from './rate-meter.ts';

test('one version of a job has one tag at every instance and through every proxy; another version has another', () => {
  const job = sampleJob('tides');
  const here = createJobViews(() => unknownRate, '/api/v1');
  const there = createJobViews(() => ({ bytesPerSecond: 7, secondsLeft: 3 }), '/api/v1');
  assert.notDeepEqual(here.of(job, { basePath: '' }), there.of(job, { basePath: '' }));
  assert.equal(here.of(job, { basePath: '/dumps' }).links.self, `/dumps/api/v1/jobs/${job.id}`);
  assert.equal(here.tagOf(job), there.tagOf(job));
  assert.notEqual(here.tagOf(job), here.tagOf({ ...job, state: 'stopping' }));
});
