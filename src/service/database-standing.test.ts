import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerOf, openServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';

const code = (expected: string) => ({ code: expected });

test('a database is found by its number, and kept from whoever has no grant on it', async () => {
  await using fixture = await openServiceFixture();
  const { service, as } = fixture;
  assert.equal((await service.databaseByUid(as(localAdministrator), 2)).name, 'empty');
  await assert.rejects(service.databaseByUid(as(localAdministrator), 3), code('database-unknown'));
  const dev = callerOf('dev', 'developer', ['orders']);
  assert.equal((await service.databaseByUid(as(dev), 1)).name, 'orders');
  await assert.rejects(service.databaseByUid(as(dev), 2), code('forbidden'));
  await assert.rejects(service.databaseByUid(as(dev), 3), code('database-unknown'));
});

test('what can be done with a database is its engine’s to say', async () => {
  await using fixture = await openServiceFixture();
  const { service, as } = fixture;
  assert.deepEqual(await service.databaseAbilities(as(localAdministrator), 'orders'), {
    modes: ['full', 'schema', 'table'],
    ownFileExtension: null,
    erase: false,
    tableExistsActions: [],
  });
  const dev = callerOf('dev', 'developer', ['orders']);
  await assert.rejects(service.databaseAbilities(as(dev), 'empty'), code('forbidden'));
});

test('how a database stands is seen by whoever may read it, whoever started its jobs', async () => {
  await using fixture = await openServiceFixture();
  const { service, as } = fixture;
  const ann = as(callerOf('ann', 'operator'));
  const first = await service.startExport(ann, { database: 'orders' }, { api: 'x' });
  fixture.now += 1000;
  const second = await service.startExport(ann, { database: 'orders' }, { api: 'y' });
  await service.startExport(ann, { database: 'empty' }, { api: 'x' });

  const dev = as(callerOf('dev', 'developer', ['orders']));
  assert.deepEqual((await service.listJobs(dev, {})).jobs, []);
  const ids = async (query: object) =>
    (await service.databaseJobs(dev, { database: 'orders', limit: 10, ...query })).map(({ id }) => id);
  assert.deepEqual(await ids({}), [second.job.id, first.job.id]);
  assert.deepEqual(await ids({ limit: 1 }), [second.job.id]);
  assert.deepEqual(await ids({ api: 'x' }), [first.job.id]);
  assert.deepEqual(await ids({ kinds: ['import'] }), []);
  assert.deepEqual(await ids({ states: ['failed'] }), []);
  await assert.rejects(service.databaseJobs(dev, { database: 'empty', limit: 1 }), code('forbidden'));
  await assert.rejects(
    service.databaseJobs(as(localAdministrator), { database: 'none', limit: 1 }),
    code('database-unknown'),
  );
});

test('of a job that ended with errors the first one is told to whoever may read its database', async () => {
  await using fixture = await openServiceFixture();
  const { service, store, as } = fixture;
  const ann = as(callerOf('ann', 'operator'));
  const { job } = await service.startExport(ann, { database: 'orders' }, { api: 'x' });
  assert.equal(await service.firstJobError(ann, job.id), null);
  const claimed = await store.claimTask('w');
  assert.ok(claimed !== null);
  const line = (message: string, data: object) =>
    ({ level: 'error', event: 'error', message, data: { ...data } }) as const;
  const log = [
    ...Array.from({ length: 1500 }, (_, at) => ({ ...line(`line ${at}`, {}), level: 'info' }) as const),
    line('No bucket.', { code: 'bucket-missing' }),
    line('No more.', {}),
  ];
  await store.completeTask(claimed.lease, { result: null, errors: 2, log });
  assert.equal((await service.getJob(ann, job.id)).state, 'completed');
  const first = { code: 'bucket-missing', message: 'No bucket.', hint: '' };
  const dev = as(callerOf('dev', 'developer', ['orders']));
  for (const caller of [ann, dev, dev]) assert.deepEqual(await service.firstJobError(caller, job.id), first);
  const stranger = as(callerOf('stranger', 'developer', ['empty']));
  await assert.rejects(service.firstJobError(stranger, job.id), code('forbidden'));
});

test('the number of the configuration rises with each change of what is registered', async () => {
  await using fixture = await openServiceFixture();
  const { service, as } = fixture;
  const admin = as(localAdministrator);
  const before = await service.configurationRevision();
  await service.addUser(admin, { name: 'ann', role: 'viewer', password: 'Lantern44' });
  assert.equal(await service.configurationRevision(), before + 1);
  await service.startExport(admin, { database: 'orders' }, { api: 'x' });
  await assert.rejects(service.removeDatabase(as(callerOf('ann', 'viewer')), 'empty'), code('forbidden'));
  assert.equal(await service.configurationRevision(), before + 1);
  await service.removeDatabase(admin, 'empty');
  await service.removeUser(admin, 'ann');
  assert.equal(await service.configurationRevision(), before + 3);
});

test('what only the place can tell is left to the job where that is asked for', async () => {
  await using fixture = await openServiceFixture();
  const { service, as } = fixture;
  const admin = as(localAdministrator);
  const nowhere = { type: 'url', url: 'file:///nowhere/at/all', credential: null } as const;
  const input = { database: 'empty', location: nowhere, filePattern: 'gone.dmp' };
  await assert.rejects(service.startImport(admin, input, { api: 'x' }));
  assert.equal((await service.startImport(admin, input, { api: 'x', placeLater: true })).created, true);
  const unknown = { ...input, location: { type: 'directory', directory: 'NONE' } as const };
  await assert.rejects(
    service.startExport(admin, unknown, { api: 'x', placeLater: true }),
    code('directory-unknown'),
  );
});

test('a place is tried with a credential that is kept nowhere', async () => {
  await using fixture = await openServiceFixture();
  const { service, as } = fixture;
  const admin = as(localAdministrator);
  const test = await service.testLocation(admin, {
    location: { type: 'url', url: 's3://bucket?endpoint=http://127.0.0.1:1', credential: 'own:0' },
    ownCredentials: [{ type: 's3', id: 'a', secret: 'b' }],
  });
  assert.deepEqual([test.ok, test.code], [false, 'address-refused']);
  assert.deepEqual(await service.listCredentials(admin), []);
});
