import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import type { ReadRules } from '../../src/core/read-rules.ts';
import { parseRowFilter } from '../../src/core/row-filter-parser.ts';
import type { WriteUnit } from '../../src/engines/engine.ts';
import { redisEngine } from '../../src/engines/redis/engine.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { functionLibrary, noise } from '../harness/redis-sample.ts';
import { type RedisServer, startRedis } from '../harness/redis-server.ts';
import { redisFunctions, redisState } from '../harness/redis-state.ts';
import { dump, encoding, load, move } from './redis-harness.ts';
import { collect, oneChunk, quietContext, unruled, writeUnitOf } from './transfer.ts';

/* The promises of the engine contract that do not speak of SQL, and those of engines whose rows have keys. */

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;
const keyCount = 3000;
const context = quietContext();
const engine = redisEngine;

describe('engine Redis', () => {
  let source: RedisServer;
  let target: RedisServer;
  const stack = new AsyncDisposableStack();

  before(async () => {
    [source, target] = [
      stack.use(await startRedis()),
      stack.use(await startRedis({ version: 'valkey-8.1' })),
    ];
    await using client = await source.connect();
    await client.pipeline([
      ...Array.from({ length: keyCount }, (_, at) => [
        'SET',
        `user:${at}`,
        noise(100, at),
        ...(at % 3 === 0 ? ['EX', 100_000] : []),
      ]),
      ['HSET', 'settings', 'a', 1],
      ['SELECT', 2],
      ...Array.from({ length: 40 }, (_, at) => ['RPUSH', `queue:${at}`, at]),
      ['FUNCTION', 'LOAD', functionLibrary('shop')],
    ]);
  });
  after(() => stack.disposeAsync());
  beforeEach(async () => {
    await target.call('FLUSHALL');
    await target.call('FUNCTION', 'FLUSH');
  });

  const openTarget = async (jobId = 'job') => {
    const session = await engine.openTarget(engine.parseUrl(target.url()), context);
    await session.begin(jobId, 2, context);
    return session;
  };
  /** The unit of the logical database 0, key by key, so that it is a whole. */
  const readWhole = async () => {
    const read = await dump(`${source.url()}?snapshot=scan`, { schemas: ['db0'], unitBytes: 1e9 });
    assert.equal(read.units.length, 1);
    const [{ unit, bytes, summary }] = read.units as [(typeof read.units)[number]];
    return { bytes, write: writeUnitOf(unit, summary, encoding) };
  };
  const keysIn = async (database: number): Promise<number> => {
    await using client = await target.connect();
    await client.call('SELECT', database);
    return Number(await client.call('DBSIZE'));
  };

  it('says that it has rows with keys, files of its own, and the rest that goes with them', () => {
    const { capabilities } = engine;
    assert.equal(capabilities.keyedRows, true);
    assert.equal(capabilities.erase, true);
    assert.equal(capabilities.copy, false);
    assert.deepEqual(capabilities.ownFiles, { encoding, extension: 'rdb' });
    assert.equal(engine.examineFile !== undefined, true);
    assert.equal(engine.remap !== undefined, capabilities.remaps.length > 0);
  });

  it('classifies any error, and leaves AppErrors alone', () => {
    assert.ok(engine.classify(new Error('x'), 'test') instanceof AppError);
    assert.ok(engine.classify('x', 'test') instanceof AppError);
    const own = new AppError('aborted', { message: 'x' });
    assert.equal(engine.classify(own, 'test'), own);
  });

  it('finds nothing red in a healthy server, on either side', async () => {
    await using from = await engine.openSource(engine.parseUrl(source.url()), context);
    assert.match(from.serverVersion, /7\.0/);
    await using to = await engine.openTarget(engine.parseUrl(target.url()), context);
    assert.match(to.serverVersion, /8\.1/);
    for (const findings of [await from.preflight(context), await to.preflight(context)])
      assert.deepEqual(
        findings.filter(({ level }) => level === 'red'),
        [],
      );
  });

  it('shows a table of keys for each logical database that has any', async () => {
    await using session = await engine.openSource(engine.parseUrl(source.url()), context);
    await using snapshot = await session.begin(1, context);
    const { schemas, tables } = await snapshot.inspect(context);
    assert.deepEqual([...schemas].sort(), ['db0', 'db2']);
    assert.deepEqual(
      tables.map(({ schema, name, estimate }) => [schema, name, estimate.rows]),
      [
        ['db0', 'keys', keyCount + 1],
        ['db2', 'keys', 40],
      ],
    );
    assert.deepEqual(
      tables[0]?.columns.map(({ name }) => name),
      ['key', 'type', 'ttl', 'value'],
    );
  });

  for (const way of ['sync', 'scan'] as const) {
    it(`plans units that are plain JSON with unique ids, each table covered (${way})`, async () => {
      await using session = await engine.openSource(
        engine.parseUrl(`${source.url()}?snapshot=${way}`),
        context,
      );
      await using snapshot = await session.begin(2, context);
      const { tables } = await snapshot.inspect(context);
      const units = snapshot.plan(unruled(tables), 20_000);
      assert.deepEqual(JSON.parse(JSON.stringify(units)), units);
      assert.equal(new Set(units.map(({ id }) => id)).size, units.length);
      assert.deepEqual([...new Set(units.map(({ table }) => table.schema))].sort(), ['db0', 'db2']);
      assert.ok(units.every(({ stream }) => (stream !== undefined) === (way === 'sync')));
      assert.equal(snapshot.token !== null, way === 'scan');
      assert.equal(snapshot.consistency?.kind, way === 'scan' ? 'none' : 'snapshot');
    });
  }

  it('cuts many keys into units that hold each of them once, while tables grow and shrink', async () => {
    await using many = await startRedis();
    await many.call('EVAL', "for i = 1, 140000 do redis.call('SET', 'key:' .. i, i) end", 0);
    await using session = await engine.openSource(engine.parseUrl(`${many.url()}?snapshot=scan`), context);
    await using snapshot = await session.begin(2, context);
    const { tables } = await snapshot.inspect(context);
    const units = snapshot.plan(unruled(tables), 1_000_000);
    assert.ok(units.length > 1, `${units.length} units`);
    // The server's table of keys is made larger, then smaller, between the units.
    await using writing = await engine.openTarget(engine.parseUrl(target.url()), context);
    await writing.begin('job', 2, context);
    for (const [at, unit] of units.entries()) {
      const script = `for i = 1, 300000 do redis.call('${at % 2 === 0 ? 'SET' : 'DEL'}', 'more:' .. i, 1) end`;
      await many.call('EVAL', script, 0);
      const { bytes, summary } = await collect(snapshot, unit, encoding);
      const write = { ...writeUnitOf(unit, summary, encoding), existingRows: 'replace' as const };
      await writing.write(write, oneChunk(bytes), context);
    }
    await writing.forget('job', context);
    const script =
      "local n = 0; for i = 1, 140000 do n = n + redis.call('EXISTS', 'key:' .. i) end; return n";
    assert.equal(await target.call('EVAL', script, 0), 140_000);
  });

  it('gives a scan to others by its token', async () => {
    const url = `${source.url()}?snapshot=scan`;
    await using session = await engine.openSource(engine.parseUrl(url), context);
    await using snapshot = await session.begin(1, context);
    const { tables } = await snapshot.inspect(context);
    const units = snapshot.plan(unruled(tables), 1e9);
    await using other = await engine.openSource(engine.parseUrl(url), context);
    await using joined = await other.join(snapshot.token ?? '', 1, context);
    const queue = units.find(({ table }) => table.schema === 'db2');
    assert.ok(queue);
    assert.equal((await collect(joined, queue, encoding)).summary.rows, 40);
  });

  it('one instant over the replication protocol: what comes after the first byte is not in it', async () => {
    await using session = await engine.openSource(engine.parseUrl(source.url()), context);
    await using snapshot = await session.begin(1, context);
    const { tables } = await snapshot.inspect(context);
    let rows = 0;
    for (const unit of snapshot.plan(unruled(tables), 1e9)) {
      const reader = snapshot.read(unit, encoding, context);
      for await (const _ of reader.bytes) await source.call('SET', 'late', 1);
      rows += (await reader.summary).rows;
    }
    await source.call('DEL', 'late');
    assert.equal(rows, keyCount + 1 + 40);
  });

  it('writes a unit once: with the receipt there nothing is written, and the bytes are not read', async () => {
    const { bytes, write } = await readWhole();
    await using session = await openTarget();
    assert.deepEqual(await session.write(write, oneChunk(Buffer.from(bytes)), context), {
      rows: keyCount + 1,
      alreadyApplied: false,
    });
    const unread = (async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.reject(new Error('was read'));
    })();
    assert.deepEqual(await session.write(write, unread, context), {
      rows: keyCount + 1,
      alreadyApplied: true,
    });
    assert.deepEqual(await session.receipts(context), new Map([[write.key, keyCount + 1]]));
    await session.forget('job', context);
    await session.forget('job', context);
    assert.equal(await keysIn(0), keyCount + 1);
  });

  it('writes bytes that come in pieces of any size', async () => {
    const { bytes, write } = await readWhole();
    await using session = await openTarget();
    const pieces = (async function* () {
      for (let at = 0, size = 1; at < bytes.length; at += size, size = (size % 97) + 1)
        yield Buffer.from(bytes.subarray(at, at + size));
    })();
    await session.write(write, pieces, context);
    await session.forget('job', context);
    const [found, wanted] = [await redisState(target), await redisState(source)];
    assert.deepEqual(found.db0, wanted.db0);
  });

  it('refuses rows that are not as many as the manifest says', async () => {
    const { bytes, write } = await readWhole();
    await using session = await openTarget();
    for (const rows of [keyCount, keyCount + 2])
      await assert.rejects(
        session.write({ ...write, rows }, oneChunk(Buffer.from(bytes)), context),
        isCode('rows-differ'),
      );
    assert.equal((await session.receipts(context)).size, 0);
    await session.write(write, oneChunk(Buffer.from(bytes)), context);
  });

  it('fails with the error of the bytes, stops within a second when aborted, and can write again', async () => {
    const { bytes, write } = await readWhole();
    await using session = await openTarget();
    const reason = new AppError('dump-damaged', { message: 'bit flipped' });
    const failing = (async function* () {
      yield Buffer.from(bytes.subarray(0, bytes.length / 2));
      throw reason;
    })();
    await assert.rejects(session.write(write, failing, context), (error) => error === reason);
    const controller = new AbortController();
    const hanging = (async function* () {
      yield Buffer.from(bytes.subarray(0, bytes.length / 2));
      setTimeout(() => controller.abort(), 50);
      await new Promise<never>(() => {});
    })();
    await assert.rejects(session.write(write, hanging, quietContext(controller.signal)), isCode('aborted'));
    assert.equal((await session.receipts(context)).size, 0);
    assert.deepEqual(await session.write(write, oneChunk(Buffer.from(bytes)), context), {
      rows: keyCount + 1,
      alreadyApplied: false,
    });
    await session.forget('job', context);
    assert.equal(await keysIn(0), keyCount + 1);
  });

  it('lets keys that are there stay or give way', async () => {
    const read = await dump(source.url());
    for (const [existingRows, wanted] of [
      ['skip', 'mine'],
      ['replace', noise(100, 5).toString('latin1')],
    ] as const) {
      await target.call('FLUSHALL');
      await target.call('SET', 'user:5', 'mine');
      await target.call('SET', 'other', 'stays');
      assert.deepEqual(await load(read, target.url(), { existingRows }), []);
      assert.equal(((await target.call('GET', 'user:5')) as Buffer).toString('latin1'), wanted);
      assert.equal(await keysIn(0), keyCount + 2);
    }
  });

  it('empties what it is told to, and nothing else', async () => {
    await using client = await target.connect();
    await client.pipeline(
      [0, 1, 2].flatMap((database) => [
        ['SELECT', database],
        ['SET', 'old', database],
      ]),
    );
    await using session = await openTarget();
    const names = ['db0', 'db2', 'db7'].map((schema) => ({ schema, name: 'keys' }));
    const existing = await session.describeTables?.(names, context);
    assert.deepEqual(existing?.map(({ schema }) => schema).sort(), ['db0', 'db2']);
    const clear = [{ schema: 'db0', name: 'keys', how: 'truncate' as const }];
    await session.clearTables?.('clear', clear, context);
    assert.deepEqual([await keysIn(1), await keysIn(2)], [1, 1]);
    // With the receipt there, it is not done again.
    await target.call('SET', 'new', 1);
    await session.clearTables?.('clear', clear, context);
    assert.equal(await target.call('EXISTS', 'new'), 1);
    await session.forget('job', context);
    assert.equal(await keysIn(0), 1);
  });

  it('erases everything, functions too, once', async () => {
    await target.call('FUNCTION', 'LOAD', functionLibrary('old'));
    await target.call('SET', 'old', 1);
    await using session = await openTarget();
    await session.eraseAll?.('erase', context);
    assert.deepEqual(await redisFunctions(target), []);
    assert.equal(await target.call('EXISTS', 'old'), 0);
    await target.call('SET', 'new', 1);
    await session.eraseAll?.('erase', context);
    assert.equal(await target.call('EXISTS', 'new'), 1);
    await session.forget('job', context);
  });

  it('puts logical databases into others, and keys under other prefixes', async () => {
    const keyPrefixes = [
      { source: 'user:', target: 'customer:' },
      { source: 'user:1', target: 'first:' },
    ];
    await move(source.url(), target.url(), {
      schemaOf: (name) => (name === 'db0' ? 'db9' : name),
      keyPrefixes,
    });
    assert.deepEqual([await keysIn(0), await keysIn(2), await keysIn(9)], [0, 40, keyCount + 1]);
    await using client = await target.connect();
    await client.call('SELECT', 9);
    assert.deepEqual(await client.call('EXISTS', 'customer:2', 'first:7', 'settings', 'user:2'), 3);
    assert.deepEqual(await client.call('GET', 'first:7'), noise(100, 17));
  });

  it('says where a target holds other keys than it was given', async () => {
    const read = await dump(source.url());
    await using session = await openTarget();
    for (const { unit, bytes, summary } of read.units) {
      const write: WriteUnit = writeUnitOf(unit, summary, encoding);
      await session.write(write, oneChunk(Buffer.from(bytes)), context);
    }
    await target.call('DEL', 'user:1');
    const finished = read.units.map(({ unit, summary }) => ({ ...unit.table, rows: summary.rows }));
    const failures = await session.finish(finished, context);
    assert.deepEqual(
      failures.map(({ object }) => object.schema),
      ['db0'],
    );
    await session.forget('job', context);
  });

  for (const [where, wanted] of [
    ["key LIKE 'user:1_'", 10],
    ["key LIKE 'user:%' AND NOT key LIKE 'user:1%'", keyCount - 1111],
    ["type = 'hash' OR key = 'user:0'", 2],
    ['ttl IS NOT NULL', keyCount / 3],
    ['ttl > 200000000', 0],
  ] as const) {
    it(`reads the keys with ${where}`, async () => {
      const filter = await parseRowFilter(where, 'query');
      const rules: ReadRules = { filter, sample: null, masks: [], hashKey: '' };
      const read = await move(source.url(), target.url(), { rules, schemas: ['db0'] });
      assert.equal(
        read.units.reduce((sum, { summary }) => sum + summary.rows, 0),
        wanted,
      );
      assert.equal(await keysIn(0), wanted);
    });
  }

  it('draws the same sample again with the same seed', async () => {
    const rules: ReadRules = { filter: null, sample: { percent: 10, seed: 7 }, masks: [], hashKey: '' };
    const [first, second] = [await dump(source.url(), { rules }), await dump(source.url(), { rules })];
    const rows = first.units.reduce((sum, { summary }) => sum + summary.rows, 0);
    assert.ok(rows > keyCount / 20 && rows < keyCount / 5, `${rows} rows`);
    assert.deepEqual(
      second.units.map(({ summary }) => summary.rows),
      first.units.map(({ summary }) => summary.rows),
    );
  });

  it('keeps values and names of keys out of its log', async () => {
    const recorded = recordingContext();
    await target.call('SET', 'user:7', 'there');
    await move(source.url(), target.url(), { existingRows: 'skip', context: recorded });
    assert.doesNotMatch(JSON.stringify(recorded.lines), /user:7|shop_answer/);
  });
});
