import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { after, before } from 'node:test';
import { type RedisCluster, startRedisCluster } from '../../../../test/harness/redis-cluster.ts';
import {
  contentOf,
  fileUnit,
  fill,
  inPieces,
  openImport,
  rdbOf,
} from '../../../../test/harness/redis-import.ts';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import type { RespArgument } from '../../../../test/harness/resp-client.ts';
import { slotOf } from '../client/slot.ts';

let source: RedisServer;
let cluster: RedisCluster;
before(async () => {
  [source, cluster] = await Promise.all([startRedis({ version: 'redis-8.0' }), startRedisCluster()]);
});
after(async () => {
  await Promise.all([source[Symbol.asyncDispose](), cluster[Symbol.asyncDispose]()]);
});

const library = "#!lua name=answers\nredis.register_function('answer', function() return 42 end)";

async function filled(): Promise<Buffer> {
  await source.call('FLUSHALL');
  for (const master of cluster.masters) await master.call('FLUSHALL');
  const keys = Array.from({ length: 3_000 }, (_, at): readonly RespArgument[] => [
    'SET',
    `key:${at}`,
    randomBytes(1_000),
  ]);
  const tagged = Array.from({ length: 100 }, (_, at): readonly RespArgument[] => [
    'SADD',
    `{tag}:${at}`,
    'a',
    at,
  ]);
  await fill(source, [...keys, ...tagged, ['SADD', 'a}b', 'x']]);
  await source.call('FUNCTION', 'LOAD', 'REPLACE', library);
  return await rdbOf(source);
}

/** Of keys in slots on their way, their expiry is not told without ASKING. */
const valuesOf = (content: Readonly<Record<string, string>>) =>
  Object.entries(content)
    .map(([key, told]) => `${key} ${told.split(' ')[0]}`)
    .sort();

async function clusterContent(): Promise<Readonly<Record<string, string>>> {
  const parts = await Promise.all(cluster.masters.map((master) => contentOf(master)));
  return Object.assign({}, ...parts) as Readonly<Record<string, string>>;
}

test('our slots are the server`s', async () => {
  for (const key of ['foo', 'bar', '', '{foo}bar', 'x{foo}{bar}', 'foo{}{bar}', '}foo{', 'a}b{c}']) {
    assert.equal(slotOf(Buffer.from(key)), await cluster.masters[0]?.call('CLUSTER', 'KEYSLOT', key), key);
  }
});

for (const existingRows of [undefined, 'skip'] as const) {
  test(`brings each key to its master, also by commands (${existingRows ?? 'nothing there'})`, async () => {
    const rdb = await filled();
    await using job = await openImport(cluster.url);
    const { session, context } = job;
    const unit = fileUnit(rdb, 3_101, existingRows === undefined ? {} : { existingRows });
    await job.write(rdb, unit);
    assert.deepEqual(await clusterContent(), await contentOf(source));
    assert.deepEqual(
      String(await cluster.call('SMEMBERS', '{tag}:7'))
        .split(',')
        .sort(),
      ['7', 'a'],
    );
    for (const master of cluster.masters) assert.equal(await master.call('FCALL', 'answer', 0), 42);
    assert.deepEqual(await session.finish([{ schema: 'db0', name: 'keys', rows: 3_101 }], context), []);
    await session.forget('job-1', context);
    const sizes = await Promise.all(cluster.masters.map((master) => master.call('DBSIZE')));
    assert.equal(
      sizes.reduce<number>((sum, size) => sum + Number(size), 0),
      3_101,
    );
  });
}

test('empties every master, and knows that there is one logical database', async () => {
  await filled();
  await cluster.call('SET', 'key:1', 'old');
  await using job = await openImport(cluster.url);
  const { session, context } = job;
  const table = { schema: 'db0', name: 'keys' };
  await session.clearTables?.('clear', [{ ...table, how: 'truncate' }], context);
  assert.deepEqual(await clusterContent(), {});
  assert.deepEqual(await session.describeTables?.([table], context), []);
  await assert.rejects(Promise.resolve(session.describeTables?.([{ ...table, schema: 'db1' }], context)), {
    code: 'unsupported',
    message: /cluster/,
  });
});

test('follows slots that have moved since it looked, and those on their way', async () => {
  const rdb = await filled();
  await using job = await openImport(cluster.url);
  const [first, second] = cluster.masters as readonly [RedisServer, RedisServer];
  const [from, to] = [
    String(await first.call('CLUSTER', 'MYID')),
    String(await second.call('CLUSTER', 'MYID')),
  ];
  const receipts = slotOf(Buffer.from('__pumphouse:job-1'));
  const slots = new Set(Array.from({ length: 3_000 }, (_, at) => slotOf(Buffer.from(`key:${at}`))));
  const moving = [...slots].filter((slot) => slot < 5_000 && slot !== receipts);
  for (const slot of moving.slice(0, 20)) {
    await second.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from);
    await first.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to);
  }
  for (const slot of moving.slice(20)) {
    for (const master of cluster.masters) await master.call('CLUSTER', 'SETSLOT', slot, 'NODE', to);
  }
  await job.session.write(fileUnit(rdb, 3_101), inPieces(rdb, 1_000_000), job.context);
  assert.deepEqual(valuesOf(await clusterContent()), valuesOf(await contentOf(source)));
  assert.ok(((await second.call('CLUSTER', 'COUNTKEYSINSLOT', moving[0] as number)) as number) > 0);
});
