import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newJob } from '../../test/conformance/job-store-fixture.ts';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { type PostgresServer, startPostgres } from '../../test/harness/postgres.ts';
import { openTestStore } from '../../test/harness/postgres-store.ts';
import { firstTime } from '../core/cron.ts';
import type { ScheduleRule } from '../core/schedule.ts';
import type { SharedStore } from '../store/postgres/postgres-store.ts';
import { createScheduler } from './scheduler.ts';

const hourMs = 60 * 60_000;
const instances = ['a', 'b', 'c', 'd'];
const databases = ['orders', 'stock', 'people'];
const origin = Date.UTC(2026, 10, 21);
const hours = [1, 2, 3, 4, 5, 6];
const hourly: ScheduleRule = {
  cron: '0 * * * *',
  timeZone: 'UTC',
  startAt: null,
  endAt: null,
  missed: 'all',
  overlap: 'skip',
};

describe('four schedulers on one store', () => {
  let server: PostgresServer;
  const stores: SharedStore[] = [];
  let now = origin;
  const clock = { now: () => now };

  before(async () => {
    server = await startPostgres({ version: 18 });
    // All of them make the schema at once.
    stores.push(
      ...(await Promise.all(instances.map((instance) => openTestStore(server.url(), { instance, clock })))),
    );
  });
  after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await server[Symbol.asyncDispose]();
  });

  it('start each occurrence exactly once, whoever is first, with nothing left to do', async () => {
    const { log, lines } = createMemoryLog();
    const [first] = stores;
    assert.ok(first);
    for (const database of databases) {
      await first.schedules.putSchedule({
        subject: { type: 'backup', database },
        rule: hourly,
        params: {},
        owner: 'scott',
        api: 'native',
        nextAt: firstTime(hourly, now),
      });
    }
    let starts = 0;
    const schedulers = stores.map(({ schedules, jobs }) =>
      createScheduler({
        schedules,
        starts: {
          isBusy: async () => false,
          async start({ schedule, plannedAt }, key) {
            starts += 1;
            const { subject } = schedule;
            const database = subject.type === 'backup' ? subject.database : '';
            const apiData = { hour: (plannedAt - origin) / hourMs };
            await jobs.createJob(newJob({ database, apiData, idempotency: { key, digest: 'd' } }));
          },
          skipped: async () => assert.fail('no time was left out'),
        },
        clock,
        log,
      }),
    );
    for (const hour of hours) {
      now = origin + hour * hourMs;
      await Promise.all(schedulers.map(({ look }) => look()));
    }
    const jobs = await first.jobs.listJobs({ limit: 1_000 });
    const started = jobs.map(({ database, apiData }) => `${database} ${apiData.hour}`);
    assert.deepEqual(
      started.toSorted(),
      databases.flatMap((database) => hours.map((hour) => `${database} ${hour}`)).toSorted(),
    );
    assert.ok(starts >= started.length);
    assert.deepEqual(await first.schedules.dueRuns(), []);
    assert.deepEqual(
      lines.filter(({ level }) => level !== 'info'),
      [],
    );
  });
});
