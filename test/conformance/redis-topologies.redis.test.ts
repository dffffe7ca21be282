import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import { redisEngine } from '../../src/engines/redis/engine.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { type RedisCluster, startRedisCluster } from '../harness/redis-cluster.ts';
import { fillWithEverything } from '../harness/redis-sample.ts';
import { startSentinel } from '../harness/redis-sentinel.ts';
import { type RedisServer, startRedis } from '../harness/redis-server.ts';
import { redisFunctions, redisState } from '../harness/redis-state.ts';
import { replicated } from '../harness/replicated.ts';
import { dump, load, move } from './redis-harness.ts';
import { quietContext } from './transfer.ts';

/* The ways to a server, and the rights that a user needs there. */

const guide = readFileSync(new URL('../../docs/guides/redis.md', import.meta.url), 'utf8');
/** The ACL rules that the guide names. */
function granted(work: string): string {
  const row = guide.split('\n').find((line) => line.startsWith(`| ${work} | `));
  const rules = row?.split(' | ')[1]?.split('`')[1]?.replaceAll('\\|', '|');
  assert.ok(rules, `docs/guides/redis.md says no rights for: ${work}`);
  return rules;
}

describe('ways to a server', () => {
  let source: RedisServer;
  let target: RedisServer;
  const stack = new AsyncDisposableStack();
  const users = {
    exporter: `>e ${granted('export')}`,
    scanner: `>s ${granted('export key by key, or in part')}`,
    importer: `>i ${granted('import')}`,
    nobody: '>n -@all +info',
  };

  before(async () => {
    source = stack.use(await startRedis({ version: 'redis-7.0', tls: true, password: 'p@ss/word', users }));
    target = stack.use(await startRedis({ version: 'redis-7.0', tls: true, users }));
    await fillWithEverything(source);
    writeFileSync(path.join(target.folder, 'source.pem'), source.certificate ?? '');
  });
  after(() => stack.disposeAsync());
  beforeEach(async () => {
    await target.call('FLUSHALL');
    await target.call('FUNCTION', 'FLUSH');
  });
  const arrived = async () => {
    assert.deepEqual(await redisState(target), await redisState(source));
    assert.deepEqual(await redisFunctions(target), await redisFunctions(source));
  };
  const password = encodeURIComponent('p@ss/word');

  it('TLS, checked against an authority of its own', async () => {
    const ca = encodeURIComponent(path.join(target.folder, 'source.pem'));
    await move(
      `rediss://:${password}@127.0.0.1:${source.tlsPort}?tls_ca=${ca}`,
      `valkeys://127.0.0.1:${target.tlsPort}?tls_verify=none`,
    );
    await arrived();
    const unchecked = redisEngine.parseUrl(`rediss://:${password}@127.0.0.1:${source.tlsPort}`);
    await assert.rejects(redisEngine.openSource(unchecked, quietContext()), AppError);
  });

  it('Unix sockets', async () => {
    await move(`redis+unix://:${password}@${source.socket}`, `redis+unix://${target.socket}`);
    await arrived();
  });

  it('one logical database, named by the URL', async () => {
    await move(source.url(3), target.url());
    const [found, wanted] = [await redisState(target), await redisState(source)];
    assert.deepEqual(found, { db3: wanted.db3 });
  });

  it('users with no more than the rights that the guide names', async () => {
    const as = (server: RedisServer, user: string, word: string, query = '') =>
      `redis://${user}:${word}@127.0.0.1:${server.port}${query}`;
    await move(as(source, 'exporter', 'e'), as(target, 'importer', 'i'));
    await arrived();
    await target.call('FLUSHALL');
    await target.call('FUNCTION', 'FLUSH');
    await move(as(source, 'scanner', 's', '?snapshot=scan'), as(target, 'importer', 'i'));
    await arrived();
  });

  it('a user who may not become a replica reads key by key, and is told so', async () => {
    const context = recordingContext();
    const url = `redis://scanner:s@127.0.0.1:${source.port}`;
    const { consistency } = await move(url, target.url(), { context });
    assert.equal(consistency?.kind, 'none');
    await arrived();
    await using session = await redisEngine.openSource(redisEngine.parseUrl(url), quietContext());
    const findings = await session.preflight(quietContext());
    assert.ok(findings.some(({ level, message }) => level === 'amber' && /SYNC|replica/i.test(message)));
  });

  it('a user without rights is refused by the preflight, with what to grant', async () => {
    const target_ = redisEngine.parseUrl(`redis://nobody:n@127.0.0.1:${source.port}`);
    await using session = await redisEngine.openSource(target_, quietContext());
    const red = (await session.preflight(quietContext())).filter(({ level }) => level === 'red');
    assert.ok(
      red.some(({ remedy }) => /ACL SETUSER/.test(remedy)),
      JSON.stringify(red),
    );
  });

  it('wrong passwords and none are refused', async () => {
    for (const url of [`redis://:wrong@127.0.0.1:${source.port}`, `redis://127.0.0.1:${source.port}`]) {
      await assert.rejects(
        redisEngine.openSource(redisEngine.parseUrl(url), quietContext()),
        (error) => error instanceof AppError && !error.message.includes('wrong@'),
      );
    }
  });

  it('by way of a Sentinel: read from a replica, so that it sees no ghost; written to the master', async () => {
    await using master = await startRedis({ password: 'word' });
    await using replica = await startRedis({ replicaOf: master, password: 'word' });
    await using sentinel = await startSentinel({
      masters: { shop: master },
      masterPassword: 'word',
      replicas: 1,
    });
    const url = `redis-sentinel://:word@127.0.0.1:${sentinel.port}/shop`;
    await move(source.url(), url);
    assert.deepEqual(await redisState(master), await redisState(source));
    await replicated(master);
    await move(url, target.url());
    await arrived();
    assert.equal(await replica.info('sync_full'), '1');
    assert.equal(await master.info('sync_full'), '1');
    assert.deepEqual(await sentinel.replicasOf('shop'), [`127.0.0.1:${replica.port}`]);
  });
});

