import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';
import { flipByte } from '../harness/damage.ts';
import { startRedisCluster } from '../harness/redis-cluster.ts';
import { fillWithEverything } from '../harness/redis-sample.ts';
import { type RedisServer, startRedis } from '../harness/redis-server.ts';
import { type RedisState, redisFunctions, redisState } from '../harness/redis-state.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/* A server goes out and comes back: by the command line and by the native API, as dump sets and as the server's own files. */

type Body = Readonly<Record<string, unknown>>;
const password = 'Harbour/4711 light?';

describe('Redis from end to end', () => {
  let folder: TestFolder;
  let app: TestApp;
  let source: RedisServer;
  let target: RedisServer;
  let wanted: RedisState;
  const stack = new AsyncDisposableStack();

  before(async () => {
    folder = stack.use(await makeFolder());
    [source, target] = await Promise.all([startRedis({ password }), startRedis()]);
    stack.use(source);
    stack.use(target);
    await fillWithEverything(source);
    wanted = await redisState(source);
    app = stack.use(
      await startApp({ data: folder.join('data'), databases: { cache: source.url(), copy: target.url() } }),
    );
  });
  after(() => stack.disposeAsync());
  beforeEach(async () => {
    await target.call('FLUSHALL');
    await target.call('FUNCTION', 'FLUSH');
  });

  const settle = async (body: Body): Promise<TestJob> => {
    const { id } = await app.json<{ readonly id: string }>({ method: 'POST', path: '/api/v1/jobs', body });
    return app.settled(id);
  };
  const run = async (body: Body): Promise<TestJob> => {
    const job = await settle(body);
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    assert.equal(job.error_count, 0);
    return job;
  };
  const exportAll = (body: Body = {}): Promise<TestJob> =>
    run({ kind: 'export', database: 'cache', mode: 'full', ...body });
  const arrived = async (): Promise<void> => {
    assert.deepEqual(await redisState(target), wanted);
    assert.deepEqual(await redisFunctions(target), await redisFunctions(source));
  };
  const command = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand([...args, '--data', app.data]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
    return stdout;
  };
  /** A file of the server's own, written by the server. */
  const ownFile = async (): Promise<string> => {
    await source.call('SAVE');
    return path.join(source.folder, 'dump.rdb');
  };

  it('the command line: test, export, list, show, verify, import', async () => {
    const said = await command('database', 'list');
    assert.match(said, /cache .*redis:\/\/127\.0\.0\.1:\d+/);
    assert.doesNotMatch(said, /Harbour/);
    assert.match(await command('database', 'test', 'cache', '--for', 'export'), /answers: .*7\.0/);
    await command('export', 'cache', '--to', 'DATA_PUMP_DIR', '--file', 'CLI%U.DMP', '--threads', '2');
    assert.match(await command('dump', 'list', 'DATA_PUMP_DIR'), /CLI%U\.DMP/);
    const shown = await command('dump', 'show', 'DATA_PUMP_DIR', '--file', 'CLI%U.DMP');
    assert.match(shown, /db0[\s\S]*db3[\s\S]*db15/);
    await command('dump', 'verify', 'DATA_PUMP_DIR', '--file', 'CLI%U.DMP');
    await command('import', 'copy', '--from', 'DATA_PUMP_DIR', '--file', 'CLI%U.DMP');
    await arrived();
  });

  for (const [form, body] of Object.entries({
    'a folder': {},
    'a folder, uncompressed': { compression: 'none' },
    'a folder, gzip': { compression: 'gzip' },
    'numbered files': { file_pattern: 'N%U.DMP' },
    'one file': { file_pattern: 'one.dmp' },
  })) {
    it(`a dump set of ${form}`, async () => {
      const exported = await exportAll(body);
      const set = (body as { readonly file_pattern?: string }).file_pattern ?? exported.name;
      await run({ kind: 'verify', file_pattern: set });
      const imported = await run({ kind: 'import', database: 'copy', file_pattern: set, threads: 2 });
      assert.equal(imported.result?.rows, exported.result?.rows);
      await arrived();
    });
  }

  it('a snapshot without its functions', async () => {
    await exportAll({ file_pattern: 'ROWS%U.DMP' });
    for (const without of [{ exclude: [{ type: 'FUNCTION' }] }, { content: 'data_only' }]) {
      await target.call('FLUSHALL');
      await run({ kind: 'import', database: 'copy', file_pattern: 'ROWS%U.DMP', ...without });
      assert.deepEqual(await redisState(target), wanted);
      assert.deepEqual(await redisFunctions(target), []);
    }
    await target.call('FLUSHALL');
    const location = pathToFileURL(path.dirname(await ownFile())).href;
    const ownFiles = [{ location, file: 'dump.rdb' }];
    await run({ kind: 'import', database: 'copy', own_files: ownFiles, exclude: [{ type: 'FUNCTION' }] });
    assert.deepEqual(await redisState(target), wanted);
    assert.deepEqual(await redisFunctions(target), []);
  });

  it('an encrypted set', async () => {
    await app.json({
      method: 'POST',
      path: '/api/v1/credentials',
      body: { name: 'vault', type: 'encryption', secret: 'sesame sesame' },
    });
    await exportAll({ file_pattern: 'SAFE%U.DMP', encryption_key: 'vault' });
    await run({ kind: 'import', database: 'copy', file_pattern: 'SAFE%U.DMP', encryption_key: 'vault' });
    await arrived();
  });

  it('one logical database, and the keys that a predicate names', async () => {
    const part = await run({
      kind: 'export',
      database: 'cache',
      mode: 'schema',
      schema_expressions: ["= 'db3'"],
    });
    await run({ kind: 'import', database: 'copy', file_pattern: part.name });
    assert.deepEqual(await redisState(target), { db3: wanted.db3 });
    await target.call('FLUSHALL');
    const queried = await run({
      kind: 'export',
      database: 'cache',
      mode: 'full',
      query: [{ table: 'keys', where: "key LIKE 'hash:%' AND type = 'hash'" }],
    });
    await run({ kind: 'import', database: 'copy', file_pattern: queried.name });
    const hashes = Object.fromEntries(
      Object.entries(wanted.db0 ?? {}).filter(([key]) => key.startsWith('hash:')),
    );
    assert.deepEqual(await redisState(target), { db0: hashes });
  });

  it('keys that are there refuse the import, stay, give way, or go first', async () => {
    const { name } = await exportAll();
    await using client = await target.connect();
    const seed = async (): Promise<void> => {
      await client.pipeline([
        ['SELECT', 0],
        ['FLUSHALL'],
        ['SET', 'string:short', 'mine'],
        ['SET', 'other', 1],
        ['SELECT', 7],
        ['SET', 'far', 1],
        ['SELECT', 0],
      ]);
    };
    const body = { kind: 'import', database: 'copy', file_pattern: name };
    await seed();
    const refused = await settle(body);
    assert.equal(refused.state, 'failed');
    assert.match(refused.error?.message ?? '', /db0/);
    assert.equal(await target.call('DBSIZE'), 2);

    await run({ ...body, table_exists_action: 'skip' });
    assert.equal(String(await target.call('GET', 'string:short')), 'mine');
    assert.equal(await target.call('EXISTS', 'other', 'string:lzf'), 2);

    await seed();
    await run({ ...body, table_exists_action: 'replace' });
    assert.equal(String(await target.call('GET', 'string:short')), 'embstr');
    assert.equal(await target.call('EXISTS', 'other'), 1);

    await seed();
    await run({ ...body, table_exists_action: 'truncate' });
    const { db7, ...rest } = await redisState(target);
    assert.deepEqual(Object.keys(db7 ?? {}), ['far']);
    assert.deepEqual(rest, wanted);

    await seed();
    await run({ ...body, erase: true });
    await arrived();
  });

  it('other logical databases and other names of keys', async () => {
    const { name } = await exportAll();
    await run({
      kind: 'import',
      database: 'copy',
      file_pattern: name,
      remap_schemas: [{ source: 'db3', target: 'db5' }],
      remap_keys: [{ source: 'user:', target: 'customer:' }],
    });
    const state = await redisState(target);
    assert.equal(state.db3, undefined);
    const renamed = Object.entries(wanted.db3 ?? {}).map(([key, value]) => [
      key.replace(/^user:/, 'customer:'),
      value,
    ]);
    assert.deepEqual(state.db5, Object.fromEntries(renamed));
    assert.deepEqual(state.db15, wanted.db15);
  });

  it('files of the server itself: packed, in parts of several servers, from a folder', async () => {
    const file = await ownFile();
    const place = folder.join('own');
    await mkdir(place);
    await copyFile(file, path.join(place, 'dump.rdb'));
    await run({
      kind: 'import',
      database: 'copy',
      own_files: [{ location: `file://${place}`, file: 'dump.rdb' }],
    });
    await arrived();
    await target.call('FLUSHALL');
    await target.call('FUNCTION', 'FLUSH');
    await command('import', 'copy', '--own-file', path.join(place, 'dump.rdb'));
    await arrived();
  });

  it('a file with one wrong bit is refused before anything is cleared or written', async () => {
    const place = folder.join('damaged');
    await mkdir(place);
    await copyFile(await ownFile(), path.join(place, 'dump.rdb'));
    await flipByte(path.join(place, 'dump.rdb'));
    await target.call('SET', 'old', 1);
    const job = await settle({
      kind: 'import',
      database: 'copy',
      erase: true,
      own_files: [{ location: `file://${place}`, file: 'dump.rdb' }],
    });
    assert.equal(job.state, 'failed');
    assert.equal(job.error?.code, 'dump-damaged');
    assert.deepEqual(Object.keys((await redisState(target)).db0 ?? {}), ['old']);
  });

  it('a bare export is a file that a server starts with', async () => {
    for (const [pattern, unpack] of [
      ['bare-%I_of_%N.rdb', (bytes: Buffer) => bytes],
      ['packed-%I_of_%N.rdb.gz', (bytes: Buffer) => gunzipSync(bytes)],
    ] as const) {
      await exportAll({ file_pattern: pattern });
      const name = pattern.replace('%I', '1').replace('%N', '1');
      const rdb = folder.join(`${name}.loaded`);
      await writeFile(rdb, unpack(await readFile(path.join(app.dumps, name))));
      await using started = await startRedis({ rdb });
      assert.deepEqual(await redisState(started), wanted);
      assert.deepEqual(await redisFunctions(started), await redisFunctions(source));
      assert.deepEqual(
        (await readdir(app.dumps)).filter((each) => each.startsWith(name)),
        [name],
      );
      await target.call('FLUSHALL');
      await target.call('FUNCTION', 'FLUSH');
      await run({
        kind: 'import',
        database: 'copy',
        own_files: [{ directory: 'DATA_PUMP_DIR', file: name }],
      });
      await arrived();
    }
  });

  it('a cluster goes out as a file for each of its masters, and all of them come back into one server', async () => {
    await using cluster = await startRedisCluster({ version: 'redis-8.0', masters: 3 });
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: 'cluster', url: cluster.url },
    });
    for (let at = 0; at < 300; at += 1) await cluster.call('SET', `key:${at}`, at);
    await run({
      kind: 'export',
      database: 'cluster',
      mode: 'full',
      file_pattern: 'c-%I_of_%N.rdb',
      threads: 2,
    });
    const parts = [1, 2, 3].map((part) => ({ directory: 'DATA_PUMP_DIR', file: `c-${part}_of_3.rdb` }));
    const missing = await app.call({
      method: 'POST',
      path: '/api/v1/jobs',
      body: { kind: 'import', database: 'copy', own_files: parts.slice(1) },
    });
    assert.equal(missing.status, 400, missing.body);
    assert.match(missing.body, /c-1_of_3\.rdb/);
    await run({ kind: 'import', database: 'copy', own_files: parts });
    assert.equal(await target.call('DBSIZE'), 300);
    assert.equal(String(await target.call('GET', 'key:299')), '299');
    // And back, as a set: a dump set of one server goes into the cluster.
    await Promise.all(cluster.masters.map((node) => node.call('FLUSHALL')));
    await run({ kind: 'export', database: 'copy', mode: 'full', file_pattern: 'back.dmp' });
    await run({ kind: 'import', database: 'cluster', file_pattern: 'back.dmp' });
    assert.equal(String(await cluster.call('GET', 'key:42')), '42');
    const sizes = await Promise.all(cluster.masters.map((node) => node.call('DBSIZE')));
    assert.equal(
      sizes.reduce<number>((sum, size) => sum + Number(size), 0),
      300,
    );
  });
});
