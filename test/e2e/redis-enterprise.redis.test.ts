import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startApp } from '../harness/app.ts';
import { type Proftpd, startProftpd } from '../harness/proftpd.ts';
import { moduleId, moduleParts } from '../harness/rdb-bodies.ts';
import * as rdb from '../harness/rdb-bytes.ts';
import { startRedisCluster } from '../harness/redis-cluster.ts';
import { fillWithEverything } from '../harness/redis-sample.ts';
import { type RedisServer, startRedis } from '../harness/redis-server.ts';
import { redisFunctions, redisState } from '../harness/redis-state.ts';
import { basic, checkTranscript } from '../harness/transcript.ts';

/*
 * The Redis Enterprise API on real servers, by curl and by a client that knows nothing of Pumphouse, on the port of its own.
 */

const run = promisify(execFile);
const ann = { name: 'ann', role: 'operator', password: 'Lantern44' };

interface Run {
  readonly status: string;
  readonly [key: string]: unknown;
}

/** A service with these databases, numbered from 1, and what its clients call. */
async function openStage(databases: Readonly<Record<string, string>>) {
  const app = await startApp({
    databases,
    users: [ann],
    flags: { redisEnterprisePort: '0', urlAllow: '127.0.0.1' },
  });
  const [own] = app.ownPorts;
  assert.ok(own !== undefined);
  const host = new URL(own.url).host;
  const script = path.join(import.meta.dirname, 'redis-enterprise-client.ts');
  return Object.assign(app, {
    /** The published client. */
    async client(action: 'export' | 'import', uid: number, place: unknown): Promise<Run> {
      const args = [script, action, host, ann.name, ann.password, String(uid), JSON.stringify(place)];
      const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', ...args]);
      return JSON.parse(stdout) as Run;
    },
    /** curl, as the vendor's examples call it. */
    async curl(method: string, address: string, body?: unknown): Promise<Record<string, unknown>> {
      const sent =
        body === undefined ? [] : ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)];
      const { stdout } = await run('curl', [
        ...['-s', '-S', '-k', '-X', method, '-u', `${ann.name}:${ann.password}`],
        ...['-H', 'accept: application/json', ...sent, `${own.url}${address}`],
      ]);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
  });
}

const succeeded = (action: string): Run => ({
  status: 'active',
  [`${action}_status`]: 'succeeded',
  [`${action}_progress`]: 100,
  [`${action}_failure_reason`]: '',
});

type ClientStage = Awaited<ReturnType<typeof openStage>>;

/** Runs the client to a good end; a bad one is told with the log of its job. */
async function succeeds(
  app: ClientStage,
  action: 'export' | 'import',
  uid: number,
  place: unknown,
): Promise<void> {
  const ended = await app.client(action, uid, place);
  const { items } = await app.json<{ readonly items: readonly { readonly id: string }[] }>({
    method: 'GET',
    path: '/api/v1/jobs?limit=1',
  });
  const { body } = await app.call({ method: 'GET', path: `/api/v1/jobs/${items[0]?.id}/log` });
  assert.deepEqual(ended, succeeded(action), body);
}

