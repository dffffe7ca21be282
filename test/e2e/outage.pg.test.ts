import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startApp, type TestApp } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';

/** Servers that crash and come back while a job works on them: the job waits, its log stays readable, and it ends right. */

type Body = Readonly<Record<string, unknown>>;

const working = ['queued', 'planning', 'executing', 'completing'];
const rows = 60_000;
/** Longer than the attempts that a task has for other errors would last. */
const longMs = 9_000;
const shortMs = 2_000;

describe('a server that crashes and comes back', () => {
  let source: PostgresServer;
  let target: PostgresServer;
  let app: TestApp;
  before(async () => {
    [source, target] = [await startPostgres({ version: 17 }), await startPostgres({ version: 17 })];
    await source.createDatabase('wide');
    for (let table = 1; table <= 20; table += 1) {
      await source.query(
        'wide',
        `CREATE TABLE t${table} (id int PRIMARY KEY, note text);
         INSERT INTO t${table} SELECT g, repeat('x', 200) || g FROM generate_series(1, ${rows / 20}) g;`,
      );
    }
    app = await startApp({
      databases: { wide: source.url('wide') },
      flags: { unitBytes: '200000', patienceSeconds: '120' },
    });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await target?.[Symbol.asyncDispose]();
    await source?.[Symbol.asyncDispose]();
  });

  const start = async (body: Body) =>
    app.json<{ readonly id: string; readonly name: string }>({ method: 'POST', path: '/api/v1/jobs', body });
  const jobOf = async (id: string) =>
    app.json<{
      readonly state: string;
      readonly progress: { readonly units_done: number };
      readonly waiting_for: { readonly message: string; readonly until: string } | null;
    }>({ method: 'GET', path: `/api/v1/jobs/${id}` });
  const unitsDone = async (id: string): Promise<number> => (await jobOf(id)).progress.units_done;
  const logOf = async (id: string): Promise<readonly string[]> =>
    (
      await app.json<{ readonly items: readonly { readonly message: string }[] }>({
        method: 'GET',
        path: `/api/v1/jobs/${id}/log?limit=1000`,
      })
    ).items.map(({ message }) => message);
  const fresh = async () => {
    const database = await target.createDatabase();
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: database, url: target.url(database) },
    });
    return database;
  };
  /** What the job says that it waits for, once it does; a busy machine notices the crash late. */
  async function waitOf(id: string) {
    for (;;) {
      const { state, waiting_for } = await jobOf(id);
      if (waiting_for !== null) return waiting_for;
      assert.ok(working.includes(state), `it is ${state} while the server is away`);
      await setTimeout(50);
    }
  }
  /** Crashes `server` once the job has done some units, and brings it back a while later. */
  async function crash(server: PostgresServer, id: string, awayMs: number): Promise<void> {
    while ((await unitsDone(id)) < 2) await setTimeout(5);
    await server.stop('immediate');
    await setTimeout(awayMs);
    const waiting_for = await waitOf(id);
    assert.match(waiting_for.message, /database server(?: at)? .*:\d+/i, 'it says what it waits for');
    assert.ok(Date.parse(waiting_for.until) > Date.now() - 60_000);
    const shown = await runCommand(['jobs', 'show', id, '--data', app.data]);
    assert.match(shown.stdout, /^waits: .*database server.* Next try: 20/im);
    await server.restart();
  }
  async function assertRight(id: string, database: string): Promise<void> {
    const job = await app.settled(id);
    const log = await logOf(id);
    assert.deepEqual([job.state, job.error_count], ['completed', 0], log.join('\n'));
    assert.equal((await jobOf(id)).waiting_for, null);
    const counts = Array.from({ length: 20 }, (_, table) => `(SELECT count(*) FROM t${table + 1})`).join(
      ' + ',
    );
    assert.deepEqual(await target.query(database, `SELECT (${counts})::int AS n`), [{ n: rows }]);
    const waits = log.filter((line) => line.includes('The job waits'));
    assert.ok(waits.length >= 1 && waits.length <= 4, `few lines tell of it:\n${log.join('\n')}`);
    assert.ok(
      log.some((line) => /^The job goes on after \d+ s of waiting\.$/.test(line)),
      log.join('\n'),
    );
  }

  test('is waited for by an import into it', async () => {
    const { id: exportId, name } = await start({
      kind: 'export',
      database: 'wide',
      mode: 'full',
      threads: 2,
    });
    assert.equal((await app.settled(exportId)).state, 'completed');
    const database = await fresh();
    const { id } = await start({ kind: 'import', database, file_pattern: name, threads: 3 });
    await crash(target, id, longMs);
    await assertRight(id, database);
  });

  test('is waited for by a copy into it, which keeps its snapshot', async () => {
    const database = await fresh();
    const { id } = await start({
      kind: 'copy',
      database: 'wide',
      target: database,
      mode: 'full',
      threads: 3,
    });
    await crash(target, id, shortMs);
    await assertRight(id, database);
    assert.equal((await app.settled(id)).restarts, 0);
  });

  test('is waited for by a copy from it, which starts again', async () => {
    const database = await fresh();
    const { id } = await start({
      kind: 'copy',
      database: 'wide',
      target: database,
      mode: 'full',
      threads: 3,
    });
    await crash(source, id, shortMs);
    await assertRight(id, database);
    assert.equal((await app.settled(id)).restarts, 1);
  });
});
