import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
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

let newer: RedisServer;
let older: RedisServer;
let valkey: RedisServer;
before(async () => {
  [newer, older, valkey] = await Promise.all([
    startRedis({ version: 'redis-8.0' }),
    startRedis({ version: 'redis-7.0' }),
    startRedis({ version: 'valkey-8.1' }),
  ]);
});
after(async () => {
  await Promise.all([newer, older, valkey].map((server) => server[Symbol.asyncDispose]()));
});

async function emptied(...servers: readonly RedisServer[]): Promise<void> {
  for (const server of servers) await server.call('FLUSHALL');
}

const later = Date.now() + 3_600_000;

/** What 8.0 writes in ways that older servers, and those of the other family, do not read. */
const newKinds: readonly (readonly RespArgument[])[] = [
  ['SADD', 'small set', 'a', 'b', 'c'],
  ['XADD', 'stream', '1-1', 'a', '1'],
  ['XADD', 'stream', '2-1', 'a', '2', 'b', '3'],
  ['XGROUP', 'CREATE', 'stream', 'group', '0'],
  ['XREADGROUP', 'GROUP', 'group', 'reader', 'COUNT', '1', 'STREAMS', 'stream', '>'],
  ['HSET', 'session', 'user', 'ann', 'token', 'secret'],
  ['HPEXPIREAT', 'session', later, 'FIELDS', 1, 'token'],
  ['PEXPIREAT', 'session', later],
  ['SET', 'string', 'plain'],
];

/** What a client sees of the keys above. */
async function seen(server: RedisServer) {
  await using client = await server.connect();
  const replies = await client.pipeline([
    ['SMEMBERS', 'small set'],
    ['XRANGE', 'stream', '-', '+'],
    ['XPENDING', 'stream', 'group'],
    ['HGETALL', 'session'],
    ['PEXPIRETIME', 'session'],
    ['GET', 'string'],
  ]);
  const text = (reply: unknown): unknown =>
    Array.isArray(reply)
      ? reply.map(text)
      : reply instanceof Uint8Array
        ? Buffer.from(reply).toString()
        : reply;
  const [members, entries, pending, hash, expiry, string] = replies.map(text) as [
    string[],
    unknown,
    unknown,
    string[],
    unknown,
    unknown,
  ];
  const fields = Object.fromEntries(hash.flatMap((name, at) => (at % 2 === 0 ? [[name, hash[at + 1]]] : [])));
  return { members: members.toSorted(), entries, pending, fields, expiry, string };
}

for (const existingRows of [undefined, 'replace', 'skip'] as const) {
  test(`writes values of newer servers by commands (${existingRows ?? 'nothing there'})`, async () => {
    await emptied(newer, older, valkey);
    await fill(newer, newKinds);
    const rdb = await rdbOf(newer);
    for (const server of [older, valkey]) {
      await using job = await openImport(server.url());
      if (existingRows !== undefined) await server.call('SET', 'small set', 'old');
      const unit = fileUnit(rdb, 4, existingRows === undefined ? {} : { existingRows });
      assert.deepEqual(await job.write(rdb, unit), { rows: 4, alreadyApplied: false });
      if (existingRows === 'skip') {
        assert.equal(String(await server.call('GET', 'small set')), 'old');
        await server.call('DEL', 'small set');
        await server.call('SADD', 'small set', 'a', 'b', 'c');
      }
      assert.deepEqual(await seen(server), await seen(newer), server.version);
      const failures = await job.session.finish([{ schema: 'db0', name: 'keys' }], job.context);
      assert.deepEqual(
        failures.map(({ object, message }) => [object.name, /times to live/.test(message)]),
        [['session', true]],
      );
      await job.session.forget('job-1', job.context);
      assert.equal(await server.call('DBSIZE'), 4);
    }
  });
}

test('streams a string that is larger than what is held, as one RESTORE', async () => {
  await emptied(newer, older);
  const size = 12 * 1024 * 1024;
  const value = randomBytes(size);
  await fill(newer, [
    ['SET', 'large', value],
    ['SET', 'small', 'value'],
  ]);
  const rdb = await rdbOf(newer);
  await using job = await openImport(older.url());
  for (const existingRows of ['replace', 'skip'] as const) {
    await job.write(rdb, fileUnit(rdb, 2, { key: existingRows, existingRows }));
    assert.ok(value.equals((await older.call('GET', 'large')) as Buffer));
  }
  await older.call('SET', 'large', 'old');
  await job.write(rdb, fileUnit(rdb, 2, { key: 'again', existingRows: 'skip' }));
  assert.equal(String(await older.call('GET', 'large')), 'old');
});

