import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';
import type { SetBackupPolicy } from './backup-service.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
  await fixture.service.addDirectory(administrator(), {
    name: 'ARCHIVE',
    path: join(fixture.folder, 'dumps'),
    readOnly: true,
  });
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);
const dumps = { type: 'directory', directory: 'DATA_PUMP_DIR' } as const;
const set = (input: object, who = administrator()) =>
  fixture.service.setBackupPolicy(who, {
    database: 'orders',
    location: dumps,
    ...input,
  } as SetBackupPolicy);

test('what a policy does not say has its default, and it stands until it is set again or removed', async () => {
  const { service } = fixture;
  assert.equal(await service.getBackupPolicy(administrator(), 'orders'), null);
  const policy = await set({});
  assert.deepEqual(policy, {
    database: 'orders',
    location: dumps,
    encryptionKey: null,
    verify: 'digest',
    scratchDatabase: null,
    retention: {
      keepLast: null,
      keepDaily: null,
      keepWeekly: null,
      keepMonthly: null,
      keepDays: null,
      timeZone: 'UTC',
    },
    schedule: null,
    threads: 1,
    owner: 'local',
    updatedAt: fixture.now,
  });
  assert.deepEqual(await service.getBackupPolicy(administrator(), 'orders'), policy);
  assert.deepEqual(await service.listBackupPolicies(administrator()), [policy]);
  await set({ verify: 'none', threads: 99 });
  const second = await service.getBackupPolicy(administrator(), 'orders');
  assert.deepEqual([second?.verify, second?.threads], ['none', 16]);
  await service.removeBackupPolicy(administrator(), 'orders');
  assert.equal(await service.getBackupPolicy(administrator(), 'orders'), null);
  await assert.rejects(service.removeBackupPolicy(administrator(), 'orders'), {
    code: 'backup-policy-missing',
  });
});

test('a schedule comes and goes with its policy', async () => {
  const { service } = fixture;
  const schedules = async () =>
    (await service.listSchedules(administrator())).map(({ subject, rule, nextAt, owner }) => ({
      subject,
      cron: rule.cron,
      nextAt: nextAt === null ? null : new Date(nextAt).toISOString(),
      owner,
    }));
  const subject = { type: 'backup', database: 'orders' };
  // The fixture's clock stands at 2026-11-21T09:30:07Z.
  const { retention } = await set({ schedule: { cron: '30 2 * * *', timeZone: 'Europe/Zurich' } });
  assert.equal(retention.timeZone, 'Europe/Zurich');
  assert.deepEqual(await schedules(), [
    { subject, cron: '30 2 * * *', nextAt: '2026-11-22T01:30:00.000Z', owner: 'local' },
  ]);
  await set({ schedule: { cron: '0 12 * * *' }, retention: { keepLast: 3, timeZone: 'Asia/Tokyo' } });
  assert.deepEqual(await schedules(), [
    { subject, cron: '0 12 * * *', nextAt: '2026-11-21T12:00:00.000Z', owner: 'local' },
  ]);
  await set({});
  assert.deepEqual(await schedules(), []);
  await set({ schedule: { cron: '0 12 * * *' } });
  await service.removeBackupPolicy(administrator(), 'orders');
  assert.deepEqual(await schedules(), []);
});

test('a policy goes with its database, and its schedule with it', async () => {
  const { service } = fixture;
  const url = `sqlite:${join(fixture.folder, 'brief.db')}`;
  await service.addDatabase(administrator(), { name: 'brief', url });
  await set({ database: 'brief', schedule: { cron: '0 12 * * *' } });
  await service.removeDatabase(administrator(), 'brief');
  assert.deepEqual(await service.listBackupPolicies(administrator()), []);
  assert.deepEqual(await service.listSchedules(administrator()), []);
});

