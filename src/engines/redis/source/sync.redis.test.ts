import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fillWithEverything } from '../../../../test/harness/redis-sample.ts';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import { openRedis } from '../../../../test/harness/redis-source.ts';
import { redisFunctions, redisState } from '../../../../test/harness/redis-state.ts';
import { startTcpProxy } from '../../../../test/harness/tcp-proxy.ts';
import { withFolder } from '../../../../test/harness/with-folder.ts';
import type { AppError } from '../../../core/errors.ts';
import { createSharedLimits } from './shared-limits.ts';

const code = (error: unknown): string => (error as AppError).code;

describe('a snapshot over the replication protocol', () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis({ password: 'word', tls: true });
    await fillWithEverything(server);
  });
  after(() => server[Symbol.asyncDispose]());

  for (const diskless of ['yes', 'no']) {
    it(`is a file that a server loads, repl-diskless-sync ${diskless}`, async () => {
      await server.call('CONFIG', 'SET', 'repl-diskless-sync', diskless);
      await using source = await openRedis(server.url());
      const { snapshot, context } = source;
      const tables = await source.tables();
      const units = snapshot.plan(tables, 1000);
      assert.equal(snapshot.token, null);
      assert.equal(snapshot.consistency?.kind, 'snapshot');
      assert.deepEqual(await snapshot.ddl({ mode: 'full', schemas: [], tables: [] }, context), []);
      const pieces: Buffer[] = [];
      for (const [index, unit] of units.entries()) {
        const { bytes, summary } = await source.read(unit);
        pieces.push(bytes);
        assert.equal(unit.stream, 'shard-1');
        assert.deepEqual(summary, { rows: tables[index]?.estimate.rows, variant: 'REDIS0010' });
        assert.equal(bytes.toString('latin1', 0, 5) === 'REDIS', index === 0);
      }
      assert.equal(
        context.lines.some(({ message }) => message.includes('its dump file there was replaced')),
        diskless === 'no',
      );
      await withFolder(async (folder) => {
        const file = path.join(folder, 'all.rdb');
        writeFileSync(file, Buffer.concat(pieces));
        await using copy = await startRedis({ rdb: file });
        assert.deepEqual(await redisState(copy), await redisState(server));
        assert.deepEqual(await redisFunctions(copy), await redisFunctions(server));
      });
    });
  }

  it('is taken over TLS, and through the Unix socket', async () => {
    await withFolder(async (folder) => {
      const ca = path.join(folder, 'ca.pem');
      writeFileSync(ca, server.certificate as string);
      const urls = [
        `rediss://:word@127.0.0.1:${server.tlsPort}?tls_ca=${encodeURIComponent(ca)}`,
        `redis+unix://:word@${server.socket}`,
      ];
      const found = await Promise.all(
        urls.map(async (url) => {
          await using source = await openRedis(url);
          const units = source.snapshot.plan(await source.tables(), 1000);
          const rows: number[] = [];
          for (const unit of units) rows.push((await source.read(unit)).summary.rows);
          return rows;
        }),
      );
      assert.deepEqual(found[0], found[1]);
    });
  });

  it('is refused without the certificate, the password, and from nobody', async () => {
    await assert.rejects(
      openRedis(`rediss://:word@127.0.0.1:${server.tlsPort}`),
      /TLS with the database server/,
    );
    await assert.rejects(openRedis(`redis://127.0.0.1:${server.port}`), { code: 'database-refused' });
    await assert.rejects(openRedis(`redis://:no@127.0.0.1:${server.port}`), { code: 'database-refused' });
    await assert.rejects(openRedis('redis://127.0.0.1:1'), { code: 'database-unreachable' });
  });

  it('can be begun again, and its later pieces only follow', async () => {
    await using source = await openRedis(server.url());
    const [first, second] = source.snapshot.plan(await source.tables(), 1000);
    assert.ok(first !== undefined && second !== undefined);
    await assert.rejects(source.read(second), { code: 'snapshot-lost' });
    await source.read(first);
    const again = await source.read(first);
    assert.ok(again.summary.rows > 0);
    await source.read(second);
    await assert.rejects(source.read(second), { code: 'snapshot-lost' });
  });

  it('is lost when it holds a logical database that was empty before', async () => {
    await using source = await openRedis(server.url());
    const units = source.snapshot.plan(await source.tables(), 1000);
    await using client = await server.connect();
    await client.call('SELECT', 11);
    await client.call('SET', 'new', 1);
    try {
      const readAll = async (): Promise<void> => {
        for (const unit of units) await source.read(unit);
      };
      await assert.rejects(readAll(), { code: 'snapshot-lost', message: /db11/ });
    } finally {
      await client.call('FLUSHDB');
    }
  });

  it('needs no more rights than the guide says', async () => {
    await server.call(
      'ACL',
      'SETUSER',
      'least',
      'reset',
      'on',
      '>pw',
      '-@all',
      '+psync',
      '+sync',
      '+replconf',
      '+info',
    );
    const url = `redis://least:pw@127.0.0.1:${server.port}`;
    await using source = await openRedis(url);
    const units = source.snapshot.plan(await source.tables(), 1000);
    assert.equal(source.snapshot.token, null);
    for (const unit of units) await source.read(unit);
    const levels = (await source.session.preflight(source.context)).map(({ check, level }) => [check, level]);
    assert.ok(levels.some(([check, level]) => check === 'privilege' && level === 'amber'));
  });

  it('gives way to reading key by key where SYNC is refused, unless the URL says otherwise', async () => {
    await server.call(
      'ACL',
      'SETUSER',
      'dull',
      'reset',
      'on',
      '>pw',
      '~*',
      '+@all',
      '-@dangerous',
      '+info',
      '+keys',
    );
    const url = `redis://dull:pw@127.0.0.1:${server.port}`;
    await using source = await openRedis(url);
    source.snapshot.plan(await source.tables(), 1000);
    assert.equal(source.snapshot.token, 'scan');
    assert.match(source.context.complaints().join(), /gives no snapshot .* NOPERM|keys are read one by one/);
    await assert.rejects(openRedis(`${url}?snapshot=sync`), { code: 'database-privilege' });
    const findings = await source.session.preflight(source.context);
    const snapshot = findings.find(({ check }) => check === 'snapshot');
    assert.equal(snapshot?.level, 'amber');
    assert.match(snapshot?.remedy ?? '', /\+psync \+sync \+replconf/);
  });

  it('is not had from a server whose SYNC has another name', async () => {
    await using renamed = await startRedis({ settings: { 'rename-command': 'SYNC ""' } });
    await renamed.call('SET', 'key', 1);
    await using source = await openRedis(renamed.url());
    const [unit] = source.snapshot.plan(await source.tables(), 1000);
    assert.equal(source.snapshot.token, 'scan');
    assert.equal((await source.read(unit as NonNullable<typeof unit>)).summary.rows, 1);
    await assert.rejects(openRedis(`${renamed.url()}?snapshot=sync`), { code: 'unsupported' });
  });

  it('is preceded by a look at what it will do to the server', async () => {
    await using other = await startRedis({ settings: { 'repl-diskless-sync': 'no' } });
    await using source = await openRedis(other.url());
    const findings = await source.session.preflight(source.context);
    assert.deepEqual(
      findings.map(({ level, check }) => `${check} ${level}`),
      ['version green', 'snapshot green', 'dump-file amber', 'privilege green', 'memory green'],
    );
  });

  it('is one of four at a time from one host', async () => {
    const limits = createSharedLimits();
    const sources = await Promise.all(Array.from({ length: 5 }, () => openRedis(server.url(), limits)));
    try {
      const readers = await Promise.all(
        sources.map(async ({ snapshot, tables, context }) => {
          const [unit] = snapshot.plan(await tables(), 1000);
          return snapshot
            .read(unit as NonNullable<typeof unit>, 'rdb', context)
            .bytes[Symbol.asyncIterator]();
        }),
      );
      const asked = (): number =>
        sources.filter(({ context }) => context.lines.some(({ message }) => message.startsWith('Waiting')))
          .length;
      const first = readers.slice(0, 4).map((reader) => reader.next());
      const fifth = (readers[4] as (typeof readers)[0]).next();
      await Promise.all(first);
      assert.equal(asked(), 4);
      await readers[0]?.return?.();
      await fifth;
      assert.equal(asked(), 5);
    } finally {
      for (const source of sources) await source[Symbol.asyncDispose]();
    }
  });

  it('of an empty server is a whole file too', async () => {
    await using empty = await startRedis();
    await using source = await openRedis(empty.url());
    const [unit, ...others] = source.snapshot.plan(await source.tables(), 1000);
    assert.deepEqual(others, []);
    const { bytes, summary } = await source.read(unit as NonNullable<typeof unit>);
    assert.equal(summary.rows, 0);
    assert.equal(bytes.toString('latin1', 0, 9), 'REDIS0010');
    assert.equal(bytes[bytes.length - 9], 0xff);
  });
});

