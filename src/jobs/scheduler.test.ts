import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { newJob } from '../../test/conformance/job-store-fixture.ts';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { makeFolder } from '../../test/harness/with-folder.ts';
import { firstTime } from '../core/cron.ts';
import { AppError } from '../core/errors.ts';
import { isResting, type Job } from '../core/job.ts';
import { missedRuns, overlaps, type Schedule, type ScheduleRule } from '../core/schedule.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { runKey, type ScheduledStarts, type SkippedRuns } from './scheduled-starts.ts';
import { createScheduler } from './scheduler.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const subject = { type: 'backup', database: 'orders' } as const;
const hourly: ScheduleRule = {
  cron: '0 * * * *',
  timeZone: 'Europe/Zurich',
  startAt: null,
  endAt: null,
  missed: 'once',
  overlap: 'skip',
};

/** A store, a clock and starts that make real jobs. Times are told in hours since the beginning. */
async function openFixture(startsChanges: Partial<ScheduledStarts> = {}) {
  const folder = await makeFolder();
  const { log, lines } = createMemoryLog();
  const origin = Date.UTC(2026, 10, 21, 0, 0, 0);
  const clock = { now: () => now };
  let now = origin;
  const store = await openSqliteStore({ path: folder.join('store.sqlite'), clock, log });
  const { jobs, schedules } = store;
  const skips: SkippedRuns[] = [];
  const hours = (time: number): number => (time - origin) / hourMs;

  const scheduledJobs = async (): Promise<readonly Job[]> =>
    (await jobs.listJobs({ limit: 10_000 })).toReversed();
  const starts: ScheduledStarts = {
    isBusy: async () => (await scheduledJobs()).some(({ state }) => !isResting(state)),
    async start(run, key) {
      const hour = hours(run.plannedAt);
      await jobs.createJob(newJob({ apiData: { hour }, idempotency: { key, digest: 'd' } }));
    },
    skipped: async (_schedule, skip) => void skips.push(skip),
    ...startsChanges,
  };
  const scheduler = (other: Partial<ScheduledStarts> = {}) =>
    createScheduler({ schedules, starts: { ...starts, ...other }, clock, log });

  return {
    store,
    schedules,
    scheduler,
    starts,
    lines,
    put: (rule: Partial<ScheduleRule> = {}): Promise<Schedule> =>
      schedules.putSchedule({
        subject,
        rule: { ...hourly, ...rule },
        params: {},
        owner: 'scott',
        api: 'native',
        nextAt: firstTime({ ...hourly, ...rule }, now),
      }),
    at: (hour: number): void => {
      now = origin + hour * hourMs;
    },
    now: () => now,
    /** Ends every unfinished job. */
    async endJobs(): Promise<void> {
      for (const { id, state } of await scheduledJobs()) if (!isResting(state)) await jobs.requestStop(id);
    },
    /** The hours that jobs were made for, in the order of the jobs. */
    started: async (): Promise<readonly number[]> =>
      (await scheduledJobs()).map(({ apiData }) => apiData.hour as number),
    skipped: () => skips.map(({ reason, from, to, count }) => [reason, hours(from), hours(to), count]),
    errors: () => skips.map(({ error }) => error?.code),
    async [Symbol.asyncDispose]() {
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('the scheduler', () => {
  it('starts a job when its time comes, and not before', async () => {
    await using fixture = await openFixture();
    const { scheduler, schedules } = fixture;
    await fixture.put();
    const { look } = scheduler();
    await look();
    fixture.at(0.99);
    await look();
    assert.deepEqual(await fixture.started(), []);
    fixture.at(1);
    await look();
    await look();
    assert.deepEqual(await fixture.started(), [1]);
    const after = await schedules.getSchedule(subject);
    assert.deepEqual([after?.lastAt, after?.nextAt], [fixture.now(), fixture.now() + hourMs]);
    assert.deepEqual(await schedules.dueRuns(), []);
    await fixture.endJobs();
    fixture.at(2);
    await look();
    assert.deepEqual(await fixture.started(), [1, 2]);
    assert.deepEqual(fixture.skipped(), []);
  });

  it('makes one job per time although two processes look at once', async () => {
    await using fixture = await openFixture({ isBusy: async () => false });
    await fixture.put();
    const [one, other] = [fixture.scheduler(), fixture.scheduler()];
    for (let hour = 1; hour <= 20; hour++) {
      fixture.at(hour);
      await Promise.all([one.look(), other.look(), one.look()]);
    }
    const hours = Array.from({ length: 20 }, (_, i) => i + 1);
    assert.deepEqual(await fixture.started(), hours);
  });

  it('starts again what was not settled, as the same job', async () => {
    await using fixture = await openFixture();
    const { store, starts } = fixture;
    await fixture.put();
    fixture.at(1);
    // Killed between the job and its note that it was started: here, the start does not return in time.
    const dying = fixture.scheduler({
      async start(run, key) {
        await starts.start(run, key);
        throw new AppError('storage-unreachable', { message: 'killed' });
      },
    });
    await dying.look();
    assert.equal((await store.schedules.dueRuns()).length, 1);
    await fixture.scheduler().look();
    assert.equal((await store.schedules.dueRuns()).length, 1, 'it waits for its own job as for any other');
    await fixture.endJobs();
    await fixture.scheduler().look();
    assert.deepEqual(await store.schedules.dueRuns(), []);
    assert.deepEqual(await fixture.started(), [1]);
    assert.deepEqual(fixture.skipped(), []);
  });

  it('leaves out what overlaps, or lets it wait', async () => {
    for (const overlap of overlaps) {
      await using fixture = await openFixture();
      const { look } = fixture.scheduler();
      await fixture.put({ overlap });
      for (const hour of [1, 2, 3]) {
        fixture.at(hour);
        await look();
      }
      assert.deepEqual(await fixture.started(), [1], overlap);
      for (let i = 0; i < 3; i++) {
        await fixture.endJobs();
        await look();
      }
      assert.deepEqual(await fixture.started(), overlap === 'skip' ? [1] : [1, 2, 3]);
      assert.deepEqual(
        fixture.skipped(),
        overlap === 'skip'
          ? [
              ['overlap', 2, 2, 1],
              ['overlap', 3, 3, 1],
            ]
          : [],
      );
    }
  });

  it('makes up for what was missed in an outage as the rule says', async () => {
    const expected = { skip: [], once: [5], all: [2, 3, 4, 5] } as const;
    const told = { skip: [['missed', 2, 5, 4]], once: [['missed', 2, 4, 3]], all: [] } as const;
    for (const missed of missedRuns) {
      await using fixture = await openFixture();
      await fixture.put({ missed });
      fixture.at(1);
      await fixture.scheduler().look();
      await fixture.endJobs();
      fixture.at(5.5);
      const { look } = fixture.scheduler();
      for (let i = 0; i < 6; i++) {
        await look();
        await fixture.endJobs();
      }
      assert.deepEqual(await fixture.started(), [1, ...expected[missed]], missed);
      assert.deepEqual(fixture.skipped(), told[missed]);
      fixture.at(6);
      await look();
      assert.equal((await fixture.started()).at(-1), 6);
    }
  });

  it('gives up a run that is refused, and tells; one that may come right waits', async () => {
    await using fixture = await openFixture();
    const { look } = fixture.scheduler({
      async start(run, key) {
        if (run.plannedAt === fixture.now()) throw new AppError('storage-unreachable', { message: 'away' });
        if (!key.endsWith(':again')) throw new AppError('forbidden', { message: 'no' });
      },
    });
    await fixture.put();
    fixture.at(1);
    await look();
    assert.equal((await fixture.schedules.dueRuns()).length, 1);
    assert.deepEqual(fixture.skipped(), []);
    fixture.at(1.01);
    await look();
    assert.deepEqual(await fixture.schedules.dueRuns(), []);
    assert.deepEqual([fixture.skipped(), fixture.errors()], [[['refused', 1, 1, 1]], ['forbidden']]);
  });

  it('puts a schedule to rest that cannot be read any more, and goes on with the others', async () => {
    await using fixture = await openFixture();
    const { schedules } = fixture;
    await fixture.put();
    const broken = { type: 'backup', database: 'a' } as const;
    const { id: _, version: __, lastAt: ___, ...kept } = (await schedules.getSchedule(subject)) as Schedule;
    await schedules.putSchedule({ ...kept, subject: broken, rule: { ...hourly, timeZone: 'Mars/Olympus' } });
    fixture.at(1);
    await fixture.scheduler().look();
    assert.deepEqual(await fixture.started(), [1]);
    assert.equal((await schedules.getSchedule(broken))?.nextAt, null);
    assert.deepEqual([fixture.skipped(), fixture.errors()], [[['refused', 1, 1, 1]], ['schedule-invalid']]);
  });

  it('looks by itself until it is stopped, and survives a store that fails', async () => {
    await using fixture = await openFixture();
    await fixture.put();
    fixture.at(1);
    const { promise, resolve } = Promise.withResolvers<string>();
    let asked = 0;
    const failing = createScheduler({
      schedules: {
        ...fixture.schedules,
        async dueSchedules(now) {
          asked += 1;
          if (asked === 1) throw new Error('broken');
          return fixture.schedules.dueSchedules(now);
        },
      },
      starts: { ...fixture.starts, start: async (_run, key) => resolve(key) },
      clock: { now: fixture.now },
      log: createMemoryLog().log,
      everyMs: 1,
    });
    failing.start();
    const { id } = (await fixture.schedules.getSchedule(subject)) as Schedule;
    assert.equal(await promise, `schedule:${id}:${fixture.now()}`);
    await failing.stop();
    const seen = asked;
    fixture.at(2);
    await new Promise((done) => setImmediate(done));
    assert.equal(asked, seen);
  });

  it('never starts a time twice nor loses one, whatever outages, crashes and rivals there are', async () => {
    /** Some hours pass; then that many processes look, `dies` while they start. */
    const moves = fc.array(
      fc.record({
        hours: fc.constantFrom(0, 1, 1, 1, 2, 7),
        processes: fc.integer({ min: 1, max: 3 }),
        dies: fc.boolean(),
        ends: fc.boolean(),
      }),
      { minLength: 4, maxLength: 15 },
    );
    await fc.assert(
      fc.asyncProperty(moves, fc.constantFrom(...overlaps), async (sequence, overlap) => {
        await using fixture = await openFixture();
        const { starts } = fixture;
        await fixture.put({ missed: 'all', overlap });
        let hour = 0;
        for (const { hours, processes, dies, ends } of sequence) {
          hour += hours;
          fixture.at(hour);
          const scheduler = fixture.scheduler({
            async start(run, key) {
              assert.equal(key, runKey(run));
              await starts.start(run, key);
              if (dies) throw new AppError('storage-unreachable', { message: 'killed' });
            },
          });
          await Promise.all(Array.from({ length: processes }, () => scheduler.look()));
          if (ends) await fixture.endJobs();
        }
        for (let looks = 0; looks < 2 || (await fixture.schedules.dueRuns()).length > 0; looks++) {
          assert.ok(looks <= hour + 2, 'each look settles a run');
          await fixture.endJobs();
          await fixture.scheduler().look();
        }
        const left = fixture.skipped().flatMap(([, from, to]) => {
          const [first, last] = [Number(from), Number(to)];
          return Array.from({ length: last - first + 1 }, (_, i) => first + i);
        });
        const started = await fixture.started();
        assert.deepEqual(
          [...started, ...left].sort((a, b) => a - b),
          Array.from({ length: hour }, (_, i) => i + 1),
        );
        assert.deepEqual(
          started,
          started.toSorted((a, b) => a - b),
        );
        if (overlap === 'queue') assert.deepEqual(left, []);
      }),
      { numRuns: 8, interruptAfterTimeLimit: 60_000 },
    );
  });
});