test('a policy that no backup could follow is refused', async () => {
  const cases: readonly (readonly [input: object, code: string, field: string])[] = [
    [{ database: 'nowhere' }, 'database-unknown', 'database'],
    [{ location: undefined }, 'field-invalid', 'location'],
    [{ location: { type: 'directory', directory: 'NONE' } }, 'directory-unknown', 'directory'],
    [{ location: { type: 'directory', directory: 'ARCHIVE' } }, 'storage-denied', 'directory'],
    [{ location: { type: 'url', url: 'gopher://x/y', credential: null } }, 'location-invalid', 'location'],
    [{ encryptionKey: 'none' }, 'credential-unknown', 'encryption_key'],
    [{ verify: 'hope' }, 'field-invalid', 'verify'],
    [{ verify: 'restore', scratchDatabase: 'orders' }, 'field-invalid', 'scratch_database'],
    [{ verify: 'restore', scratchDatabase: 'nowhere' }, 'database-unknown', 'scratch_database'],
    [{ scratchDatabase: 7 }, 'field-invalid', 'scratch_database'],
    [{ retention: 7 }, 'field-invalid', 'retention'],
    [{ retention: { keepLast: 0 } }, 'field-invalid', 'retention.keep_last'],
    [{ retention: { keepDaily: 1.5 } }, 'field-invalid', 'retention.keep_daily'],
    [{ retention: { timeZone: 'Mars' } }, 'schedule-invalid', 'retention.time_zone'],
    [{ schedule: 'daily' }, 'field-invalid', 'schedule'],
    [{ schedule: {} }, 'field-invalid', 'schedule.cron'],
    [{ schedule: { cron: '61 * * * *' } }, 'schedule-invalid', 'schedule.cron'],
    [{ schedule: { cron: '0 0 * * *', timeZone: 'Mars' } }, 'schedule-invalid', 'schedule.time_zone'],
    [{ schedule: { cron: '0 0 30 2 *' } }, 'schedule-invalid', 'schedule.cron'],
    [{ schedule: { cron: '0 0 * * *', endAt: 5 } }, 'schedule-invalid', 'schedule.cron'],
    [{ schedule: { cron: '0 0 * * *', startAt: 'soon' } }, 'field-invalid', 'schedule.start_at'],
    [{ schedule: { cron: '0 0 * * *', missed: 'some' } }, 'field-invalid', 'schedule.missed'],
    [{ threads: 0 }, 'field-invalid', 'threads'],
  ];
  for (const [input, code, field] of cases) {
    await assert.rejects(set(input), { code, field }, JSON.stringify(input));
  }
  assert.deepEqual(await fixture.service.listBackupPolicies(administrator()), []);
  assert.deepEqual(await fixture.service.listSchedules(administrator()), []);
});

test('whoever sets a policy needs what the backups will need, and every attempt is in the audit trail', async () => {
  const viewer = callerOf('ann', 'viewer');
  const developer = callerOf('dev', 'developer', ['empty']);
  for (const caller of [viewer, developer]) {
    await assert.rejects(set({}, fixture.as(caller)), { code: 'forbidden' });
    const [entry] = await fixture.registry.listAudit(1);
    assert.deepEqual(
      [entry?.caller, entry?.action, entry?.subject, entry?.outcome],
      [caller.name, 'backup_policy:set', 'orders', 'refused'],
    );
    await assert.rejects(fixture.service.removeBackupPolicy(fixture.as(caller), 'orders'), {
      code: 'forbidden',
    });
  }
  const url = { type: 'url', url: 'file:///tmp', credential: null } as const;
  await assert.rejects(set({ location: url }, fixture.as(callerOf('op', 'operator'))), {
    code: 'forbidden',
    field: 'location',
  });

  await set({ database: 'empty' }, fixture.as(developer));
  await set({});
  const seen = async (caller: typeof viewer) =>
    (await fixture.service.listBackupPolicies(fixture.as(caller))).map(({ database }) => database);
  assert.deepEqual(await seen(developer), ['empty']);
  assert.deepEqual(await seen(viewer), ['empty', 'orders']);
  await assert.rejects(fixture.service.getBackupPolicy(fixture.as(developer), 'orders'), {
    code: 'forbidden',
  });
});

test('what backups need stays: the directory, the credential of the place, the key', async () => {
  const { service, dependencies } = fixture;
  const caller = administrator();
  await service.addDirectory(caller, { name: 'VAULT', path: join(fixture.folder, 'vault') });
  await service.addCredential(caller, { name: 'key', type: 'encryption', secret: 'correct horse' });
  const vault = { type: 'directory', directory: 'VAULT' } as const;
  await set({ location: vault, encryptionKey: 'key' });
  const remove = () => [service.removeDirectory(caller, 'VAULT'), service.removeCredential(caller, 'key')];
  const refused = async (message: RegExp): Promise<void> => {
    const [directory, credential] = remove();
    await assert.rejects(directory as Promise<void>, { code: 'directory-in-use', message });
    await assert.rejects(credential as Promise<void>, { code: 'credential-in-use', message });
  };
  await refused(/^The backup policy of orders names the (directory VAULT|credential key)\.$/);

  const backup = { database: 'orders', engine: 'sqlite', location: vault, encryptionKey: 'key' };
  const { id } = await dependencies.backups.addBackup({
    ...backup,
    jobId: 'job-vault',
    keepForever: false,
    startedAt: fixture.now,
  });
  await service.removeBackupPolicy(caller, 'orders');
  await refused(/^One backup needs the (directory VAULT|credential key), the newest being \d+ of orders\.$/);

  await dependencies.backups.changeBackup(id, ['running'], { state: 'failed', error: 'x' });
  await dependencies.backups.changeBackup(id, ['failed'], { state: 'deleting', deletedReason: 'x' });
  await dependencies.backups.changeBackup(id, ['deleting'], { state: 'deleted', deletedAt: fixture.now });
  await Promise.all(remove());
});
