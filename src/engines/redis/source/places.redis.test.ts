import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RedisCluster, startRedisCluster } from '../../../../test/harness/redis-cluster.ts';
import { startSentinel } from '../../../../test/harness/redis-sentinel.ts';
import { startRedis } from '../../../../test/harness/redis-server.ts';
import { everyKey, openRedis, type RedisSource } from '../../../../test/harness/redis-source.ts';
import { replicated } from '../../../../test/harness/replicated.ts';
import type { ReadRules } from '../../../core/read-rules.ts';
import { readRdb } from '../rdb/read-rdb.ts';

/** The keys of the streams or files that a plan makes. */
async function keysOf(
  source: RedisSource,
  rules: ReadRules | null,
  unitBytes: number,
): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const unit of source.snapshot.plan(await source.tables(rules), unitBytes)) {
    const { bytes } = await source.read(unit);
    await readRdb(
      (async function* chunks() {
        yield bytes;
      })(),
      { entry: ({ key }) => void keys.push(Buffer.from(key).toString()) },
      { fragment: null, signal: source.context.signal },
    );
  }
  return keys.sort();
}

async function fill(cluster: RedisCluster, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, at) => `key:${at}`);
  for (const name of names) await cluster.call('SET', name, 'value');
  return names.sort();
}

const readFrom = (source: RedisSource): readonly string[] =>
  source.context.lines.flatMap(({ message }) => /^Read from the replica (\S+)/.exec(message)?.[1] ?? []);

describe('a cluster', () => {
  it('is read whole, shard by shard, from its replicas', async () => {
    await using cluster = await startRedisCluster({ masters: 3, replicas: 1 });
    const names = await fill(cluster, 300);
    for (const master of cluster.masters) await replicated(master);

    await using source = await openRedis(cluster.url);
    assert.deepEqual(await keysOf(source, null, 1e9), names);
    assert.equal(source.snapshot.consistency?.kind, 'none');
    assert.match(source.snapshot.consistency?.note ?? '', /each of the 3 shards/);
    const replicas = cluster.replicas.flat().map(({ port }) => `127.0.0.1:${port}`);
    assert.deepEqual([...new Set(readFrom(source))].sort(), replicas.sort());
    const units = source.snapshot.plan(await source.tables(), 1e9);
    assert.deepEqual(
      units.map(({ stream, part, parts }) => [stream, part, parts]),
      [
        ['shard-1', 1, 3],
        ['shard-2', 2, 3],
        ['shard-3', 3, 3],
      ],
    );

    // Key by key, from the replicas and from the masters.
    assert.deepEqual(await keysOf(source, everyKey, 1e9), names);
    await using fromMasters = await openRedis(`${cluster.url}?read_from=master`);
    assert.deepEqual(await keysOf(fromMasters, everyKey, 1e9), names);
    assert.deepEqual(readFrom(fromMasters), []);
  });

  it('is not read while slots move, and its snapshot is lost when they have moved', async () => {
    await using cluster = await startRedisCluster({ masters: 2 });
    const [one, other] = cluster.masters;
    assert.ok(one !== undefined && other !== undefined);
    const ids = [await one.call('CLUSTER', 'MYID'), await other.call('CLUSTER', 'MYID')].map(String);
    await using source = await openRedis(cluster.url);
    const units = source.snapshot.plan(await source.tables(), 1e9);
    const scanned = source.snapshot.plan(await source.tables(everyKey), 1e9);

    await other.call('CLUSTER', 'SETSLOT', 0, 'IMPORTING', ids[0] as string);
    await one.call('CLUSTER', 'SETSLOT', 0, 'MIGRATING', ids[1] as string);
    await assert.rejects(openRedis(cluster.url), { code: 'database-locked', temporary: true });
    for (const node of [other, one]) await node.call('CLUSTER', 'SETSLOT', 0, 'NODE', ids[1] as string);

    for (const unit of [units[0], scanned[0]]) {
      assert.ok(unit !== undefined);
      await assert.rejects(source.read(unit), {
        code: 'snapshot-lost',
        message: /Slots of the cluster moved/,
      });
    }
    await using again = await openRedis(cluster.url);
    assert.equal(again.snapshot.plan(await again.tables(), 1e9).length, 2);
  });

  it('of Redis 8 is cut by slots', async () => {
    await using cluster = await startRedisCluster({ version: 'redis-8.0', masters: 1 });
    const count = 70_000;
    await cluster.call('DEBUG', 'POPULATE', count, 'key', 5);
    await using source = await openRedis(cluster.url);
    const tables = await source.tables(everyKey);
    const units = source.snapshot.plan(tables, 200_000);
    assert.ok(units.length > 2, `${units.length} units`);
    assert.match(JSON.stringify(units[1]?.range), /"kind":"slots"/);
    const found = new Set(await keysOf(source, everyKey, 200_000));
    assert.equal(found.size, count);
  });
});

describe('behind Sentinels', () => {
  it('a replica is read, so that they see no ghost; without one they are warned of', async () => {
    await using master = await startRedis({ password: 'word' });
    await using replica = await startRedis({ password: 'word', replicaOf: master });
    await master.call('SET', 'a', 1);
    await replicated(master);
    await using sentinel = await startSentinel({
      masters: { main: master },
      masterPassword: 'word',
      replicas: 1,
      password: 'watch',
    });
    const url = `redis-sentinel://:word@127.0.0.1:1,127.0.0.1:${sentinel.port}/main?sentinel_password=watch`;
    {
      await using source = await openRedis(url);
      assert.deepEqual(await keysOf(source, null, 1e9), ['a']);
      assert.deepEqual([...new Set(readFrom(source))], [`127.0.0.1:${replica.port}`]);
      assert.deepEqual(source.context.complaints(), []);
      assert.equal(await replica.info('sync_full'), '1');
    }
    await assert.rejects(openRedis(url.replace('/main', '/other')), {
      code: 'database-missing',
      message: /"other"/,
    });
    await assert.rejects(openRedis(url.replace('=watch', '=no')), { code: 'database-refused' });

    await replica.kill();
    await using source = await openRedis(url);
    assert.match(source.context.complaints().join(), /Sentinels may take us for a new replica/);
    const findings = await source.session.preflight(source.context);
    assert.ok(findings.some(({ check, level }) => check === 'replica' && level === 'amber'));
  });

  it('a server without modules beside those built in has nothing to be warned of', async () => {
    await using server = await startRedis({ version: 'redis-8.0' });
    assert.match(await server.info('module'), /name=vectorset/);
    await using source = await openRedis(server.url());
    const findings = await source.session.preflight(source.context);
    assert.deepEqual(
      findings.filter(({ check }) => check === 'modules'),
      [],
    );
  });

  it('a replica that has lost its master gives no snapshot, for a while', async () => {
    await using master = await startRedis();
    await using replica = await startRedis({ replicaOf: master });
    await master.kill();
    await assert.rejects(openRedis(replica.url()), { code: 'database-unreachable', temporary: true });
  });
});
