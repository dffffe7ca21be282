import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newJob } from '../../test/conformance/job-store-fixture.ts';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { openJobsFixture } from '../../test/harness/jobs-fixture.ts';
import { systemClock } from '../base/clock.ts';
import { createRetention } from './retention.ts';

describe('retention', () => {
  it('removes jobs that finished longer ago than the period, again and again, until it is stopped', async () => {
    await using fixture = await openJobsFixture({ plan: [], run: async () => undefined });
    const { store } = fixture;
    let now = systemClock.now();
    const { log, lines } = createMemoryLog();
    const looked: Promise<readonly string[]>[] = [];
    const pruned: number[] = [];
    const retention = createRetention({
      store: {
        ...store,
        prune: (finishedBefore) => {
          const removed = store.prune(finishedBefore);
          looked.push(removed);
          removed.then(fixture.changed, fixture.changed);
          return removed;
        },
      },
      events: { pruneEvents: async (before) => void pruned.push(before) },
      clock: { now: () => now },
      log,
      keepMs: 60_000,
      everyMs: 1,
    });
    const job = await fixture.reached((await fixture.start()).id, 'completed');
    retention.start();
    await fixture.until(() => looked.length > 1);
    assert.notEqual(await store.getJob(job.id), null, 'too young');
    now += 120_000;
    await fixture.until(async () => (await store.getJob(job.id)) === null);
    retention.stop();
    const { job: other } = await store.createJob(newJob());
    await store.requestStop(other.id);
    now += 120_000;
    await Promise.all(looked);
    const count = looked.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(looked.length, count);
    assert.ok(lines.some((line) => line.message === 'old jobs removed'));
    assert.ok(pruned.includes(now - 120_000 - 60_000), 'events are kept as long');
  });

  it('survives a store that fails', async () => {
    const { log, lines } = createMemoryLog();
    await using fixture = await openJobsFixture({ plan: [], run: async () => undefined });
    const retention = createRetention({
      store: {
        ...fixture.store,
        prune: async () => {
          fixture.changed();
          throw new Error('broken');
        },
      },
      events: { pruneEvents: async () => undefined },
      clock: systemClock,
      log,
      keepMs: 1,
      everyMs: 1,
    });
    retention.start();
    await fixture.until(() => lines.length >= 2);
    retention.stop();
    assert.equal(lines[0]?.level, 'error');
  });
});
