import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Job } from '../../src/core/job.ts';
import { postgresEngine } from '../../src/engines/postgres/engine.ts';
import type { StartOptions } from '../../src/service/start-input.ts';
import { type BackupsFixture, openBackups } from '../harness/backups-fixture.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { featureRoles, featureSchema } from '../harness/postgres-feature-schema.ts';
import { postgresState } from '../harness/postgres-state.ts';
import { makeFolder } from '../harness/with-folder.ts';

/* Backups of a database with everything in it: proved in a database beside it, chosen by its position, restored and swapped in. */

const options: StartOptions = { api: 'native' };
const stack = new AsyncDisposableStack();
let server: PostgresServer;
let fixture: BackupsFixture;

before(async () => {
  const folder = stack.use(await makeFolder());
  server = stack.use(await startPostgres({ version: 18 }));
  await server.query('postgres', featureRoles);
  await server.createDatabase('source');
  await server.query('source', featureSchema(18));
  fixture = stack.use(await openBackups({ folder: folder.path, engines: [postgresEngine] }));
  await fixture.service.addDatabase(fixture.context(), { name: 'tides', url: server.url('source') });
  await fixture.service.setBackupPolicy(fixture.context(), {
    database: 'tides',
    location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    verify: 'restore',
    threads: 2,
  });
});
after(() => stack.disposeAsync());

const ended = async (started: Promise<{ readonly job: Job }>): Promise<Job> =>
  fixture.settled((await started).job.id);
const completed = async (started: Promise<{ readonly job: Job }>): Promise<Job> => {
  const job = await ended(started);
  const children = await fixture.store.jobs.childJobs(job.id);
  assert.equal(job.state, 'completed', JSON.stringify([job.error, ...children.map(({ error }) => error)]));
  return job;
};
const databases = async (): Promise<readonly string[]> =>
  (await server.query('postgres', 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1')).map(
    ({ datname }) => String(datname),
  );

test('a backup is proved beside the database, and swapped in by its position', async () => {
  const saved = await postgresState(server, 'source');
  await completed(fixture.service.startBackup(fixture.context(), { database: 'tides' }, options));
  const [backup] = await fixture.catalogue.listBackups({});
  assert.equal(backup?.proofs.at(-1)?.ok, true, backup?.proofs.at(-1)?.message);
  assert.match(backup?.position ?? '', /^[0-9A-F]+\/[0-9A-F]+$/);
  assert.deepEqual(await databases(), ['postgres', 'source']);

  await server.query('source', 'CREATE TABLE later (id int); INSERT INTO later VALUES (1)');
  const [now] = await server.query('source', 'SELECT pg_current_wal_lsn()::text AS lsn');
  await completed(
    fixture.service.startRestore(
      fixture.context(),
      { database: 'tides', choice: { type: 'position', position: String(now?.lsn) }, inPlace: true },
      options,
    ),
  );
  assert.deepEqual(await postgresState(server, 'source'), saved);
  assert.deepEqual(await databases(), ['postgres', 'source']);
  await assert.rejects(
    fixture.service.chooseBackup(fixture.context(), 'tides', { type: 'position', position: '0/1' }),
    { code: 'backup-unknown' },
  );
});
