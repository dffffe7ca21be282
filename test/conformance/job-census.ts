import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventStore } from '../../src/jobs/event-store.ts';
import type { JobCensus } from '../../src/jobs/job-census.ts';
import type { ScheduleStore } from '../../src/jobs/schedule-store.ts';
import { claim, done, failure, newJob, type StoreUnderTest, unit } from './job-store-fixture.ts';

export interface CensusUnderTest extends StoreUnderTest {
  readonly census: JobCensus;
  readonly events: EventStore;
  readonly schedules: ScheduleStore;
}

/** Every promise of src/jobs/job-census.ts. */
export function censusConformance(name: string, open: () => Promise<CensusUnderTest>): void {
  describe(`job census: ${name}`, () => {
    it('finds nothing in an empty store', async () => {
      await using store = await open();
      assert.deepEqual(await store.census.figures(), {
        jobs: [],
        oldestQueuedAt: null,
        held: 0,
        unfinishedTasks: 0,
        mailsWaiting: 0,
        eventsWaiting: 0,
        oldestDueAt: null,
        at: store.now(),
      });
    });

    it('counts what is still to be done, and nothing that is over', async () => {
      await using store = await open();
      const { jobs, census } = store;
      await jobs.createJob(newJob({ threads: 1, mailTo: ['scott@example.net'] }));
      const plan = await claim(jobs);
      await jobs.completeTask(plan.lease, done({ spawn: [unit('a'), unit('b')] }));
      const task = await claim(jobs);
      store.advance(10);
      const oldest = store.now();
      await jobs.createJob(newJob());
      store.advance(10);
      await jobs.createJob(newJob());
      const { jobs: counted, ...others } = await census.figures();
      assert.deepEqual(counted, [
        { kind: 'verify', state: 'executing', count: 1 },
        { kind: 'verify', state: 'queued', count: 2 },
      ]);
      assert.deepEqual(others, {
        oldestQueuedAt: oldest,
        held: 0,
        unfinishedTasks: 4,
        mailsWaiting: 0,
        eventsWaiting: 0,
        oldestDueAt: null,
        at: store.now(),
      });
      await jobs.holdJob(task.lease, store.now() + 5, 'The server is away.');
      assert.equal((await census.figures()).held, 1);
      store.advance(5);
      assert.equal((await census.figures()).held, 0);
      for (const { id } of await jobs.listJobs({ states: ['queued'], limit: 10 })) await jobs.requestStop(id);
      await jobs.failJob((await claim(jobs)).lease, failure);
      const after = await census.figures();
      assert.deepEqual(after.jobs, []);
      assert.deepEqual([after.unfinishedTasks, after.mailsWaiting], [0, 1]);
    });

    it('tells when a group of tasks was begun', async () => {
      await using store = await open();
      const { jobs, census } = store;
      const { job } = await jobs.createJob(newJob());
      await jobs.completeTask((await claim(jobs)).lease, done({ spawn: [unit('a'), unit('b')] }));
      assert.equal(await census.groupStartedAt(job.id, 'data:t'), null);
      store.advance(1000);
      const began = store.now();
      const { lease } = await claim(jobs);
      store.advance(1000);
      await jobs.releaseTask(lease);
      await claim(jobs);
      await claim(jobs);
      assert.equal(await census.groupStartedAt(job.id, 'data:t'), began);
      assert.equal(await census.groupStartedAt(job.id, 'data:other'), null);
    });

    it('counts events that are to leave, and knows the oldest time that waits for its job', async () => {
      await using store = await open();
      const { census, events, schedules } = store;
      const event = { type: 'run.failed', message: 'm', database: null, jobId: null, data: {} } as const;
      await events.addEvent({ ...event, key: 'a' }, { deliver: true });
      await events.addEvent({ ...event, key: 'b' }, { deliver: false });
      assert.equal((await census.figures()).eventsWaiting, 1);

      const dueAt = store.now() + 1000;
      const schedule = await schedules.putSchedule({
        subject: { type: 'backup', database: 'orders' },
        rule: {
          cron: '0 3 * * *',
          timeZone: 'UTC',
          startAt: null,
          endAt: null,
          missed: 'once',
          overlap: 'skip',
        },
        params: {},
        owner: 'scott',
        api: 'native',
        nextAt: dueAt,
      });
      const oldest = async () => (await census.figures()).oldestDueAt;
      assert.equal(await oldest(), null);
      store.advance(5000);
      assert.equal(await oldest(), dueAt);
      await schedules.advance(schedule, { nextAt: store.now() + 9000, lastAt: dueAt, runs: [dueAt] });
      assert.equal(await oldest(), dueAt);
      await schedules.settleRun({ schedule, plannedAt: dueAt });
      assert.equal(await oldest(), null);
    });
  });
}
