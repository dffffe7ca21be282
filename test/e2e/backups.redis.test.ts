import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Job } from '../../src/core/job.ts';
import { redisEngine } from '../../src/engines/redis/engine.ts';
import type { StartOptions } from '../../src/service/start-input.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { type BackupsFixture, openBackups } from '../harness/backups-fixture.ts';
import { type RedisServer, startRedis } from '../harness/redis-server.ts';
import { makeFolder } from '../harness/with-folder.ts';

/* Backups of an engine that cannot make databases: proved in one that may be emptied, restored in place once what is there was removed. */

const options: StartOptions = { api: 'native' };
const stack = new AsyncDisposableStack();
let server: RedisServer;
let scratch: RedisServer;
let fixture: BackupsFixture;
/** Set: who reads data of a backup next comes here, and gets no further. */
let stuck: PromiseWithResolvers<void> | null = null;

const wrapStorage = (storage: Storage): Storage => ({
  ...storage,
  async *get(name, range, context) {
    if (stuck !== null && name.includes('/data/')) {
      const aborted = new Promise<never>((_, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true });
      });
      stuck.resolve();
      await aborted;
    }
    yield* storage.get(name, range, context);
  },
});

before(async () => {
  const folder = stack.use(await makeFolder());
  [server, scratch] = await Promise.all([startRedis(), startRedis()]);
  stack.use(server);
  stack.use(scratch);
  fixture = stack.use(await openBackups({ folder: folder.path, engines: [redisEngine], wrapStorage }));
  await fixture.service.addDatabase(fixture.context(), { name: 'cache', url: server.url() });
  await fixture.service.addDatabase(fixture.context(), { name: 'spare', url: scratch.url() });
  await fixture.service.setBackupPolicy(fixture.context(), {
    database: 'cache',
    location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    verify: 'restore',
    scratchDatabase: 'spare',
  });
  for (let key = 0; key < 50; key += 1) await server.call('SET', `key:${key}`, `value ${key}`);
});
after(() => stack.disposeAsync());

const completed = async (started: Promise<{ readonly job: Job }>): Promise<Job> => {
  const job = await fixture.settled((await started).job.id);
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  return job;
};

test('a backup is proved in the database that may be emptied, and restored in the place of what is there', async () => {
  await scratch.call('SET', 'left', 'from the proof before');
  await completed(fixture.service.startBackup(fixture.context(), { database: 'cache' }, options));
  const [backup] = await fixture.catalogue.listBackups({});
  assert.deepEqual(
    backup?.proofs.map(({ method, ok, message }) => [method, ok, message]),
    [['restore', true, 'Restored: 1 table with 50 rows, as many as were saved.']],
  );
  assert.equal(await scratch.call('GET', 'left'), null);

  await server.call('SET', 'later', 'goes');
  await server.call('DEL', 'key:7');
  await completed(
    fixture.service.startRestore(
      fixture.context(),
      { database: 'cache', choice: { type: 'latest' }, inPlace: true },
      options,
    ),
  );
  assert.equal(String(await server.call('GET', 'key:7')), 'value 7');
  assert.equal(await server.call('GET', 'later'), null);
});

test('two proofs in one database take turns', async () => {
  const start = () =>
    completed(
      fixture.service.startBackupVerify(fixture.context(), { backup: 1, method: 'restore' }, options),
    );
  await Promise.all([start(), start()]);
  const backup = await fixture.catalogue.getBackup(1);
  assert.ok(backup?.proofs.every(({ ok }) => ok));
  assert.equal(backup?.proofs.length, 3);
});

test('a proof that was stopped begins anew when another one has filled the database meanwhile', async () => {
  const { service } = fixture;
  const verify = (backup: number) =>
    service.startBackupVerify(fixture.context(), { backup, method: 'restore' }, options);
  stuck = Promise.withResolvers<void>();
  const { job: stopped } = await verify(1);
  await stuck.promise;
  await service.stopJob(fixture.context(), stopped.id);
  assert.equal((await fixture.settled(stopped.id)).state, 'stopped');
  stuck = null;

  await server.call('SET', 'newer', 'only in the second backup');
  await completed(service.startBackup(fixture.context(), { database: 'cache' }, options));
  assert.equal(String(await scratch.call('GET', 'newer')), 'only in the second backup');

  await service.resumeJob(fixture.context(), stopped.id);
  const resumed = await fixture.settled(stopped.id);
  assert.equal(resumed.state, 'completed', JSON.stringify(resumed.error));
  assert.equal(await scratch.call('GET', 'newer'), null, 'it was emptied first');
  const proofs = (await fixture.catalogue.listBackups({})).flatMap((backup) => backup.proofs);
  assert.ok(
    proofs.every(({ ok }) => ok),
    JSON.stringify(proofs),
  );
});

test('the database that backups are tried in stays registered', async () => {
  await assert.rejects(fixture.service.removeDatabase(fixture.context(), 'spare'), {
    code: 'database-in-use',
    message: 'The backup policy of cache names spare as the database that its backups are tried in.',
  });
});
