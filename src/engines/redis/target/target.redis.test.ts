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
import { formatOf } from '../rdb/format.ts';
import { createRdbScanner } from '../rdb/scan-rdb.ts';
import { createRdbWriter } from '../rdb/write-rdb.ts';

let source: RedisServer;
let target: RedisServer;
before(async () => {
  const lru = { 'maxmemory-policy': 'allkeys-lru' };
  [source, target] = await Promise.all([startRedis({ settings: lru }), startRedis({ settings: lru })]);
});
after(async () => {
  await Promise.all([source[Symbol.asyncDispose](), target[Symbol.asyncDispose]()]);
});

async function emptied(): Promise<void> {
  for (const server of [source, target]) await server.call('FLUSHALL');
}

test('takes the pieces of a stream, each of one logical database', async () => {
  await emptied();
  for (const database of [0, 2, 5]) {
    const keys = Array.from({ length: 300 }, (_, at): readonly RespArgument[] => [
      'SET',
      `${database}:${at}`,
      at,
    ]);
    await fill(source, keys, database);
  }
  await target.call('FUNCTION', 'FLUSH');
  await source.call(
    'FUNCTION',
    'LOAD',
    'REPLACE',
    "#!lua name=l\nredis.register_function('f', function() return 7 end)",
  );
  const rdb = await rdbOf(source);
  const scanner = createRdbScanner();
  scanner.push(rdb);
  const cuts = scanner.takeMarks().map(({ at, database }) => ({ at, database }));
  const variant = rdb.toString('latin1', 0, 9);
  await using job = await openImport(target.url());
  for (const [part, database] of [0, 2, 5].entries()) {
    const from = part === 0 ? 0 : (cuts[part]?.at ?? 0);
    const piece = rdb.subarray(from, cuts[part + 1]?.at ?? rdb.length);
    const unit = fileUnit(rdb, 300, {
      key: `unit ${part}`,
      variant,
      table: { schema: `db${database}`, name: 'keys' },
    });
    await job.write(piece, unit);
    assert.deepEqual(await contentOf(target, database), await contentOf(source, database));
  }
  assert.equal(await target.call('FCALL', 'f', 0), 7);
  const empty = fileUnit(rdb, 0, { key: 'none', variant, table: { schema: 'db9', name: 'keys' } });
  assert.deepEqual(await job.write(new Uint8Array(0), empty), { rows: 0, alreadyApplied: false });
});

test('brings the idle times of keys where the target evicts by them', async () => {
  await emptied();
  const payload = ((
    await fill(source, [
      ['SET', 'a', '1'],
      ['DUMP', 'a'],
      ['DEL', 'a'],
    ])
  )[1] ?? '') as Buffer;
  await source.call('RESTORE', 'a', 0, payload, 'IDLETIME', 5_000);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  await job.write(rdb, fileUnit(rdb, 1));
  assert.ok(Number(await target.call('OBJECT', 'IDLETIME', 'a')) >= 5_000);
});

test('names the keys of modules that the target does not have, and writes the others', async () => {
  await emptied();
  const writer = createRdbWriter(formatOf('REDIS0010'));
  const head = Buffer.alloc(100);
  const entry = (key: string, type: number, body: readonly number[]): Uint8Array => {
    const end = writer.entryHead(head, 0, Buffer.from(key), -1, type);
    return Buffer.concat([head.subarray(0, end), Buffer.from(body)]);
  };
  // A value of a module: its id, an unsigned number, the end.
  const ofModule = [0x81, 0x46, 0x8c, 0x75, 0x2b, 0x5a, 0x79, 0x00, 0x00, 2, 5, 0];
  const parts = [
    writer.header({}),
    writer.selectDatabase(0),
    entry('plain', 0, [1, 0x76]),
    entry('of a module', 7, ofModule),
    entry('last', 0, [1, 0x76]),
  ].map((part) => new Uint8Array(part));
  for (const part of parts) writer.crc.add(part);
  const rdb = Buffer.concat([...parts, writer.end()]);
  await using job = await openImport(target.url());
  assert.deepEqual(await job.write(rdb, fileUnit(rdb, 3)), { rows: 3, alreadyApplied: false });
  assert.deepEqual(Object.keys(await contentOf(target)), ['last', 'plain']);
  const failures = await job.session.finish([{ schema: 'db0', name: 'keys', rows: 3 }], job.context);
  assert.deepEqual(
    failures.map(({ object, message }) => [object.name, /module/.test(message)]),
    [['of a module', true]],
  );
});

