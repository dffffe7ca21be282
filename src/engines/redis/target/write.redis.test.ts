import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
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

let source: RedisServer;
let target: RedisServer;
before(async () => {
  [source, target] = await Promise.all([startRedis(), startRedis()]);
});
after(async () => {
  await Promise.all([source[Symbol.asyncDispose](), target[Symbol.asyncDispose]()]);
});

const later = Date.now() + 3_600_000;

/** Values of every type and encoding of 7.0, with and without expiry. */
function* everyType(): Generator<readonly RespArgument[]> {
  yield ['SET', 'string', 'hello'];
  yield ['SET', 'number', 12345];
  yield ['SET', Buffer.from([0, 255, 13, 10]), Buffer.from([0, 1, 2, 255])];
  yield ['SET', 'long', 'abc'.repeat(10_000)];
  yield ['SET', 'expiring', 'soon', 'PXAT', later];
  yield ['RPUSH', 'list', ...Array.from({ length: 1_000 }, (_, at) => `item ${at}`)];
  yield ['SADD', 'intset', 1, 2, 3];
  yield ['SADD', 'set', ...Array.from({ length: 1_000 }, (_, at) => `member ${at}`)];
  yield ['ZADD', 'zset', 1, 'a', 2.5, 'b', 'inf', 'c'];
  yield ['ZADD', 'big zset', ...Array.from({ length: 500 }, (_, at) => [at / 7, `member ${at}`]).flat()];
  yield ['HSET', 'hash', 'a', '1', 'b', '2'];
  yield ['HSET', 'big hash', ...Array.from({ length: 1_000 }, (_, at) => [`field ${at}`, at]).flat()];
  yield ['PEXPIREAT', 'big hash', later];
  yield ['XADD', 'stream', '1-1', 'a', '1'];
  yield ['XADD', 'stream', '2-1', 'a', '2'];
  yield ['XGROUP', 'CREATE', 'stream', 'group', '0'];
  yield ['XREADGROUP', 'GROUP', 'group', 'reader', 'COUNT', '1', 'STREAMS', 'stream', '>'];
  for (let at = 0; at < 2_000; at++) yield ['SET', `key:${at}`, `value ${at}`];
}

async function emptied(): Promise<void> {
  await source.call('FLUSHALL');
  await target.call('FLUSHALL');
  await target.call('FUNCTION', 'FLUSH');
}

test('writes every type as it was, with its expiry, and says how many', async () => {
  await emptied();
  await fill(source, everyType());
  const rdb = await rdbOf(source);
  const rows = Number(await source.call('DBSIZE'));
  await using job = await openImport(target.url());
  const { session, context } = job;

  assert.deepEqual(await job.write(rdb, fileUnit(rdb, rows)), { rows, alreadyApplied: false });
  assert.deepEqual(await contentOf(target), await contentOf(source));
  assert.deepEqual(await session.receipts(context), new Map([['data/0', rows]]));
  assert.deepEqual(await session.finish([{ schema: 'db0', name: 'keys', rows }], context), []);

  await session.forget('job-1', context);
  assert.equal(await target.call('DBSIZE'), rows);
});

test('a unit with a receipt is not read again', async () => {
  await emptied();
  await fill(source, [['SET', 'a', '1']]);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  await job.write(rdb, fileUnit(rdb, 1));
  await target.call('SET', 'a', 'changed since');
  const unread = (async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(0);
    assert.fail('read');
  })();
  const outcome = await job.session.write(fileUnit(rdb, 1), unread, job.context);
  assert.deepEqual(outcome, { rows: 1, alreadyApplied: true });
  assert.equal(String(await target.call('GET', 'a')), 'changed since');
});

