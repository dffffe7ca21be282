import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import type { JobNotice } from '../../src/jobs/job-notices.ts';
import { storeMigrations } from '../../src/store/migrate.ts';
import { bringUpToDate } from '../../src/store/postgres/postgres-store.ts';
import { readStoreUrl } from '../../src/store/postgres/store-url.ts';
import { claim, done, get, newJob, rejects, unit } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { describeSchema } from '../harness/postgres-schema.ts';
import { openTestStore, storeVersions } from '../harness/postgres-store.ts';
import { until } from '../harness/shared-jobs.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';

const goldenPath = fileURLToPath(new URL('golden/schema-postgres.txt', import.meta.url));
const { log } = createMemoryLog();

for (const version of storeVersions) {
  describe(`openPostgresStore, PostgreSQL ${version}`, () => {
    const password = 'p@ss/word%';
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres({ version, password });
    });
    after(() => server[Symbol.asyncDispose]());

    it('makes the schema of test/store/golden/schema-postgres.txt, raced by twenty (a change needs a migration)', async () => {
      const database = await server.createDatabase();
      const stores = await Promise.all(Array.from({ length: 20 }, () => openTestStore(server.url(database))));
      await Promise.all(stores.map((store) => store.close()));
      assert.equal(await describeSchema(server, database), await readFile(goldenPath, 'utf8'));
    });

    it('keeps jobs, and texts with every character but NUL, from one opening to the next', async () => {
      const database = await server.createDatabase();
      await using first = await openTestStore(server.url(database));
      const { job } = await first.jobs.createJob(newJob({ owner: 'a\0b \u{1F600}', apiData: { nul: '\0' } }));
      assert.equal(job.owner, 'a\u2400b \u{1F600}');
      await first.close();
      await first.close();
      await using second = await openTestStore(server.url(database));
      assert.deepEqual(await second.jobs.getJob(job.id), job);
      assert.deepEqual(job.apiData, { nul: '\0' });
    });

    it('refuses a newer schema as store-version, and makes nothing when all is there', async () => {
      const database = await server.createDatabase();
      await (await openTestStore(server.url(database))).close();
      await server.query(
        database,
        `create role worker login password 'w'; grant usage on schema pumphouse to worker;
        grant select, insert, update, delete on all tables in schema pumphouse to worker`,
      );
      const url = new URL(server.url(database));
      url.username = 'worker';
      url.password = 'w';
      await using store = await openTestStore(url.href);
      await store.jobs.createJob(newJob());
      await server.query(database, 'insert into pumphouse.schema_version values (99, 0)');
      const error = await rejects(openTestStore(server.url(database)), 'store-version');
      assert.match(error.message, /version 99/);
    });

    it('says what is wrong, and never the password', async () => {
      const refused = async (url: string): Promise<string> => {
        const error = await rejects(openTestStore(url), 'store-refused');
        assert.equal(error.temporary, false);
        const told = `${error.message} ${error.hint} ${JSON.stringify(error.context)}`;
        assert.ok(!told.includes('secret'), told);
        return told;
      };
      const { port } = new URL(server.url());
      assert.match(await refused(`postgres://postgres:secret@127.0.0.1:${port}/postgres`), /password/i);
      assert.match(await refused('postgres://x:secret@127.0.0.1/y?sslmod=require'), /sslmod/);
      assert.match(await refused('mysql://x:secret@127.0.0.1/y'), /PostgreSQL/);
      assert.match(await refused('postgres://x:secret@127.0.0.1/'), /database/);
      assert.match(await refused(server.url('missing')), /missing/);
      const database = await server.createDatabase();
      await server.query(
        database,
        `create role nobody login password 'n'; revoke create on database "${database}" from public`,
      );
      const url = new URL(server.url(database));
      url.username = 'nobody';
      url.password = 'n';
      assert.match(await refused(url.href), /permission denied.*scale-out\.md/);
      const away = await rejects(openTestStore('postgres://x:secret@127.0.0.1:1/y'), 'store-unavailable');
      assert.equal(away.temporary, true);
      assert.ok(!away.message.includes('secret'));
    });

    it('says that it is unavailable while the server is away, and goes on when it is back', async () => {
      const database = await server.createDatabase();
      await using proxy = await startTcpProxy(server.port);
      const url = new URL(server.url(database));
      url.port = String(proxy.port);
      await using store = await openTestStore(url.href);
      const { job } = await store.jobs.createJob(newJob());
      proxy.reset();
      proxy.silence();
      const asked = store.jobs.getJob(job.id);
      proxy.reset();
      const error = await rejects(asked, 'store-unavailable');
      assert.equal(error.temporary, true);
      await proxy.mend();
      await until(() =>
        store.jobs.getJob(job.id).then(
          () => true,
          () => false,
        ),
      );
      assert.equal((await claim(store.jobs)).job.id, job.id);
    });

    it('frees what a process has locked that was frozen in a transaction', async () => {
      const database = await server.createDatabase();
      await using store = await openTestStore(server.url(database));
      const { job } = await store.jobs.createJob(newJob());
      const { default: pg } = await import('pg');
      const { clientConfig } = await import('../../src/store/postgres/store-pool.ts');
      const { verbPatience } = await import('../../src/store/postgres/store-pool.ts');
      const frozen = new pg.Client(
        clientConfig(readStoreUrl(new Secret(server.url(database))), { ...verbPatience, silence: 300 }),
      );
      frozen.on('error', () => undefined);
      await frozen.connect();
      await frozen.query('begin');
      await frozen.query('select from job for update');
      await store.jobs.requestStop(job.id);
      assert.equal((await get(store.jobs, job.id)).state, 'stopped');
      await frozen.end();
    });

    it('tells every process of what changes, also after its connection was cut', async () => {
      const database = await server.createDatabase();
      await using writer = await openTestStore(server.url(database), { instance: 'w' });
      await using reader = await openTestStore(server.url(database), { instance: 'r' });
      const heard: JobNotice[] = [];
      let gaps = 0;
      const stop = reader.notices.subscribe(
        (notice) => heard.push(notice),
        () => {
          gaps += 1;
        },
      );
      await until(() => gaps === 1);
      const { job } = await writer.jobs.createJob(newJob());
      await claim(writer.jobs);
      await until(() => heard.length === 1);
      assert.deepEqual(heard, [{ jobId: job.id, state: 'planning', restarts: 0, version: 2 }]);
      await server.query(
        database,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pumphouse-notices'",
      );
      await until(() => gaps === 2);
      await writer.jobs.requestCancel(job.id);
      await until(() => heard.length === 2);
      stop();
      const report = { id: 'r', name: 'r', version: '1', url: 'http://127.0.0.1:1' };
      const [notice] = await reader.instances.report(report, [job.id, 'gone']);
      assert.deepEqual(notice, heard.at(-1), 'the same is told without listening');
      await reader.instances.leave('r');
      assert.deepEqual(await reader.instances.listInstances(), []);
    });

    it('lets running processes go on while a newer program migrates, and refuses to open then', async () => {
      const database = await server.createDatabase();
      const url = server.url(database);
      await using running = await openTestStore(url);
      const { jobs } = running;
      let isMigrated = false;
      let worked = 0;
      const work = async (): Promise<void> => {
        for (let after = 0; after < 3; after += isMigrated ? 1 : 0) {
          await jobs.createJob(newJob());
          for (let task = await jobs.claimTask('w'); task !== null; task = await jobs.claimTask('w')) {
            const spawn = task.task.kind === 'plan' ? [unit('a')] : [];
            await jobs.completeTask(task.lease, done({ spawn, plan: {} }));
          }
          worked += 1;
        }
      };
      const workers = [work(), work()];
      await until(() => worked > 2);
      const address = readStoreUrl(new Secret(url));
      const found = await bringUpToDate(address, systemClock, log, [
        ...storeMigrations,
        async ({ schema }) => {
          await schema
            .createTable('novelty')
            .addColumn('name', 'text', (column) => column.primaryKey())
            .execute();
          await schema
            .alterTable('job')
            .addColumn('novelty', 'text', (column) => column.notNull().defaultTo(''))
            .execute();
          await schema.alterTable('task').addColumn('novelty', 'bigint').execute();
          await schema.createIndex('job_novelty').on('job').columns(['novelty', 'seq']).execute();
        },
      ]);
      isMigrated = true;
      await Promise.all(workers);
      assert.equal(found, storeMigrations.length);
      const { length } = await jobs.listJobs({ limit: 1000, states: ['completed'] });
      assert.equal(length, worked);
      assert.equal(await running.schemaVersion(), storeMigrations.length + 1);
      await rejects(openTestStore(url), 'store-version');
    });
  });
}