describe('the Redis Enterprise API on Redis', () => {
  let source: RedisServer;
  let target: RedisServer;
  let ftp: Proftpd;
  let app: ClientStage;
  before(async () => {
    [source, target, ftp] = await Promise.all([startRedis(), startRedis(), startProftpd()]);
    await fillWithEverything(source);
    app = await openStage({ harbor_cache: source.url(), mirror: target.url() });
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await Promise.all([source, target, ftp].map((server) => server[Symbol.asyncDispose]()));
  });

  it('exports to an FTP server and imports from it, in place of everything that was there', async () => {
    await target.call('SET', 'left over', '1');
    const url = `ftp://${ftp.user}:${encodeURIComponent(ftp.password)}@127.0.0.1:${ftp.port}${ftp.base}/vault/`;
    await succeeds(app, 'export', 1, { type: 'url', url });

    const [file = '', ...others] = await readdir(path.join(ftp.root, 'vault'));
    assert.deepEqual(others, []);
    assert.match(file, /^harbor-cache-\d{4}-\d\d-\d\dT\d{6}Z-1_of_1\.rdb\.gz$/);
    const bytes = gunzipSync(await readFile(path.join(ftp.root, 'vault', file)));
    assert.match(bytes.subarray(0, 9).toString('latin1'), /^REDIS00\d\d$/);

    const sources = [{ type: 'url', url: `${url}${file}` }];
    await succeeds(app, 'import', 2, sources);
    assert.deepEqual(await redisState(target), await redisState(source));
    assert.deepEqual(await redisFunctions(target), await redisFunctions(source));

    const { last_export_time: time, version, type } = await app.curl('GET', '/v1/bdbs/1');
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual([version, type], [await source.info('redis_version'), 'redis']);
  });

  it('keeps the data when a source is damaged', async () => {
    const before = await redisState(target);
    const good = await exportedFile(app);
    const bytes = gunzipSync(good.bytes);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path.join(app.dumps, 'damaged.rdb.gz'), gzipSync(bytes));
    const sources = [{ type: 'mount_point', path: path.join(app.dumps, 'damaged.rdb.gz') }];
    const ended = await app.client('import', 2, sources);
    assert.deepEqual([ended.import_status, ended.import_failure_reason], ['failed', 'file-corrupted']);
    assert.deepEqual(await redisState(target), before);
  });

  it('takes plain files beside packed ones, and says what is missing', async () => {
    const good = await exportedFile(app);
    await writeFile(path.join(app.dumps, 'plain.rdb'), gunzipSync(good.bytes));
    const plain = { type: 'mount_point', path: path.join(app.dumps, 'plain.rdb') };
    await succeeds(app, 'import', 2, [plain]);
    assert.deepEqual(await redisState(target), await redisState(source));

    const missing = { type: 'mount_point', path: path.join(app.dumps, 'missing.rdb') };
    const ended = await app.client('import', 2, [missing]);
    assert.deepEqual([ended.import_status, ended.import_failure_reason], ['failed', 'download-error']);
    assert.deepEqual(await redisState(target), await redisState(source));
  });

  it('says of an import that went on past an error what it was', async () => {
    const bytes = rdb.rdbFile(
      'REDIS0010',
      rdb.select(0),
      rdb.entry(0, 'plain', rdb.string('v')),
      rdb.entry(7, 'of a module', rdb.bytesOf(moduleId, moduleParts)),
    );
    await writeFile(path.join(app.dumps, 'module.rdb'), bytes);
    const sources = [{ type: 'mount_point', path: path.join(app.dumps, 'module.rdb') }];
    const ended = await app.client('import', 2, sources);
    assert.deepEqual([ended.import_status, ended.import_failure_reason], ['failed', 'general-error']);
    assert.equal(String(await target.call('GET', 'plain')), 'v');
    const [action] = (await app.curl('GET', '/v2/actions')) as unknown as readonly {
      readonly status: string;
      readonly additional_info: { readonly error: string };
    }[];
    assert.equal(action?.status, 'failed');
    assert.match(action?.additional_info.error ?? '', /^KEY db0\.of a module failed: .*module/);
    const events = (await app.curl('GET', '/v1/logs?order=desc&limit=1')) as unknown as readonly unknown[];
    assert.match(JSON.stringify(events), /of a module failed/);
  });

  it('leads no import out of a directory by a link', async () => {
    const before = await redisState(target);
    await symlink('/etc/hostname', path.join(app.dumps, 'link.rdb'));
    const sources = [{ type: 'mount_point', path: path.join(app.dumps, 'link.rdb') }];
    const ended = await app.client('import', 2, sources);
    assert.deepEqual([ended.import_status, ended.import_failure_reason], ['failed', 'download-error']);
    assert.deepEqual(await redisState(target), before);
  });

  it('gives a token to one user, whom Basic and body both name', async () => {
    const both = (username: string) => app.curl('POST', '/v1/users/authorize', { username, ttl: 60 });
    assert.equal((await both('bob')).error_code, 'invalid_schema');
    assert.equal(typeof (await both(ann.name)).access_token, 'string');
  });

  it('keeps the data when the files are larger than what the database can hold', async () => {
    const before = await redisState(target);
    const { name, bytes } = await exportedFile(app);
    await target.call('CONFIG', 'SET', 'maxmemory', 20_000);
    const sources = [{ type: 'mount_point', path: path.join(app.dumps, name) }];
    const ended = await app.client('import', 2, sources);
    await target.call('CONFIG', 'SET', 'maxmemory', 0);
    const reason = `file-larger-than-mem-limit:${gunzipSync(bytes).length}:20000`;
    assert.deepEqual([ended.import_status, ended.import_failure_reason], ['failed', reason]);
    assert.deepEqual(await redisState(target), before);
  });

  it('says of an export why it failed', async () => {
    const wrong = `ftp://${ftp.user}:wrong@127.0.0.1:${ftp.port}/`;
    const ended = await app.client('export', 1, { type: 'url', url: wrong });
    assert.deepEqual([ended.export_status, ended.export_failure_reason], ['failed', 'no-permission']);
    const answers = await Promise.all([
      app.curl('GET', '/v1/bdbs/1'),
      app.curl('GET', '/v2/actions'),
      app.curl('GET', '/v1/logs'),
    ]);
    for (const answer of answers) assert.doesNotMatch(JSON.stringify(answer), /wrong@|:wrong/);
  });

  it('answers as the contract prints it', async () => {
    const values = { folder: app.dumps };
    await checkTranscript('redis-enterprise/redis-export', {
      origin: app.origin,
      authorization: basic(ann),
      values,
    });
  });
});

/** The bytes of a file that an export to a folder makes. */
async function exportedFile(app: ClientStage) {
  const before = new Set(await readdir(app.dumps));
  await succeeds(app, 'export', 1, { type: 'mount_point', path: app.dumps });
  const [name = ''] = (await readdir(app.dumps)).filter((each) => !before.has(each));
  return { name, bytes: await readFile(path.join(app.dumps, name)) };
}

describe('the Redis Enterprise API on a cluster', () => {
  it('exports a file for each shard, and imports them only together', async () => {
    await using cluster = await startRedisCluster({ masters: 3 });
    await using target = await startRedis();
    for (let at = 0; at < 300; at += 1) await cluster.call('SET', `key:${at}`, `value ${at}`);
    const [first] = cluster.masters;
    await using app = await openStage({ shards: first?.url() ?? '', mirror: target.url() });
    await succeeds(app, 'export', 1, { type: 'mount_point', path: app.dumps });
    const files = (await readdir(app.dumps)).toSorted();
    assert.deepEqual(
      files.map((name) => name.replace(/^shards-.*Z-/, '')),
      ['1_of_3.rdb.gz', '2_of_3.rdb.gz', '3_of_3.rdb.gz'],
    );
    const sources = files.map((name) => ({ type: 'mount_point', path: path.join(app.dumps, name) }));
    const refused = await app.curl('POST', '/v1/bdbs/2/actions/import', {
      dataset_import_sources: sources.slice(0, 2),
    });
    assert.equal(refused.error_code, 'invalid_schema', JSON.stringify(refused));
    await succeeds(app, 'import', 2, sources);
    assert.equal(await target.call('DBSIZE'), 300);
    assert.equal(String(await target.call('GET', 'key:17')), 'value 17');
  });
});
