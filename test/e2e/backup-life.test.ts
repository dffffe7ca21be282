import assert from 'node:assert/strict';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { Backup } from '../../src/core/backup.ts';
import type { Job } from '../../src/core/job.ts';
import { type BackupsFixture, createTestClock, openBackups } from '../harness/backups-fixture.ts';
import { damageBackup, makeShop } from '../harness/backups-shop.ts';
import { naiveRetention } from '../harness/naive-retention.ts';
import { withFolder } from '../harness/with-folder.ts';

/*
 * Sixty days of a policy, by a clock of the test's own: its schedule starts the backups, its rules remove them. What stays on disk is compared,
 * day by day, with a model that knows nothing of the catalogue.
 */

const timeZone = 'Europe/Zurich';
const days = 60;
/** The service is down over these nights, and what is missed is left out. */
const isDown = (day: number): boolean => day % 2 === 1;
/** The database is not there: the backup fails. */
const isAway = (day: number): boolean => day === 20 || day === 42;
/** The backup turns out to be damaged the day after. */
const isSpoilt = (day: number): boolean => day === 32 || day === 58;
/** The backup is kept for ever. */
const isKept = (day: number): boolean => day === 8;

test('sixty days of a policy keep exactly the sets that the rules say', () =>
  withFolder(async (folder) => {
    // The clocks of the zone change on 29 March, at the very time of the schedule.
    const clock = createTestClock(Date.parse('2026-02-20T12:00:00Z'));
    await using fixture = await openBackups({ folder, clock });
    const file = await makeShop(fixture, {
      verify: 'none',
      retention: { keepLast: 3, keepDaily: 7, keepWeekly: 4, keepMonthly: 2, timeZone },
      schedule: { cron: '30 2 * * *', timeZone, missed: 'skip' },
    });
    const model: Backup[] = [];

    for (let day = 0; day < days; day += 1) {
      const planned = await fixture.store.schedules.nextScheduledAt();
      assert.ok(planned !== null);
      // The service comes back half a day later, and the time is over.
      clock.set(isDown(day) ? planned + 12 * 3_600_000 : planned + 1000);
      if (isAway(day)) await rename(file, `${file}.away`);
      await fixture.look();
      const job = await lastBackup(fixture);
      if (isAway(day)) await rename(`${file}.away`, file);
      if (isDown(day)) {
        assert.equal(job.createdAt < planned, true, `nothing was started on day ${day}`);
        continue;
      }
      assert.equal(job.state, isAway(day) ? 'failed' : 'completed', JSON.stringify(job.error));

      const [{ id, filePattern } = fail()] = await fixture.catalogue.listBackups({ limit: 1 });
      model.push(modelled(day + 1, planned, isAway(day) ? null : filePattern, isKept(day)));
      if (isKept(day)) await fixture.service.keepBackup(fixture.context(), id, true);
      // Nothing is removed on a day without a backup.
      if (!isAway(day)) {
        const { keep } = naiveRetention(model, rules, planned);
        model.splice(0, model.length, ...model.filter((backup) => keep.includes(backup.id)));
      }
      assert.deepEqual(await sets(fixture), folders(model), `the sets on disk on day ${day}`);
      if (isSpoilt(day)) {
        await damageBackup(fixture, id);
        const verified = await fixture.run((service, context) =>
          service.startBackupVerify(context, { backup: id, method: 'digest' }, { api: 'native' }),
        );
        assert.equal(verified.error?.code, 'proof-failed');
        spoil(model);
      }
    }

    const entries = await fixture.catalogue.listBackups({});
    const present = entries.filter(({ state }) => state === 'completed');
    assert.deepEqual(present.map(({ filePattern }) => filePattern).sort(), folders(model));
    assert.ok(
      entries.length === days / 2 && present.length >= 7 + 2,
      `${entries.length} made, ${present.length} kept`,
    );
    for (const { state, deletedReason } of entries) {
      if (state === 'deleted') assert.match(deletedReason ?? '', /^retention: /);
    }
    const jobs = await fixture.store.jobs.listJobs({ kinds: ['backup'], limit: 1000 });
    assert.equal(jobs.length, new Set(jobs.map(({ createdAt }) => createdAt)).size, 'one run for each time');
  }));

const rules = {
  keepLast: 3,
  keepDaily: 7,
  keepWeekly: 4,
  keepMonthly: 2,
  keepDays: null,
  timeZone,
};

function fail(): never {
  throw new Error('There is no backup.');
}

async function lastBackup(fixture: BackupsFixture): Promise<Job> {
  const [job] = await fixture.store.jobs.listJobs({ kinds: ['backup'], limit: 1 });
  assert.ok(job !== undefined);
  return fixture.settled(job.id);
}

const modelled = (id: number, at: number, folder: string | null, keepForever: boolean): Backup => ({
  id,
  database: 'shop',
  engine: 'sqlite',
  tag: null,
  state: folder === null ? 'failed' : 'completed',
  jobId: '',
  location: { type: 'directory', directory: '' },
  filePattern: folder,
  encryptionKey: null,
  keepForever,
  startedAt: at,
  completedAt: folder === null ? null : at,
  bytes: null,
  rows: null,
  position: null,
  error: null,
  proofs: [],
  deletedAt: null,
  deletedReason: null,
});

function spoil(model: Backup[]): void {
  const last = model.pop();
  assert.ok(last !== undefined);
  const proof = { method: 'digest', at: 0, ok: false, message: '', jobId: '' } as const;
  model.push({ ...last, proofs: [proof] });
}

const folders = (model: readonly Backup[]): readonly string[] =>
  model.flatMap(({ filePattern }) => filePattern ?? []).sort();

const sets = async (fixture: BackupsFixture): Promise<readonly string[]> =>
  (await readdir(path.resolve(fixture.dumps))).sort();