test('a connection that is cut is told as an outage, and the next attempt ends the unit', async () => {
  await emptied();
  const keys = Array.from({ length: 5_000 }, (_, at): readonly RespArgument[] => [
    'SET',
    `key:${at}`,
    randomBytes(50),
  ]);
  await fill(source, keys);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url());
  const cut = (async function* (): AsyncGenerator<Uint8Array> {
    yield* inPieces(rdb.subarray(0, 100_000));
    await target.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    yield* inPieces(rdb.subarray(100_000));
  })();
  await assert.rejects(job.session.write(fileUnit(rdb, 5_000), cut, job.context), {
    code: 'database-unreachable',
    temporary: true,
  });
  await job.write(rdb, fileUnit(rdb, 5_000));
  assert.deepEqual(await contentOf(target), await contentOf(source));
});

test('a value that was being built when the import ended is forgotten with it', async () => {
  await emptied();
  await target.call('CONFIG', 'SET', 'proto-max-bulk-len', 1024 * 1024);
  try {
    await fill(source, [
      ['RPUSH', 'list', ...Array.from({ length: 40_000 }, () => randomBytes(40).toString('base64'))],
    ]);
    const rdb = await rdbOf(source);
    await using job = await openImport(target.url());
    const cut = (async function* (): AsyncGenerator<Uint8Array> {
      yield* inPieces(rdb.subarray(0, rdb.length - 1_000));
      throw new Error('The storage is gone.');
    })();
    await assert.rejects(job.session.write(fileUnit(rdb, 1), cut, job.context));
    assert.equal(await target.call('EXISTS', 'list'), 0);
    assert.equal(await target.call('DBSIZE'), 2, 'the receipts and the part');
    await job.session.forget('job-1', job.context);
    assert.equal(await target.call('DBSIZE'), 0);
  } finally {
    await target.call('CONFIG', 'SET', 'proto-max-bulk-len', 512 * 1024 * 1024);
  }
});

test('writes nowhere but into the logical database of the URL', async () => {
  await emptied();
  await fill(source, [['SET', 'a', '1']]);
  await fill(target, [['SET', 'a', 'kept']]);
  await fill(target, [['SET', 'a', 'erased']], 3);
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url(3));
  const table = { schema: 'db0', name: 'keys' };
  const refusal = { code: 'field-invalid', field: 'remap_schemas', hint: /db0:db3/ };
  await assert.rejects(Promise.resolve(job.session.describeTables?.([table], job.context)), refusal);
  await assert.rejects(job.write(rdb, fileUnit(rdb, 1)), refusal);
  await job.session.eraseAll?.('erase', job.context);
  assert.deepEqual(await contentOf(target, 3), {});
  assert.equal(String(await target.call('GET', 'a')), 'kept');
});

test('of very many keys reads the names back only where their number differs, or the URL says so', async () => {
  await emptied();
  const rows = 500_001;
  await source.call('DEBUG', 'POPULATE', rows, 'k', 1);
  const rdb = await rdbOf(source);
  const scans = async (): Promise<number> =>
    Number(/cmdstat_scan:calls=(\d+)/.exec(String(await target.call('INFO', 'commandstats')))?.[1] ?? 0);
  const compared = async (url: string, between: () => Promise<unknown>) => {
    await target.call('FLUSHALL');
    await using job = await openImport(url);
    await job.write(rdb, fileUnit(rdb, rows));
    await between();
    await target.call('CONFIG', 'RESETSTAT');
    const failures = await job.session.finish([{ schema: 'db0', name: 'keys', rows }], job.context);
    return { failures: failures.map(({ message }) => message), hasScanned: (await scans()) > 0 };
  };
  const nothing = async (): Promise<void> => undefined;
  const url = target.url();
  assert.deepEqual(await compared(url, nothing), { failures: [], hasScanned: false });
  assert.deepEqual(await compared(`${url}?compare=names`, nothing), { failures: [], hasScanned: true });
  const { failures, hasScanned } = await compared(url, () => target.call('DEL', 'k:7'));
  assert.ok(hasScanned);
  assert.match(failures.join(), /^db0 has 500000 keys where 500001 were written/);
});