describe('clusters', () => {
  let cluster: RedisCluster;
  const stack = new AsyncDisposableStack();
  const keys = 2000;

  before(async () => {
    const inCluster = /In a cluster all of them need `([^`]+)`/.exec(guide)?.[1] ?? '';
    const users = {
      exporter: `>e ${granted('export')} ${inCluster}`,
      importer: `>i ${granted('import')} ${inCluster}`,
    };
    cluster = stack.use(await startRedisCluster({ masters: 3, replicas: 1, users }));
  });
  after(() => stack.disposeAsync());

  const wholeState = async () => {
    const states = await Promise.all(cluster.masters.map((node) => redisState(node)));
    return {
      db0: Object.fromEntries(
        states.flatMap(({ db0 = {} }) => Object.entries(db0)).sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    };
  };

  it('from a server into a cluster, and back by both ways', async () => {
    await using server = await startRedis({ version: 'valkey-8.1' });
    await using client = await server.connect();
    await client.pipeline([
      ...Array.from({ length: keys }, (_, at) => ['SET', `key:${at}`, `value ${at}`]),
      ...Array.from({ length: 50 }, (_, at) => ['HSET', `{tag}:${at}`, 'a', at]),
      ['FUNCTION', 'LOAD', "#!lua name=shop\nredis.register_function('f', function() return 1 end)\n"],
    ]);
    await move(server.url(), cluster.url.replace('//', '//importer:i@'));
    const wanted = await redisState(server);
    assert.deepEqual(await wholeState(), wanted);
    for (const node of cluster.masters) assert.equal((await redisFunctions(node)).length, 1);
    // The last server gave its snapshot to a replica, which must have all of it.
    await Promise.all(cluster.masters.map(replicated));
    for (const query of ['', '?snapshot=scan']) {
      await using back = await startRedis();
      const url = query === '' ? cluster.url.replace('//', '//exporter:e@') : `${cluster.url}${query}`;
      const read = await dump(url);
      if (query === '') assert.equal(new Set(read.units.map(({ unit }) => unit.stream)).size, 3);
      assert.deepEqual(await load(read, back.url()), []);
      assert.deepEqual(await redisState(back), wanted);
      assert.equal((await redisFunctions(back)).length, 1);
    }
    for (const node of cluster.masters) assert.equal(await node.info('sync_full'), '1');
  });

  it('a logical database that a cluster has not is refused', async () => {
    await using server = await startRedis();
    await using client = await server.connect();
    await client.pipeline([
      ['SELECT', 1],
      ['SET', 'a', 1],
    ]);
    const read = await dump(server.url());
    await assert.rejects(
      load(read, cluster.url),
      (error) => error instanceof AppError && /db1/.test(error.message),
    );
  });
});
