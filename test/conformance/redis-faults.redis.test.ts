import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../src/core/errors.ts';
import type { Snapshot } from '../../src/engines/engine.ts';
import { redisEngine } from '../../src/engines/redis/engine.ts';
import { createRandom } from '../harness/random.ts';
import { everyType, noise } from '../harness/redis-sample.ts';
import { type RedisServer, startRedis } from '../harness/redis-server.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { dump, encoding, fileOf } from './redis-harness.ts';
import { oneChunk, quietContext, unruled } from './transfer.ts';

const engine = redisEngine;
const random = createRandom();
console.log(`redis faults: seed ${random.seed}`);

/** Reads everything over one snapshot; `each` is awaited for every chunk. */
async function readAll(
  url: string,
  each: (bytes: number, snapshot: Snapshot) => Promise<void>,
  signal?: AbortSignal,
): Promise<number> {
  const context = quietContext(signal);
  await using session = await engine.openSource(engine.parseUrl(url), context);
  await using snapshot = await session.begin(1, context);
  const { tables } = await snapshot.inspect(context);
  let total = 0;
  for (const unit of snapshot.plan(unruled(tables), 1e9)) {
    const reader = snapshot.read(unit, encoding, context);
    // What goes wrong shows in the bytes; this promise only must not be left alone.
    reader.summary.catch(() => undefined);
    for await (const chunk of reader.bytes) {
      total += chunk.length;
      await each(total, snapshot);
    }
    await reader.summary;
  }
  return total;
}

/** A server between, which turns one bit over: at `after` bytes of a connection that brings so many. */
async function startBitFlipper(port: number, after: number) {
  let hasFlipped = false;
  const server = net.createServer((client) => {
    const upstream = net.connect(port, '127.0.0.1');
    let passed = 0;
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.pipe(upstream);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.on('data', (chunk: Buffer) => {
      if (!hasFlipped && passed + chunk.length > after) {
        chunk[after - passed] = (chunk[after - passed] ?? 0) ^ 0x08;
        hasFlipped = true;
      }
      passed += chunk.length;
      client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    hasFlipped: () => hasFlipped,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

const isAppError = (error: unknown): boolean => error instanceof AppError;

describe('faults of a snapshot', () => {
  let source: RedisServer;
  const megabytes = 24;
  before(async () => {
    source = await startRedis({ settings: { 'repl-timeout': 2 } });
    await using client = await source.connect();
    for (let at = 0; at < megabytes; at += 1) await client.call('SET', `big:${at}`, noise(1024 ** 2, at));
  });
  after(() => source?.[Symbol.asyncDispose]());

  it('a reader that stalls for longer than the server waits loses nothing', async () => {
    let stalled = false;
    const total = await readAll(source.url(), async () => {
      if (stalled) return;
      stalled = true;
      await sleep(5000);
    });
    assert.ok(total > megabytes * 1024 ** 2);
    assert.doesNotMatch(source.log(), /Disconnecting timedout replica/);
  });

  it('an abort ends it within a second, and the server is free of it', async () => {
    const controller = new AbortController();
    await assert.rejects(
      readAll(source.url(), async () => controller.abort(), controller.signal),
      (error) => error instanceof AppError && error.kind === 'aborted',
    );
    while ((await source.info('connected_slaves')) !== '0') await sleep(20);
  });

  it('a stream that is cut is never taken for whole, wherever it is cut', async () => {
    await using proxy = await startTcpProxy(source.port);
    for (const how of ['close', 'reset'] as const) {
      proxy.cut({ direction: 'down', afterBytes: random.between(1000, megabytes * 1024 ** 2), how });
      await assert.rejects(
        readAll(`redis://127.0.0.1:${proxy.port}`, async () => undefined),
        isAppError,
      );
      await proxy.mend();
    }
  });

  it('a bit that turns over on its way is noticed', async () => {
    await using place = await startBitFlipper(source.port, random.between(1000, megabytes * 1024 ** 2));
    await assert.rejects(
      readAll(`redis://127.0.0.1:${place.port}`, async () => undefined),
      isAppError,
    );
    assert.equal(place.hasFlipped(), true);
  });

  it('a server that is killed in mid-snapshot is said to be gone, so that the job can begin again', async () => {
    await using victim = await startRedis();
    await using client = await victim.connect();
    for (let at = 0; at < megabytes; at += 1) await client.call('SET', `big:${at}`, noise(1024 ** 2, at));
    let killed = false;
    await assert.rejects(
      readAll(victim.url(), async () => {
        if (killed) return;
        killed = true;
        await victim.kill();
      }),
      (error) =>
        error instanceof AppError &&
        ['snapshot-lost', 'database-unreachable', 'connection-lost'].includes(error.code),
    );
  });
});

describe('damaged files', () => {
  let file: Buffer;
  let rows: number;
  before(async () => {
    await using source = await startRedis({ version: 'redis-8.0' });
    await using client = await source.connect();
    const isSmall = (command: readonly unknown[]) =>
      command.reduce<number>((sum, arg) => sum + String(arg).length, 0) < 2000;
    await client.pipeline([...everyType(true).filter(isSmall), ['SELECT', 4], ['SET', 'a', 1]]);
    const read = await dump(source.url());
    file = fileOf(read);
    rows = read.units.reduce((sum, { summary }) => sum + summary.rows, 0);
  });

  const examine = (bytes: Uint8Array) => {
    if (engine.examineFile === undefined) throw new Error('There is no examineFile.');
    return engine.examineFile(oneChunk(Buffer.from(bytes)), quietContext());
  };

  it('a whole one is told by its counts', async () => {
    const { tables, serverVersion } = await examine(file);
    assert.match(serverVersion, /^8\.0/);
    assert.equal(
      tables.reduce((sum, table) => sum + table.rows, 0),
      rows,
    );
  });

  it('one bit that is wrong, anywhere, is found', async () => {
    for (let run = 0; run < 400; run += 1) {
      const at = random.between(0, file.length - 1);
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.between(0, 7));
      await assert.rejects(
        examine(damaged),
        (error) =>
          error instanceof AppError && ['dump-damaged', 'dump-truncated', 'unsupported'].includes(error.code),
        `byte ${at}`,
      );
    }
  });

  it('an end that is missing, or bytes after it, are found', async () => {
    for (let run = 0; run < 200; run += 1) {
      const length = random.between(0, file.length - 1);
      await assert.rejects(examine(file.subarray(0, length)), isAppError, `${length} bytes`);
    }
    await assert.rejects(examine(Buffer.concat([file, Buffer.from('x')])), isAppError);
  });
});