test('what exists stays, or gives way', async () => {
  await emptied();
  const past = Date.now() + 150;
  await fill(source, [
    ['SET', 'both', 'new'],
    ['SET', 'only', 'new'],
    ['SET', 'gone', 'new', 'PXAT', past],
  ]);
  const rdb = await rdbOf(source);
  const existing: readonly (readonly RespArgument[])[] = [
    ['MSET', 'both', 'old', 'gone', 'old', 'other', 'old'],
    ['DEL', 'only'],
  ];
  while (Date.now() <= past) await new Promise((resolve) => setTimeout(resolve, 20));
  await using job = await openImport(target.url());
  const values = async () =>
    (await fill(target, [['MGET', 'both', 'only', 'gone', 'other']])).flat().map(String);

  await fill(target, existing);
  await job.write(rdb, fileUnit(rdb, 3, { key: 'skip', existingRows: 'skip' }));
  assert.deepEqual(await values(), ['old', 'new', 'old', 'old']);

  await fill(target, existing);
  await job.write(rdb, fileUnit(rdb, 3, { key: 'replace', existingRows: 'replace' }));
  assert.deepEqual(await values(), ['new', 'new', 'null', 'old']);
  assert.deepEqual(await job.session.finish([{ schema: 'db0', name: 'keys' }], job.context), []);
});

test('takes one logical database of a file, under another number and other names', async () => {
  await emptied();
  await fill(source, [['SET', 'zero', '0']], 0);
  await fill(source, [['MSET', 'user:1', 'a', 'user:admin:1', 'b', 'x', 'c']], 3);
  await source.call('FUNCTION', 'LOAD', library);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  const keyPrefixes = [
    { source: 'user:', target: 'u:' },
    { source: 'user:admin:', target: 'admin:' },
  ];
  const unit = fileUnit(rdb, 3, { database: 3, table: { schema: 'db7', name: 'keys' }, keyPrefixes });
  await job.write(rdb, unit);
  assert.deepEqual(Object.keys(await contentOf(target, 7)), ['admin:1', 'u:1', 'x']);
  assert.deepEqual(await contentOf(target, 0), {});
  assert.deepEqual(await job.session.finish([{ schema: 'db7', name: 'keys', rows: 3 }], job.context), []);
  // They belong to the first database of the file.
  assert.deepEqual(await target.call('FUNCTION', 'LIST'), []);
  await job.write(rdb, fileUnit(rdb, 1));
  assert.equal((await target.call('FCALL', 'answer', 0)) as number, 42);
});

const library = "#!lua name=answers\nredis.register_function('answer', function() return 42 end)";

test('tells of keys that are missing in the end, and of others', async () => {
  await emptied();
  await fill(source, [['MSET', 'a', '1', 'b', '2', 'c', '3']]);
  await fill(source, [['SET', 'd', '4', 'EX', '1000']]);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  await job.write(rdb, fileUnit(rdb, 4));
  const told = async () => {
    const failures = await job.session.finish([{ schema: 'db0', name: 'keys', rows: 4 }], job.context);
    return failures.map(({ message }) => message).join();
  };
  assert.equal(await told(), '');
  // As if it had expired meanwhile.
  await target.call('DEL', 'd');
  assert.equal(await told(), '');
  await target.call('DEL', 'a');
  assert.match(await told(), /db0 has 2 keys where 4 were written, 1 of them with an expiry/);
  await target.call('MSET', 'x', '1', 'y', '2');
  assert.match(await told(), /as many keys as were written \(4\), but not the same/);
});

test('a key that was to expire at the end of time expires in the last year that is known', async () => {
  await emptied();
  await fill(source, [
    ['SET', 'a', '1'],
    ['PEXPIREAT', 'a', '9223372036854775807'],
    ['SET', 'b', '2'],
  ]);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  assert.equal((await job.write(rdb, fileUnit(rdb, 2))).rows, 2);
  assert.equal(await target.call('PEXPIRETIME', 'a'), Number.MAX_SAFE_INTEGER);
  assert.equal(await target.call('GET', 'b').then(String), '2');
});

test('a number of keys other than the source says is refused', async () => {
  await emptied();
  await fill(source, [['SET', 'a', '1']]);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  await assert.rejects(job.write(rdb, fileUnit(rdb, 2)), { code: 'rows-differ' });
  assert.deepEqual(await job.session.receipts(job.context), new Map());
});

test('answers to an abort while the source hangs', async () => {
  await emptied();
  await fill(source, [['SET', 'a', '1']]);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  const hanging = (async function* (): AsyncGenerator<Uint8Array> {
    yield* inPieces(rdb.subarray(0, 20));
    job.context.abort(new Error('enough'));
    await new Promise(() => undefined);
  })();
  await assert.rejects(job.session.write(fileUnit(rdb, 1), hanging, job.context), { code: 'aborted' });
});