describe('a snapshot that goes wrong', () => {
  /** A server whose snapshot is of 20 MB that do not compress, and takes a moment to send. */
  async function largeServer(settings: Readonly<Record<string, string | number>> = {}): Promise<RedisServer> {
    const server = await startRedis({ settings: { rdbcompression: 'no', ...settings } });
    await server.call('DEBUG', 'POPULATE', 2000, 'key', 10_000);
    return server;
  }

  it('fails when the server dies in the middle', async () => {
    await using server = await largeServer({ 'rdb-key-save-delay': 200 });
    await using source = await openRedis(server.url());
    const [unit] = source.snapshot.plan(await source.tables(), 1e9);
    const reader = source.snapshot.read(unit as NonNullable<typeof unit>, 'rdb', source.context);
    await assert.rejects(
      (async () => {
        let blocks = 0;
        for await (const _ of reader.bytes) {
          blocks += 1;
          if (blocks === 2) await server.kill();
        }
      })(),
      { code: 'database-unreachable', temporary: true },
    );
    await assert.rejects(reader.summary, { code: 'database-unreachable' });
  });

  it('fails when the stream just ends, without any error', async () => {
    await using server = await largeServer();
    await using proxy = await startTcpProxy(server.port);
    await using source = await openRedis(`redis://127.0.0.1:${proxy.port}`);
    const [unit] = source.snapshot.plan(await source.tables(), 1e9);
    proxy.cut({ direction: 'down', afterBytes: 10_000_000, how: 'close' });
    await assert.rejects(source.read(unit as NonNullable<typeof unit>), /before it was whole/);
    // And again from the beginning, when nothing is in the way.
    const { summary } = await source.read(unit as NonNullable<typeof unit>);
    assert.equal(summary.rows, 2000);
  });

  it('ends in a time-out when the line falls silent', async () => {
    await using server = await largeServer();
    await using proxy = await startTcpProxy(server.port);
    await using source = await openRedis(`redis://127.0.0.1:${proxy.port}?timeout=1`);
    const [unit] = source.snapshot.plan(await source.tables(), 1e9);
    proxy.cut({ direction: 'down', afterBytes: 10_000_000, how: 'silence' });
    await assert.rejects(source.read(unit as NonNullable<typeof unit>), { code: 'database-timeout' });
  });

  it('outlives a reader that stands still beyond repl-timeout', async () => {
    await using server = await largeServer({ 'repl-timeout': 1 });
    await using source = await openRedis(server.url());
    const [unit] = source.snapshot.plan(await source.tables(), 1e9);
    const reader = source.snapshot.read(unit as NonNullable<typeof unit>, 'rdb', source.context);
    let bytes = 0;
    for await (const block of reader.bytes) {
      if (bytes === 0) await sleep(2_500);
      bytes += block.byteLength;
    }
    assert.ok(bytes > 20_000_000);
    assert.equal((await reader.summary).rows, 2000);
  });

  it('names the slow side when there is no memory left to wait with', async () => {
    await using server = await largeServer({
      'repl-timeout': 1,
      'client-output-buffer-limit': 'replica 0 0 0',
    });
    await server.call('DEBUG', 'POPULATE', 20_000, 'more', 10_000);
    const none = {
      forks: () => ({ enter: async () => () => undefined }),
      spill: { take: () => false, give: () => undefined },
    };
    await using source = await openRedis(server.url(), none);
    const [unit] = source.snapshot.plan(await source.tables(), 1e9);
    const reader = source.snapshot.read(unit as NonNullable<typeof unit>, 'rdb', source.context);
    await assert.rejects(
      (async () => {
        let isFirst = true;
        for await (const _ of reader.bytes) {
          if (isFirst) while ((await server.info('rdb_bgsave_in_progress')) === '1') await sleep(100);
          isFirst = false;
        }
      })(),
      (error: unknown) => code(error) === 'database-timeout' && /storage side was slow/.test(String(error)),
    );
    assert.match(source.context.complaints().join(), /takes the snapshot of .* too slowly/);
  });

  it('ends at once with an abort, while it is waited for and while it is read', async () => {
    await using server = await largeServer({ 'repl-diskless-sync-delay': 60 });
    await using source = await openRedis(server.url());
    const [unit] = source.snapshot.plan(await source.tables(), 1e9);
    const waiting = source.read(unit as NonNullable<typeof unit>);
    await sleep(200);
    source.context.abort();
    await assert.rejects(waiting, { code: 'aborted' });

    await server.call('CONFIG', 'SET', 'repl-diskless-sync-delay', 0);
    await using another = await openRedis(server.url());
    const reader = another.snapshot.read(unit as NonNullable<typeof unit>, 'rdb', another.context);
    await assert.rejects(
      (async () => {
        for await (const _ of reader.bytes) another.context.abort();
      })(),
      { code: 'aborted' },
    );
  });
});
