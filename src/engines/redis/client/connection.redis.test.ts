import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import { startTcpProxy } from '../../../../test/harness/tcp-proxy.ts';
import { parseRedisUrl } from '../database-url.ts';
import { connect, type RedisConnection } from './connection.ts';
import { encodeCommand } from './encode-command.ts';
import { RedisError, type Reply, replyText } from './reply.ts';

const never = new AbortController().signal;

/** A server that answers the first command with OK, and then sends a byte after the other of an answer that never ends. */
async function startTrickle(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer((socket) => {
    let timer: NodeJS.Timeout | undefined;
    socket.on('error', () => undefined).on('close', () => clearInterval(timer));
    let asked = 0;
    socket.on('data', () => {
      asked += 1;
      if (asked === 1) socket.write('+OK\r\n');
      else {
        socket.write('$100000\r\n');
        timer = setInterval(() => socket.write('x'), 10);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a connection to a server', () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server[Symbol.asyncDispose]());

  const open = (options = '', port = server.port): Promise<RedisConnection> => {
    const target = parseRedisUrl(`redis://127.0.0.1:${port}${options}`);
    return connect(target, target.nodes[0] as NonNullable<(typeof target.nodes)[0]>, never);
  };

  it('answers calls, and keeps its database', async () => {
    await using connection = await open();
    await connection.call(['SET', 'key', Buffer.from([0, 255])]);
    assert.deepEqual(await connection.call(['GET', 'key']), new Uint8Array([0, 255]));
    await assert.rejects(connection.call(['NONSENSE']), RedisError);
    await connection.select(3);
    assert.equal(await connection.call(['GET', 'key']), null);
    assert.equal(replyText(await connection.call(['CLIENT', 'GETNAME'])), 'pumphouse');
    await assert.rejects(connection.select(999), /out of range/);
  });

  it('pipelines, with the replies in order and OKs counted', async () => {
    await using connection = await open();
    const seen: (number | Reply)[] = [];
    const { promise: isDone, resolve } = Promise.withResolvers<void>();
    connection.onReplies({
      ok: (count) => void seen.push(count),
      reply(reply) {
        seen.push(reply instanceof RedisError ? reply.code : reply);
        if (reply === 99) resolve();
      },
    });
    const commands = [
      ['SET', 'a', 1],
      ['SET', 'b', 1],
      ['INCRBY', 'a', 5],
      ['LPUSH', 'a', 'x'],
      ['SET', 'c', 98],
      ['INCR', 'c'],
    ];
    void connection.send(Buffer.concat(commands.map(encodeCommand)), commands.length);
    await isDone;
    assert.deepEqual(seen, [2, 6, 'WRONGTYPE', 1, 99]);
    assert.equal(await connection.call(['DEL', 'a', 'b', 'c']), 3);
  });

  it('waits until the server takes more', async () => {
    await using connection = await open();
    const { promise: isDone, resolve } = Promise.withResolvers<void>();
    let oks = 0;
    connection.onReplies({
      ok(count) {
        oks += count;
        if (oks === 3) resolve();
      },
      reply: () => assert.fail(),
    });
    // More than the sockets of both sides hold: however fast the server is, one write cannot be all gone at once.
    const bytes = encodeCommand(['SET', 'large', Buffer.alloc(20_000_000)]);
    let waits = 0;
    for (let each = 0; each < 3; each += 1) {
      const room = connection.send(bytes, 1);
      if (room !== null) waits += 1;
      await room;
    }
    await isDone;
    assert.ok(waits > 0);
  });

  it('ends with an abort of a call, which rejects at once', async () => {
    await using connection = await open();
    const abort = new AbortController();
    const call = connection.call(['BLPOP', 'nothing', 0], abort.signal);
    abort.abort();
    await assert.rejects(call, { code: 'aborted' });
    assert.equal(connection.closed.aborted, true);
    await assert.rejects(connection.call(['PING']), { code: 'aborted' });
  });

  it('ends when the server is silent, and not while nothing is due', async () => {
    await using proxy = await startTcpProxy(server.port);
    await using connection = await open('?timeout=1', proxy.port);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await connection.call(['PING']);
    proxy.silence();
    await assert.rejects(connection.call(['PING']), { code: 'database-timeout', message: /silent for 1 s/ });
  });

  it('ends when an answer never does, though some of it keeps coming', async () => {
    await using trickle = await startTrickle();
    const target = { ...parseRedisUrl(`redis://127.0.0.1:${trickle.port}`), silenceMs: 50 };
    await using connection = await connect(target, { host: '127.0.0.1', port: trickle.port }, never);
    await assert.rejects(connection.call(['PING']), {
      code: 'database-timeout',
      message: /has not ended an answer after 0\.5 s/,
    });
  });

  it('ends when the server does, with all that is due', async () => {
    await using proxy = await startTcpProxy(server.port);
    await using connection = await open('', proxy.port);
    const calls = [connection.call(['BLPOP', 'nothing', 0]), connection.call(['PING'])];
    proxy.reset();
    for (const call of calls) await assert.rejects(call, { code: 'database-unreachable' });
    assert.throws(() => connection.send(Buffer.alloc(0), 0), { code: 'database-unreachable' });
  });

  it('is not had from a server that does not answer', async () => {
    await using proxy = await startTcpProxy(server.port);
    proxy.silence();
    await assert.rejects(open('?connect_timeout=1', proxy.port), { code: 'database-timeout' });
  });

  it('is not had from a server that has too many', async () => {
    await using busy = await startRedis({ settings: { maxclients: 1 } });
    // The harness holds the one place.
    await busy.call('PING');
    await assert.rejects(open('', busy.port), { code: 'database-full', temporary: true });
  });

  it('gives its socket away', async () => {
    const connection = await open();
    await connection.call(['PING']);
    const socket = connection.detach();
    const answer = new Promise((resolve) => socket.once('data', resolve));
    socket.resume();
    socket.write('PING\r\n');
    assert.equal(String(await answer), '+PONG\r\n');
    socket.destroy();
  });
});
