import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Schedule } from '../../src/core/schedule.ts';
import type { ScheduleStore } from '../../src/jobs/schedule-store.ts';
import type { Registry } from '../../src/registry/registry.ts';

export interface SchedulesUnderTest extends AsyncDisposable {
  readonly schedules: ScheduleStore;
  readonly registry: Registry;
}

const of = (database: string) => ({ type: 'backup', database }) as const;

/** A schedule as it is handed in. */
const nightly = (
  database = 'orders',
  nextAt: number | null = 1000,
): Parameters<ScheduleStore['putSchedule']>[0] => ({
  subject: of(database),
  rule: {
    cron: '0 3 * * *',
    timeZone: 'Europe/Zurich',
    startAt: null,
    endAt: null,
    missed: 'once',
    overlap: 'skip',
  },
  params: { day: 'Monday' },
  owner: 'scott',
  api: 'native',
  nextAt,
});

/** Every promise of src/jobs/schedule-store.ts. */
export function scheduleConformance(name: string, open: () => Promise<SchedulesUnderTest>): void {
  describe(`schedules: ${name}`, () => {
    it('are kept one per subject; a new one takes the place of the old, with its id and its due runs', async () => {
      await using store = await open();
      const { schedules } = store;
      assert.equal(await schedules.getSchedule(of('orders')), null);
      const first = await schedules.putSchedule(nightly());
      assert.deepEqual(first, { ...nightly(), id: first.id, lastAt: null, version: 1 });
      assert.equal(await schedules.advance(first, { nextAt: 2000, lastAt: 1000, runs: [1000] }), true);
      const rule = { ...nightly().rule, missed: 'all' } as const;
      const second = await schedules.putSchedule({ ...nightly(), rule, owner: 'ann', nextAt: 5000 });
      assert.deepEqual(second, {
        ...nightly(),
        rule,
        owner: 'ann',
        nextAt: 5000,
        id: first.id,
        lastAt: 1000,
        version: 3,
      });
      assert.deepEqual(await schedules.getSchedule(of('orders')), second);
      assert.deepEqual(await schedules.dueRuns(), [{ schedule: second, plannedAt: 1000, waiting: 1 }]);
    });

    it('tell subjects apart that look alike', async () => {
      await using store = await open();
      const { schedules } = store;
      const subjects: readonly Schedule['subject'][] = [
        of('a'),
        { type: 'definition', workspace: 'a', definition: 'b' },
        { type: 'definition', workspace: 'a","b', definition: '' },
        { type: 'definition', workspace: 'a', definition: 'b","' },
      ];
      for (const subject of subjects) await schedules.putSchedule({ ...nightly(), subject });
      assert.equal((await schedules.listSchedules()).length, subjects.length);
      for (const subject of subjects) {
        assert.deepEqual((await schedules.getSchedule(subject))?.subject, subject);
      }
    });

    it('are due when their time has come', async () => {
      await using store = await open();
      const { schedules } = store;
      assert.equal(await schedules.nextScheduledAt(), null);
      await schedules.putSchedule(nightly('later', 3000));
      const sooner = await schedules.putSchedule(nightly('sooner', 2000));
      await schedules.putSchedule(nightly('never', null));
      assert.equal(await schedules.nextScheduledAt(), 2000);
      assert.deepEqual(await schedules.dueSchedules(1999), []);
      assert.deepEqual(await schedules.dueSchedules(2000), [sooner]);
      assert.equal((await schedules.dueSchedules(9000)).length, 2);
    });

    it('are moved on by one of many who try, and by none who saw an older one', async () => {
      await using store = await open();
      const { schedules } = store;
      const seen = await schedules.putSchedule(nightly());
      const to = { nextAt: 2000, lastAt: 1000, runs: [900, 1000] };
      const tries = await Promise.all(Array.from({ length: 8 }, () => schedules.advance(seen, to)));
      assert.equal(tries.filter(Boolean).length, 1);
      const after = await schedules.getSchedule(of('orders'));
      assert.deepEqual(after, { ...seen, nextAt: 2000, lastAt: 1000, version: seen.version + 1 });
      assert.deepEqual(await schedules.dueRuns(), [{ schedule: after, plannedAt: 900, waiting: 2 }]);
      await schedules.removeSchedule(of('orders'));
      assert.equal(await schedules.advance(seen, to), false);
      assert.deepEqual(await schedules.dueRuns(), []);
      await schedules.removeSchedule(of('orders'));
    });

    it('give the oldest run of each until it is settled', async () => {
      await using store = await open();
      const { schedules } = store;
      const orders = await schedules.putSchedule(nightly('orders'));
      const stock = await schedules.putSchedule(nightly('stock'));
      await schedules.advance(orders, { nextAt: null, lastAt: 300, runs: [200, 300] });
      await schedules.advance(stock, { nextAt: null, lastAt: 100, runs: [100] });
      const shown = async () =>
        (await schedules.dueRuns()).map(({ schedule, plannedAt, waiting }) => [
          schedule.subject.type === 'backup' && schedule.subject.database,
          plannedAt,
          waiting,
        ]);
      assert.deepEqual(await shown(), [
        ['stock', 100, 1],
        ['orders', 200, 2],
      ]);
      for (let i = 0; i < 2; i++) await schedules.settleRun({ schedule: orders, plannedAt: 200 });
      assert.deepEqual(await shown(), [
        ['stock', 100, 1],
        ['orders', 300, 1],
      ]);
    });

    it('of backups go with their database', async () => {
      await using store = await open();
      const { schedules, registry } = store;
      const record = { engine: 'sqlite', sealedTarget: 's', description: '' };
      for (const database of ['orders', 'stock']) {
        await registry.addDatabase({ name: database, ...record });
        await schedules.putSchedule(nightly(database));
      }
      await registry.removeDatabase('orders');
      assert.deepEqual(
        (await schedules.listSchedules()).map(({ subject }) => subject),
        [of('stock')],
      );
    });
  });
}
