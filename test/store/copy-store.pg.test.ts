import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import { copiedTables, copyStore, leftTables } from '../../src/store/copy-store.ts';
import { readStoreUrl } from '../../src/store/postgres/store-url.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { claim, done, finishStep, get, newJob, rejects, unit } from '../conformance/job-store-fixture.ts';
import { runCommand } from '../harness/command-line.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { openTestStore } from '../harness/postgres-store.ts';
import { withFolder } from '../harness/with-folder.ts';

const { log } = createMemoryLog();

describe('pumphouse store copy', () => {
  const password = 'w&r d';
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ version: 18, password });
  });
  after(() => server[Symbol.asyncDispose]());

  const copy = (file: string, url: string) =>
    copyStore({ file, target: readStoreUrl(new Secret(url)), clock: systemClock, log });

  it('takes over every row, with ids and numbers, and leaves the data folder as it was', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'store.sqlite');
      await fillStore(file);
      const before = rowsOf(file);
      assert.deepEqual(
        Object.keys(before).toSorted(),
        [...copiedTables, ...leftTables].toSorted(),
        'a table that is new to the store is copied, or said not to be',
      );
      const url = server.url(await server.createDatabase());
      const copied = await copy(file, url);
      assert.deepEqual(rowsOf(file), before);
      for (const table of copiedTables) {
        const rows = before[table] ?? [];
        assert.equal(copied[table], rows.length, table);
        const there = await server.query(
          new URL(url).pathname.slice(1),
          `select to_jsonb(t) as row from pumphouse."${table}" t order by to_jsonb(t)::text collate "C"`,
        );
        // What was running is ready: its process is gone.
        if (table === 'job' || table === 'task' || table === 'task_group') continue;
        assert.deepEqual(inOrder(there.map(({ row }) => row as Row)), inOrder(rows), table);
      }

      await using store = await openTestStore(url);
      const [job] = await store.jobs.listJobs({ limit: 1 });
      assert.ok(job);
      assert.equal(job.running, 0);
      const next = await store.jobs.createJob(newJob());
      assert.equal(next.job.seq, job.seq + 1, 'numbers go on');
      const task = await claim(store.jobs);
      await store.jobs.completeTask(task.lease, done());
      assert.equal((await get(store.jobs, task.job.id)).progress.unitsDone, 1);
    });
  });

  it('refuses a target that holds anything, a source in use, and one of another version', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'store.sqlite');
      await fillStore(file);
      const database = await server.createDatabase();
      const url = server.url(database);
      const source = await openSqliteStore({ path: file, clock: systemClock, log });
      await rejects(copy(file, url), 'data-folder-locked');
      await source.close();
      await copy(file, url);
      const filled = await rejects(copy(file, url), 'store-refused');
      assert.match(filled.message, /not empty/);
      const old = new Database(file);
      old.exec('delete from schema_version where version > 6');
      old.close();
      const version = await rejects(copy(file, server.url(await server.createDatabase())), 'store-version');
      assert.match(version.message, /version 6/);
    });
  });

  it('is a command, beside migrate and status, that shows no password', async () => {
    await withFolder(async (folder) => {
      await fillStore(join(folder, 'store.sqlite'));
      const url = new URL(server.url(await server.createDatabase()));
      const env = { PUMPHOUSE_DATA: folder };
      const open = await runCommand(['store', 'copy', '--to', url.href], { env });
      assert.match(open.stderr, /password/);
      assert.equal(open.code, 2);
      url.password = '';
      const copied = await runCommand(['store', 'copy', '--to', url.href, '--password-stdin', '--json'], {
        env,
        stdin: `${password}\n`,
      });
      assert.equal(copied.stderr, '');
      assert.equal((JSON.parse(copied.stdout) as { copied: Record<string, number> }).copied.job, 3);
      url.password = encodeURIComponent(password);
      const shared = { ...env, PUMPHOUSE_STORE: url.href };
      const status = await runCommand(['store', 'status', '--json'], { env: shared });
      const view = JSON.parse(status.stdout) as Record<string, unknown>;
      assert.deepEqual((view.counts as Record<string, number>).jobs, 3);
      assert.equal(view.schema_version, view.known_schema_version);
      assert.ok(!status.stdout.includes(encodeURIComponent(password)));
      const alone = await runCommand(['store', 'status'], { env });
      assert.match(alone.stdout, /unfinished jobs/);
      const migrated = await runCommand(['store', 'migrate'], { env: shared });
      assert.match(migrated.stdout, /already/);
    });
  });
});

type Row = Readonly<Record<string, unknown>>;

/** A store with something in every table that has rows at all; its process ended in the middle of a task. */
async function fillStore(path: string): Promise<void> {
  await using store = await openSqliteStore({ path, clock: systemClock, log });
  const { jobs, registry } = store;
  await registry.addDatabase({ name: 'orders', engine: 'sqlite', sealedTarget: 's', description: 'd' });
  await registry.addCredential({ name: 'C', owner: 'scott', type: 'basic', sealedBody: 's' });
  await registry.addDirectory({ name: 'D', url: 's3://b', credential: 'C', shared: true });
  await registry.addUser({ name: 'scott', role: 'developer', passwordHash: 'h', databases: ['orders'] });
  await registry.audit({
    at: 1,
    caller: 'scott',
    action: 'a',
    subject: 's',
    outcome: 'allowed',
    requestId: 'r',
  });
  await store.walletCanary.keepCanary('sealed');
  await jobs.createJob(newJob({ name: () => 'done' }));
  const plan = { text: 'Grüße \u{1F600}', nul: '\0' };
  await jobs.completeTask((await claim(jobs)).lease, done({ jobResult: plan }));
  await jobs.createJob(newJob({ name: () => 'running', idempotency: { key: 'k', digest: 'd' } }));
  const spawn = [unit('u0', { bytes: 3_000_000_000 }), unit('u1'), finishStep(['data:t'])];
  await jobs.completeTask((await claim(jobs)).lease, done({ spawn, plan }));
  const running = await claim(jobs, 'local');
  await jobs.reportProgress(running.lease, { bytes: 50, rows: 5 });
  await jobs.shareSnapshot(running.lease, 'token');
  await jobs.createJob(newJob({ name: () => 'queued' }));
}

/** Every row of every table. */
function rowsOf(file: string): Readonly<Record<string, readonly Row[]>> {
  const database = new Database(file, { readonly: true });
  try {
    const tables = database
      .prepare<[], string>("select name from sqlite_schema where type = 'table'")
      .pluck()
      .all();
    return Object.fromEntries(
      tables.map((table) => [table, database.prepare<[], Row>(`select * from "${table}"`).all()]),
    );
  } finally {
    database.close();
  }
}

const inOrder = (rows: readonly Row[]): readonly Row[] =>
  rows
    .map((row) => Object.fromEntries(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
