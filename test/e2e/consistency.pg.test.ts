import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import type { Manifest } from '../../src/core/manifest.ts';
import { isPosition } from '../../src/core/position.ts';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';

/** Exports whose snapshot is lost half way: what stays, what is read again, and what the manifest then says of it. */

type Body = Readonly<Record<string, unknown>>;

const firstRows = 150_000;
const secondRows = 100_000;
/** All of `first` and a part of `second` have passed by then. */
const enough = 38_000_000;

describe('an export that loses its snapshot', () => {
  let server: PostgresServer;
  let proxy: TcpProxy;
  let app: TestApp;
  let sources = 0;
  before(async () => {
    server = await startPostgres({ version: 17 });
    proxy = await startTcpProxy(server.port);
    app = await startApp({ flags: { unitBytes: '100000000' } });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const start = async (body: Body) =>
    app.json<{ readonly id: string; readonly name: string }>({ method: 'POST', path: '/api/v1/jobs', body });
  const register = async (name: string, url: string) =>
    app.json({ method: 'POST', path: '/api/v1/databases', body: { name, url } });
  const logOf = async (id: string): Promise<readonly string[]> =>
    (
      await app.json<{ readonly items: readonly { readonly message: string }[] }>({
        method: 'GET',
        path: `/api/v1/jobs/${id}/log?limit=1000`,
      })
    ).items.map(({ message }) => message);

  /** Exports `first`, which is larger, then `second`, with one lane; in the middle of it a row of both changes, and the connections end. */
  async function interrupted(options: Body) {
    sources += 1;
    const name = `source_${sources}`;
    await server.createDatabase(name);
    await server.query(
      name,
      `CREATE TABLE first (id int PRIMARY KEY, note text);
       CREATE TABLE second (id int PRIMARY KEY, note text);
       INSERT INTO first SELECT g, repeat('x', 200) || g FROM generate_series(1, ${firstRows}) g;
       INSERT INTO second SELECT g, repeat('y', 200) || g FROM generate_series(1, ${secondRows}) g;
       ANALYZE;`,
    );
    const url = new URL(server.url(name));
    url.port = String(proxy.port);
    await register(name, url.href);
    const writer = new pg.Client({ connectionString: server.url(name) });
    await writer.connect();
    await writer.query(
      `BEGIN; UPDATE first SET note = 'n' WHERE id = 1; UPDATE second SET note = 'n' WHERE id = 1`,
    );
    const before = proxy.received;
    const { id, name: jobName } = await start({
      kind: 'export',
      database: name,
      mode: 'full',
      threads: 1,
      ...options,
    });
    while (proxy.received - before < enough) await setImmediate();
    await writer.query('COMMIT');
    proxy.reset();
    await writer.end();
    const job = await app.settled(id);
    assert.deepEqual([job.state, job.error_count], ['completed', 0], (await logOf(id)).join('\n'));
    assert.equal(job.restarts, 1);
    return { job, jobName, log: await logOf(id) };
  }

  /** What is in the set, after a verification and an import of it. */
  async function contents(filePattern: string): Promise<Body> {
    const target = await server.createDatabase();
    await register(target, server.url(target));
    for (const kind of ['verify', 'import']) {
      const database = kind === 'import' ? { database: target } : {};
      const { id } = await start({ kind, ...database, file_pattern: filePattern, threads: 2 });
      const job: TestJob = await app.settled(id);
      assert.deepEqual([job.state, job.error_count], ['completed', 0], (await logOf(id)).join('\n'));
    }
    const [row] = await server.query(
      target,
      `SELECT (SELECT count(*) FROM first)::int AS first, (SELECT count(*) FROM second)::int AS second,
         (SELECT note = 'n' FROM first WHERE id = 1) AS "firstIsNew", (SELECT note = 'n' FROM second WHERE id = 1) AS "secondIsNew"`,
    );
    const { first, second, ...isNew } = row as Body;
    assert.deepEqual([first, second], [firstRows, secondRows]);
    return isNew;
  }
  const consistencyOf = async (jobName: string) => {
    const text = await readFile(path.join(app.dumps, jobName, 'manifest.json'), 'utf8');
    const { consistency, position } = JSON.parse(text) as Pick<Manifest, 'consistency' | 'position'>;
    return { ...consistency, position };
  };

  test('reads all of it again, so that it is of one snapshot', async () => {
    const { jobName } = await interrupted({});
    assert.deepEqual(await contents(jobName), { firstIsNew: true, secondIsNew: true });
    const { kind, note, position } = await consistencyOf(jobName);
    assert.equal(kind, 'snapshot');
    assert.ok(isPosition(position ?? ''), position);
    assert.match(note, /everything here is of the last snapshot/);
  });

  test('with consistency table keeps the finished tables, and says so in the manifest', async () => {
    const { jobName, log, job } = await interrupted({ consistency: 'table' });
    assert.ok(
      log.some((line) => /^1 files of 1 finished tables stay as they are\.$/.test(line)),
      log.join('\n'),
    );
    const planned = log.filter((line) => line.startsWith('Planned'));
    assert.match(planned[0] ?? '', /^Planned 2 units of 2 tables/);
    assert.match(planned[1] ?? '', /^Planned 1 units of 1 tables/);
    const again = log.find((line) => line.startsWith('The job starts again: ')) ?? '';
    assert.match(again, /The connection that held the snapshot is gone: ./);
    assert.deepEqual(await contents(jobName), { firstIsNew: false, secondIsNew: true });
    const { kind, note, position } = await consistencyOf(jobName);
    assert.equal(kind, 'table');
    assert.equal(position, undefined);
    assert.match(note, /not all of the same one/);
    assert.equal(job.progress.rows_done, firstRows + secondRows);
  });

  test('keeps no numbered file that holds a part of an unfinished table', async () => {
    const { log } = await interrupted({ consistency: 'table', file_pattern: 'KEEP%U.DMP' });
    assert.ok(!log.some((line) => /stay as they are/.test(line)), log.join('\n'));
    assert.deepEqual(await contents('KEEP%U.DMP'), { firstIsNew: true, secondIsNew: true });
  });
});
