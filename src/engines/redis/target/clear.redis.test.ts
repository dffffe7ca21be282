import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { recordingContext } from '../../../../test/harness/recording-context.ts';
import { fill, openImport } from '../../../../test/harness/redis-import.ts';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import type { DdlObject } from '../../../core/catalogue.ts';

import { parseRedisUrl } from '../database-url.ts';
import { openRedisTarget } from './target-session.ts';

const narrowRules =
  '>secret ~* -@all +restore +select +flushdb +multi +exec +discard +hset +hget +hgetall +hdel +del +info +scan +dbsize';

let server: RedisServer;
before(async () => {
  server = await startRedis({
    users: { narrow: narrowRules, tight: '>secret ~app:* -@all +restore +info +select +multi +discard' },
  });
});
after(() => server[Symbol.asyncDispose]());

const library: DdlObject = {
  section: 'pre',
  type: 'FUNCTION',
  schema: null,
  name: 'answers',
  table: null,
  owner: null,
  sql: "#!lua name=answers\nredis.register_function('answer', function() return 42 end)",
};

async function filled(): Promise<void> {
  await server.call('FLUSHALL');
  await server.call('FUNCTION', 'FLUSH');
  await server.call('FUNCTION', 'LOAD', library.sql);
  for (const database of [0, 1, 2]) await fill(server, [['SET', 'key', database]], database);
}

const keysOf = async (database: number) => String((await fill(server, [['KEYS', 'k*']], database)).flat());
const table = (database: number) => ({ schema: `db${database}`, name: 'keys' });

test('empties the logical databases that are named, once', async () => {
  await filled();
  await using job = await openImport(server.url());
  const { session, context } = job;
  const things = [0, 2].map((database) => ({ ...table(database), how: 'truncate' as const }));
  await session.clearTables?.('clear', things, context);
  assert.deepEqual(await Promise.all([0, 1, 2].map(keysOf)), ['', 'key', '']);

  await fill(server, [['SET', 'key', 'imported']]);
  await session.clearTables?.('clear', things, context);
  assert.equal(await keysOf(0), 'key');
  await session.forget('job-1', context);
  assert.equal(await server.call('DBSIZE'), 1);
});

for (const user of ['default', 'narrow']) {
  test(`erases everything, once (${user})`, async () => {
    await filled();
    const url =
      user === 'default' ? server.url() : server.url().replace('redis://', 'redis://narrow:secret@');
    await using job = await openImport(url);
    const { session, context } = job;
    await session.eraseAll?.('erase', context);
    assert.deepEqual(await Promise.all([0, 1, 2].map(keysOf)), ['', '', '']);
    const libraries = (await server.call('FUNCTION', 'LIST')) as readonly unknown[];
    assert.equal(libraries.length, user === 'default' ? 0 : 1);
    assert.equal(context.complaints().length, user === 'default' ? 0 : 1);

    await fill(server, [['SET', 'key', 'imported']]);
    await session.eraseAll?.('erase', context);
    assert.equal(await keysOf(0), 'key');
  });
}

test('erases a target that is full, where not even a receipt fits before', async () => {
  await filled();
  const values = Array.from(
    { length: 200 },
    (_, at) => ['SET', `k:${at}`, Buffer.alloc(100_000, 'x')] as const,
  );
  for (const value of values) await server.call(...value);
  await server.call('CONFIG', 'SET', 'maxmemory', Number(await server.info('used_memory')) - 5_000_000);
  try {
    await using job = await openImport(server.url());
    await job.session.eraseAll?.('erase', job.context);
    assert.equal(await keysOf(0), '');
    await fill(server, [['SET', 'key', 'imported']]);
    await job.session.eraseAll?.('erase', job.context);
    assert.equal(await keysOf(0), 'key');
  } finally {
    await server.call('CONFIG', 'SET', 'maxmemory', 0);
  }
});

test('tells which logical databases hold keys, its own receipts not counted', async () => {
  await server.call('FLUSHALL');
  await fill(server, [['SET', 'key', 1]], 1);
  await using job = await openImport(server.url());
  const found = await job.session.describeTables?.([table(0), table(1)], job.context);
  assert.deepEqual(
    found?.map(({ schema }) => schema),
    ['db1'],
  );
  await assert.rejects(Promise.resolve(job.session.describeTables?.([table(99)], job.context)), {
    code: 'unsupported',
    hint: /remap_schemas db99:db0/,
  });
});

test('loads functions, says which exist, and which cannot be loaded', async () => {
  await filled();
  await using job = await openImport(server.url());
  const { session, context } = job;
  assert.deepEqual(await session.findExisting([library, { ...library, name: 'others' }], context), [library]);
  const broken = { ...library, name: 'broken', sql: '#!lua name=broken\nthis is no lua' };
  const outcome = await session.apply('prepare', [library, broken], context);
  assert.equal(outcome.alreadyApplied, false);
  assert.deepEqual(
    outcome.failures.map(({ object }) => object.name),
    ['broken'],
  );
  assert.deepEqual(await session.apply('prepare', [library, broken], context), {
    ...outcome,
    alreadyApplied: true,
  });
});

test('names the rights that a user lacks, with the rule that gives them', async () => {
  await filled();
  const findingsOf = async (user: string) => {
    const context = recordingContext();
    const url = server.url().replace('redis://', user === '' ? 'redis://' : `redis://${user}:secret@`);
    await using session = await openRedisTarget(parseRedisUrl(url), context);
    return await session.preflight(context);
  };
  const own = await findingsOf('');
  assert.deepEqual(
    own.filter(({ level }) => level !== 'green'),
    [],
  );
  const narrow = (await findingsOf('narrow')).filter(({ check }) => check === 'privilege');
  assert.ok(narrow.every(({ level }) => level === 'amber'));
  assert.ok(narrow.some(({ remedy }) => remedy === 'ACL SETUSER narrow +function|load'));
  assert.ok(narrow.some(({ remedy }) => remedy === 'ACL SETUSER narrow +flushall'));
  assert.ok(!narrow.some(({ remedy }) => remedy.endsWith('+flushdb')));
  const tight = await findingsOf('tight');
  assert.ok(tight.some(({ level, remedy }) => level === 'red' && remedy === 'ACL SETUSER tight +hset'));
  assert.ok(tight.some(({ level, remedy }) => level === 'red' && remedy.includes('~__pumphouse:*')));
  assert.equal(await keysOf(0), 'key');
});

test('warns of eviction and of memory that is nearly used up, and refuses a replica', async () => {
  const context = recordingContext();
  const findings = async (url: string) => {
    await using session = await openRedisTarget(parseRedisUrl(url), context);
    return (await session.preflight(context)).filter(({ level }) => level !== 'green');
  };
  const kinds = async () => (await findings(server.url())).map(({ level, check }) => [level, check]);
  await server.call('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
  assert.deepEqual(await kinds(), [['amber', 'eviction']]);
  await server.call(
    'CONFIG',
    'SET',
    'maxmemory-policy',
    'noeviction',
    'maxmemory',
    await server.info('used_memory'),
  );
  assert.deepEqual(await kinds(), [['amber', 'memory']]);
  await server.call('CONFIG', 'SET', 'maxmemory', 0);

  await using replica = await startRedis({ replicaOf: server });
  const [red] = await findings(replica.url());
  assert.deepEqual([red?.level, red?.check], ['red', 'role']);
  assert.ok(red?.remedy.includes(`:${server.port} `));
});
