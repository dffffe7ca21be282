import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fillWithEverything } from '../../../../test/harness/redis-sample.ts';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import { everyKey, openRedis, type RedisSource } from '../../../../test/harness/redis-source.ts';
import { redisState } from '../../../../test/harness/redis-state.ts';
import { startTcpProxy } from '../../../../test/harness/tcp-proxy.ts';
import { withFolder } from '../../../../test/harness/with-folder.ts';
import type { ReadRules } from '../../../core/read-rules.ts';
import { parseRowFilter } from '../../../core/row-filter-parser.ts';
import type { Unit } from '../../engine.ts';
import { readRdb } from '../rdb/read-rdb.ts';

const filtered = async (where: string): Promise<ReadRules> => ({
  ...everyKey,
  filter: await parseRowFilter(where, 'query'),
  sample: null,
});

/** The keys of an RDB file, as latin-1 text. */
async function keysOf(file: Buffer): Promise<readonly string[]> {
  const keys: string[] = [];
  const entry = (each: { readonly key: Uint8Array }): void => {
    keys.push(Buffer.from(each.key).toString('latin1'));
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield file;
  }
  await readRdb(chunks(), { entry }, { fragment: null, signal: new AbortController().signal });
  return keys;
}

async function readAll(source: RedisSource, units: readonly Unit[]): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const unit of units) keys.push(...(await keysOf((await source.read(unit)).bytes)));
  return keys;
}

describe('reading key by key', () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis();
    await fillWithEverything(server);
  });
  after(() => server[Symbol.asyncDispose]());

  it('gives a key that expires at the end of time the last year that is known', async () => {
    await using own = await startRedis();
    await own.call('SET', 'forever', 'x');
    await own.call('PEXPIREAT', 'forever', '9223372036854775807');
    await using source = await openRedis(own.url());
    const [unit] = source.snapshot.plan(await source.tables(everyKey), 1e9);
    const { bytes } = await source.read(unit as Unit);
    const expiries: number[] = [];
    const entry = (each: { readonly expireAt: number }): void => void expiries.push(each.expireAt);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    await readRdb(chunks(), { entry }, { fragment: null, signal: new AbortController().signal });
    assert.deepEqual(expiries, [Number.MAX_SAFE_INTEGER]);
  });

  it('makes a file of each unit, which a server loads', async () => {
    await using source = await openRedis(server.url());
    const units = source.snapshot.plan(await source.tables(everyKey), 1e9);
    assert.equal(source.snapshot.token, 'scan');
    assert.equal(source.snapshot.consistency?.kind, 'none');
    const state = await redisState(server);
    assert.deepEqual(units.map(({ table }) => table.schema).sort(), Object.keys(state).sort());
    for (const unit of units) {
      const { bytes, summary } = await source.read(unit);
      const { schema } = unit.table;
      assert.equal(summary.variant, `REDIS0010/file/${schema.slice(2)}`);
      await withFolder(async (folder) => {
        const file = path.join(folder, 'unit.rdb');
        writeFileSync(file, bytes);
        await using copy = await startRedis({ rdb: file });
        assert.deepEqual(await redisState(copy), { [schema]: state[schema] });
        assert.equal(summary.rows, Object.keys(state[schema] ?? {}).length);
      });
    }
  });

  it('carries the functions as definitions', async () => {
    await using source = await openRedis(server.url());
    source.snapshot.plan(await source.tables(everyKey), 1e9);
    const objects = await source.snapshot.ddl({ mode: 'full', schemas: [], tables: [] }, source.context);
    assert.ok(objects.length > 0);
    for (const { type, schema, sql, name } of objects) {
      assert.deepEqual([type, schema], ['FUNCTION', null]);
      assert.match(sql, new RegExp(`name=${name}\\b`));
    }
  });

  it('can be joined by other processes', async () => {
    await using source = await openRedis(server.url());
    const [unit] = source.snapshot.plan(await source.tables(everyKey), 1e9);
    await using joined = await source.session.join('scan', 2, source.context);
    const reader = joined.read(unit as Unit, 'rdb', source.context);
    for await (const _ of reader.bytes);
    assert.ok((await reader.summary).rows > 0);
    await assert.rejects(source.session.join('other', 2, source.context), { code: 'snapshot-lost' });
  });

  const choices: readonly (readonly [
    where: string,
    test: (key: string, type: string, expires: boolean) => boolean,
  ])[] = [
    ["key LIKE 'string:%'", (key) => key.startsWith('string:')],
    ["key LIKE 'glob*?[%'", (key) => key.startsWith('glob*?[')],
    ["type = 'hash'", (_, type) => type === 'hash'],
    [
      "type IN ('list', 'set') AND ttl IS NULL",
      (_, type, expires) => ['list', 'set'].includes(type) && !expires,
    ],
    ['ttl > 1000', (_, __, expires) => expires],
    ["key LIKE 'l%' OR type = 'zset'", (key, type) => key.startsWith('l') || type === 'zset'],
    ["key = 'no such key'", () => false],
  ];
  for (const [where, test] of choices) {
    it(`chooses by ${where}`, async () => {
      await using source = await openRedis(server.url(0));
      const units = source.snapshot.plan(await source.tables(await filtered(where)), 1e9);
      const found = await readAll(source, units);
      const state = Object.entries((await redisState(server)).db0 ?? {});
      const expected = state.filter(([key, { type, expiresAt }]) => test(key, type, expiresAt >= 0));
      assert.deepEqual([...found].sort(), expected.map(([key]) => key).sort());
    });
  }

  it('needs no more rights than the guide says', async () => {
    await server.call(
      'ACL',
      'SETUSER',
      'reader',
      'reset',
      'on',
      '>pw',
      '~*',
      '-@all',
      '+scan',
      '+dump',
      '+pttl',
      '+select',
      '+info',
    );
    await using source = await openRedis(`redis://reader:pw@127.0.0.1:${server.port}`);
    const units = source.snapshot.plan(await source.tables(), 1e9);
    const now = Date.now();
    for (const unit of units) {
      const { bytes, summary } = await source.read(unit);
      assert.ok(bytes.length > 0 && summary.rows > 0);
    }
    assert.ok(Date.now() >= now);
    assert.match(source.context.complaints().join(), /keys are read one by one/);
  });

  it('says why when keys may not be read', async () => {
    await server.call(
      'ACL',
      'SETUSER',
      'blind',
      'reset',
      'on',
      '>pw',
      '~*',
      '-@all',
      '+info',
      '+select',
      '+scan',
    );
    await using source = await openRedis(`redis://blind:pw@127.0.0.1:${server.port}`);
    const [unit] = source.snapshot.plan(await source.tables(), 1e9);
    await assert.rejects(source.read(unit as Unit), { code: 'database-privilege' });
    const findings = await source.session.preflight(source.context);
    const red = findings.filter(({ level }) => level === 'red');
    assert.deepEqual(
      red.map(({ check }) => check),
      ['privilege'],
    );
    assert.match(red[0]?.remedy ?? '', /\+dump \+pttl/);
  });

  it('refuses to be whole where the URL demands one instant', async () => {
    await using source = await openRedis(`${server.url()}?snapshot=sync`);
    const tables = await source.tables(everyKey);
    assert.throws(() => source.snapshot.plan(tables, 1e9), { code: 'unsupported' });
  });
});

