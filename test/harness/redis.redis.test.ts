import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { startRedisCluster } from './redis-cluster.ts';
import { startSentinel } from './redis-sentinel.ts';
import { startRedis, steadyRedisVersions } from './redis-server.ts';
import { connectResp } from './resp-client.ts';

for (const version of steadyRedisVersions) {
  test(`${version} starts, keeps values as bytes, and its folder goes with it`, async () => {
    const server = await startRedis({ version });
    const value = Buffer.from([0, 13, 10, 255]);
    await server.call('SET', 'key', value);
    assert.deepEqual(await server.call('GET', 'key'), value);
    await assert.rejects(server.call('LPUSH', 'key', 'x'), /WRONGTYPE/);
    await using other = await server.connect();
    const answers = await other.pipeline(Array.from({ length: 2500 }, (_, at) => ['SET', `n${at}`, at]));
    assert.ok(answers.every((answer) => answer === 'OK'));
    await server.restart();
    assert.equal(await server.call('DBSIZE'), 0);
    await server[Symbol.asyncDispose]();
    assert.equal(existsSync(server.folder), false);
  });
}

test('TLS, passwords and ACL users are what clients must have', async () => {
  await using server = await startRedis({
    tls: true,
    password: 's"ecret',
    users: { reader: '>word ~* -@all +get' },
  });
  const endpoint = { port: server.tlsPort ?? 0, ca: server.certificate ?? '' };
  await using owner = await connectResp({ ...endpoint, password: 's"ecret' });
  assert.equal(await owner.call('SET', 'a', 1), 'OK');
  await using reader = await connectResp({ ...endpoint, user: 'reader', password: 'word' });
  assert.equal(String(await reader.call('GET', 'a')), '1');
  await assert.rejects(reader.call('SET', 'a', 2), /NOPERM/);
  await assert.rejects(connectResp({ ...endpoint, password: 'wrong' }), /WRONGPASS/);
  await using stranger = await connectResp({ port: server.port });
  await assert.rejects(stranger.call('GET', 'a'), /NOAUTH/);
});

test('a cluster shares the slots, with replicas', async () => {
  await using cluster = await startRedisCluster({ masters: 3, replicas: 1 });
  for (let at = 0; at < 100; at += 1) assert.equal(await cluster.call('SET', `key${at}`, at), 'OK');
  const sizes = await Promise.all(cluster.masters.map((node) => node.call('DBSIZE')));
  assert.equal(
    sizes.reduce<number>((sum, size) => sum + Number(size), 0),
    100,
  );
  assert.ok(sizes.every((size) => Number(size) > 0));
});

test('a sentinel knows a master and its replicas', async () => {
  await using master = await startRedis({ password: 'word' });
  await using replica = await startRedis({ replicaOf: master, password: 'word' });
  await using sentinel = await startSentinel({
    masters: { shop: master },
    masterPassword: 'word',
    replicas: 1,
  });
  assert.deepEqual(await sentinel.replicasOf('shop'), [`127.0.0.1:${replica.port}`]);
});
