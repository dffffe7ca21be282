import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import type { Job } from '../../src/core/job.ts';
import { isResting } from '../../src/core/job.ts';
import { completeRequest } from '../../src/core/stored-request.ts';
import { postgresEngine } from '../../src/engines/postgres/engine.ts';
import { createWorker, type Worker } from '../../src/jobs/worker.ts';
import { createEnvironment, type Environment, sealTarget } from '../../src/operations/environment.ts';
import { createExportHandler } from '../../src/operations/export.ts';
import { createImportHandler } from '../../src/operations/import.ts';
import { localDriver } from '../../src/storages/local/driver.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { newJob } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { placeAt } from '../harness/local-storage.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** The work of one job, task by task, by several workers that share nothing but the store: as processes do. */

let server: PostgresServer;
let folder: TestFolder;
let store: Store;
let environment: Environment;
const { log } = createMemoryLog();
const workers: Worker[] = [];

before(async () => {
  server = await startPostgres();
  folder = await makeFolder();
  store = await openSqliteStore({ path: folder.join('store.sqlite'), clock: systemClock, log });
  const sealer = { seal: (text: string) => text, unseal: (text: string) => text };
  environment = createEnvironment({
    engines: [postgresEngine],
    openStorage: (url) => localDriver.open(placeAt(url)),
    registry: {
      getDatabase: async (name) => ({
        engine: 'postgres',
        sealedTarget: sealTarget(sealer, postgresEngine.parseUrl(server.url(name))),
      }),
      getDirectory: async () => ({ url: pathToFileURL(folder.join('dumps')).href, credential: null }),
      getCredential: async () => null,
    },
    sealer,
  });
});
after(async () => {
  await Promise.all(workers.map((worker) => worker.close(10_000)));
  await store?.close();
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

function startWorker(): Worker {
  const worker = createWorker({
    store: store.jobs,
    handlers: [
      createExportHandler(environment, { unitBytes: () => 64 * 1024 * 1024 }),
      createImportHandler(environment),
    ],
    clock: systemClock,
    log,
  });
  workers.push(worker);
  return worker;
}

const jobNow = async (id: string): Promise<Job> => {
  const job = await store.jobs.getJob(id);
  assert.ok(job);
  return job;
};
async function start(request: object): Promise<string> {
  const location = { type: 'directory', directory: 'DUMPS' };
  const complete = completeRequest({ location, filePattern: null, threads: 2, ...request });
  const made = newJob({ request: complete, threads: 2, database: complete.database });
  return (await store.jobs.createJob(made)).job.id;
}
/** Has the worker do the next task; gives its kind. */
async function doNext(worker: Worker): Promise<string> {
  const claimed = await store.jobs.claimTask('local');
  assert.ok(claimed);
  await worker.run(claimed);
  return claimed.task.kind;
}
async function finish(id: string, worker: Worker): Promise<Job> {
  while (!isResting((await jobNow(id)).state)) await doNext(worker);
  return await jobNow(id);
}

const everything = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
const tables = ['a', 'b', 'c', 'd', 'e', 'f'];
const shop = async (): Promise<string> => {
  const name = await server.createDatabase();
  const make = (table: string) =>
    `CREATE TABLE ${table} (id int, amount int); INSERT INTO ${table} SELECT i, 1 FROM generate_series(1, 100) i`;
  await server.query(name, tables.map(make).join(';'));
  return name;
};
const change = (name: string) =>
  server.query(name, tables.map((table) => `UPDATE ${table} SET amount = 1000`).join(';'));
const sum = (name: string) =>
  server.query(
    name,
    `SELECT sum(amount)::int AS amount, count(*)::int AS rows FROM (${tables.map((table) => `SELECT * FROM ${table}`).join(' UNION ALL ')}) t`,
  );
/** Ends the session that has held the snapshot for the longest time. */
const endOldestHolder = (name: string) =>
  server.query(
    name,
    `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
     WHERE datname = '${name}' AND state = 'idle in transaction' ORDER BY backend_start LIMIT 1`,
  );
const holders = async (name: string): Promise<number> =>
  (
    await server.query(
      name,
      `SELECT FROM pg_stat_activity WHERE datname = '${name}' AND state ~ 'transaction'`,
    )
  ).length;

test('a set is of one instant although every process that held its snapshot lost it in turn', async () => {
  const name = await shop();
  const [lead, second, third] = [startWorker(), startWorker(), startWorker()];
  const id = await start({ kind: 'export', database: name, encoding: 'text', selection: everything });
  assert.equal(await doNext(lead), 'plan');
  await change(name);
  assert.equal(await doNext(lead), 'ddl');
  // The second joins the lead; the lead's connection is ended, and it joins the second; which goes as a whole.
  assert.equal(await doNext(second), 'data');
  await endOldestHolder(name);
  assert.equal(await doNext(lead), 'data');
  await second.close(10_000);
  assert.equal(await doNext(third), 'data');
  await lead.close(10_000);
  const job = await finish(id, third);
  assert.deepEqual([job.state, job.restarts, job.errorCount], ['completed', 0, 0], JSON.stringify(job.error));
  assert.deepEqual(await store.jobs.snapshotTokens(id), []);

  const copy = await server.createDatabase();
  const imported = await start({ kind: 'import', database: copy, filePattern: job.name, selection: null });
  assert.equal((await finish(imported, third)).state, 'completed');
  assert.deepEqual(await sum(copy), [{ amount: 600, rows: 600 }]);
  assert.deepEqual(await sum(name), [{ amount: 600_000, rows: 600 }]);
});

test('the data starts again when nobody holds the snapshot any more', async () => {
  const name = await shop();
  const [lead, second] = [startWorker(), startWorker()];
  const id = await start({ kind: 'export', database: name, encoding: 'text', selection: everything });
  for (const kind of ['plan', 'ddl', 'data']) assert.equal(await doNext(lead), kind);
  await lead.close(10_000);
  const job = await finish(id, second);
  assert.deepEqual([job.state, job.restarts], ['completed', 1], JSON.stringify(job.error));
});

test('a reader that does not hear of the end of its job keeps nothing in the database', async () => {
  const name = await shop();
  const [frozen, second] = [startWorker(), startWorker()];
  const id = await start({ kind: 'export', database: name, encoding: 'text', selection: everything });
  for (const kind of ['plan', 'ddl', 'data']) assert.equal(await doNext(frozen), kind);
  const job = await finish(id, second);
  assert.deepEqual([job.state, job.restarts], ['completed', 0], JSON.stringify(job.error));
  assert.equal(await holders(name), 0);
});