describe('reading many keys one by one', () => {
  let server: RedisServer;
  const keys = 40_000;
  before(async () => {
    server = await startRedis({ settings: { rdbcompression: 'no' } });
    await server.call('DEBUG', 'POPULATE', keys, 'key', 500);
  });
  after(() => server[Symbol.asyncDispose]());

  it('takes the same part of them with the same seed', async () => {
    const sample = async (seed: number): Promise<readonly string[]> => {
      await using source = await openRedis(server.url());
      const rules: ReadRules = { ...everyKey, sample: { percent: 5, seed } };
      return readAll(source, source.snapshot.plan(await source.tables(rules), 1e9));
    };
    const [one, same, other] = [await sample(1), await sample(1), await sample(2)];
    assert.deepEqual([...new Set(one)].sort(), [...new Set(same)].sort());
    assert.notDeepEqual([...new Set(one)].sort(), [...new Set(other)].sort());
    // Ten standard deviations either way.
    assert.ok(Math.abs(new Set(one).size - keys * 0.05) < 440, `${one.length} of ${keys}`);
  });

  it('ends at once with an abort, and with the connection', async () => {
    await using proxy = await startTcpProxy(server.port);
    await using source = await openRedis(`redis://127.0.0.1:${proxy.port}?timeout=1`);
    const [unit] = source.snapshot.plan(await source.tables(everyKey), 1e9);
    const whenHalfRead = async (then: () => void): Promise<void> => {
      for await (const _ of source.snapshot.read(unit as Unit, 'rdb', source.context).bytes) then();
    };
    await assert.rejects(
      whenHalfRead(() => proxy.reset()),
      { code: 'database-unreachable', temporary: true },
    );
    await proxy.mend();
    await assert.rejects(
      whenHalfRead(() => proxy.silence()),
      { code: 'database-timeout' },
    );
    await proxy.mend();
    await assert.rejects(
      whenHalfRead(() => source.context.abort()),
      { code: 'aborted' },
    );
  });
});