for (const size of [100, 12 * 1024 * 1024]) {
  test(`answers to an abort while the target stands still (values of ${size} bytes)`, async () => {
    await emptied(newer, older);
    const values = Array.from({ length: size === 100 ? 20_000 : 1 }, (_, at): readonly RespArgument[] => [
      'SET',
      `key:${at}`,
      randomBytes(size),
    ]);
    await fill(newer, values);
    const rdb = await rdbOf(newer);
    await using job = await openImport(older.url());
    const bytes = (async function* (): AsyncGenerator<Uint8Array> {
      process.kill(older.pid, 'SIGSTOP');
      setTimeout(() => job.context.abort(), 200);
      yield* inPieces(rdb, 65_536);
    })();
    const begun = performance.now();
    try {
      await assert.rejects(job.session.write(fileUnit(rdb, values.length), bytes, job.context), {
        code: 'aborted',
      });
      assert.ok(performance.now() - begun < 10_000, 'it does not wait for the target');
    } finally {
      process.kill(older.pid, 'SIGCONT');
    }
  });
}

test('writes what is above the bulk limit of the target in parts, under its name when it is whole', async () => {
  await emptied(newer, older);
  const limit = 1024 * 1024;
  await older.call('CONFIG', 'SET', 'proto-max-bulk-len', limit);
  try {
    // As long as an argument may be, which the payload of a RESTORE is above then.
    const longest = randomBytes(limit);
    await fill(newer, [
      ['SET', 'longest', longest, 'PXAT', later],
      ['SET', 'too long', randomBytes(limit + 1)],
      ['SET', 'short', 'value'],
    ]);
    for (let at = 0; at < 20; at++) {
      const items = Array.from({ length: 1_000 }, (_, item) => `${at}:${item}:${'x'.repeat(100)}`);
      await fill(newer, [
        ['RPUSH', 'list', ...items],
        ['HSET', 'hash', ...items.flatMap((item) => [item, at])],
      ]);
    }
    const rdb = await rdbOf(newer);
    for (const existingRows of ['replace', 'skip'] as const) {
      await using job = await openImport(older.url());
      await older.call('SET', 'list', 'old');
      await job.write(rdb, fileUnit(rdb, 5, { existingRows }));
      assert.ok(longest.equals((await older.call('GET', 'longest')) as Buffer));
      assert.equal(await older.call('PEXPIRETIME', 'longest'), later);
      assert.equal(await older.call('EXISTS', 'too long'), 0);
      assert.equal(await older.call('HLEN', 'hash'), 20_000);
      if (existingRows === 'skip') assert.equal(String(await older.call('GET', 'list')), 'old');
      else
        assert.deepEqual(
          await older.call('LRANGE', 'list', 0, -1),
          await newer.call('LRANGE', 'list', 0, -1),
        );

      const failures = await job.session.finish([{ schema: 'db0', name: 'keys' }], job.context);
      assert.deepEqual(
        failures.map(({ object }) => object),
        [{ type: 'KEY', schema: 'db0', name: 'too long' }],
      );
      await job.session.forget('job-1', job.context);
      assert.equal(await older.call('DBSIZE'), 4);
      await older.call('FLUSHALL');
    }
  } finally {
    await older.call('CONFIG', 'SET', 'proto-max-bulk-len', 512 * 1024 * 1024);
  }
});

test('a target without memory stops the unit, which goes on when there is some', async () => {
  await emptied(newer, older);
  const values = Array.from({ length: 3_000 }, (_, at): readonly RespArgument[] => [
    'SET',
    `key:${at}`,
    randomBytes(5_000),
  ]);
  await fill(newer, values);
  const rdb = await rdbOf(newer);
  await using job = await openImport(older.url());
  await older.call('CONFIG', 'SET', 'maxmemory', Number(await older.info('used_memory')) + 5 * 1024 * 1024);
  try {
    const failure = {
      code: 'database-full',
      temporary: false,
      message: /no memory left/,
      hint: /resume the job/,
    };
    await assert.rejects(job.write(rdb, fileUnit(rdb, 3_000)), failure);
    assert.ok(Number(await older.call('DBSIZE')) > 100);
  } finally {
    await older.call('CONFIG', 'SET', 'maxmemory', 0);
  }
  await job.write(rdb, fileUnit(rdb, 3_000));
  assert.deepEqual(await contentOf(older), await contentOf(newer));
  assert.deepEqual(await job.session.finish([{ schema: 'db0', name: 'keys', rows: 3_000 }], job.context), []);
});
