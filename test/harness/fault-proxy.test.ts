import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { startFaultProxy } from './fault-proxy.ts';
import { startTcpProxy } from './tcp-proxy.ts';

/** A server that keeps what each connection brings, and says it back. */
async function startEcho() {
  const brought: Buffer[][] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    brought.push(chunks);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      socket.write(chunk);
    });
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    brought: () => brought.map((chunks) => Buffer.concat(chunks)),
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends `bytes` and reads until the end, however that comes. */
async function talk(
  port: number,
  bytes: Buffer,
  host = '127.0.0.1',
): Promise<{ back: Buffer; code: string }> {
  const socket = net.connect({ port, host, allowHalfOpen: true });
  const back: Buffer[] = [];
  let code = 'end';
  socket.on('data', (chunk: Buffer) => back.push(chunk));
  socket.on('error', (error) => {
    code = (error as NodeJS.ErrnoException).code ?? '';
  });
  socket.on('end', () => socket.end());
  socket.write(bytes);
  socket.end();
  await once(socket, 'close').catch(() => undefined);
  return { back: Buffer.concat(back), code };
}

const content = Buffer.alloc(1_000_003, 'pumphouse');

test('passes everything on, ends of either side too', async () => {
  await using echo = await startEcho();
  await using proxy = await startTcpProxy(echo.port);
  const { back, code } = await talk(proxy.port, content);
  assert.ok(back.equals(content));
  assert.equal(code, 'end');
  assert.equal(proxy.sent, content.length);
  assert.equal(proxy.received, content.length);
});

test('cuts at the byte: so many arrive, and then an end or a reset', async () => {
  for (const at of [0, 1, 65_536, 777_777]) {
    for (const how of ['close', 'reset'] as const) {
      await using echo = await startEcho();
      await using proxy = await startTcpProxy(echo.port);
      proxy.cut({ direction: 'up', afterBytes: at, how });
      const { code } = await talk(proxy.port, content);
      if (how === 'reset') assert.equal(code, 'ECONNRESET');
      else assert.match(code, /^(end|EPIPE|ECONNRESET)$/);
      // The server is in this process too, and may hear of it later than the client.
      if (how === 'close') while ((echo.brought()[0]?.length ?? -1) < at) await setImmediate();
      const arrived = echo.brought()[0] ?? Buffer.alloc(0);
      // A reset can overtake what was sent before it.
      assert.ok(how === 'close' ? arrived.length === at : arrived.length <= at, `${how} at ${at}`);
      assert.ok(arrived.equals(content.subarray(0, arrived.length)));
      const again = await talk(proxy.port, content);
      assert.ok(again.back.equals(content), 'a cut comes once');
    }
  }
});

test('cuts what comes from the server', async () => {
  await using echo = await startEcho();
  await using proxy = await startTcpProxy(echo.port);
  proxy.cut({ direction: 'down', afterBytes: 123_456, how: 'close' });
  const { back } = await talk(proxy.port, content);
  assert.ok(back.equals(content.subarray(0, 123_456)));
});

test('silence tells nobody, until it is mended', async () => {
  await using echo = await startEcho();
  await using proxy = await startTcpProxy(echo.port);
  proxy.cut({ direction: 'up', afterBytes: 10, how: 'silence' });
  const talking = talk(proxy.port, content);
  const later = talk(proxy.port, content);
  const waited = await Promise.race([talking, later, afterTicks()]);
  assert.equal(waited, 'nothing');
  assert.ok((echo.brought()[0]?.length ?? 0) <= 10);
  await proxy.mend();
  assert.ok((await talking).back.length <= 10);
  assert.equal((await later).back.length, 0);
  assert.ok((await talk(proxy.port, content)).back.equals(content));
});

test('a slow line becomes fast in the middle of a transfer', async () => {
  await using echo = await startEcho();
  await using proxy = await startTcpProxy(echo.port);
  proxy.limit(1024, 'both');
  const talking = talk(proxy.port, content);
  await afterTicks();
  assert.ok(proxy.sent < 10_000, String(proxy.sent));
  proxy.limit(null, 'both');
  assert.ok((await talking).back.equals(content));
});

test('stands before further ports under their own numbers', async () => {
  await using main = await startEcho();
  await using data = await startEcho();
  await using proxy = await startFaultProxy({ port: main.port, alsoPorts: [data.port], isHttp: false });
  proxy.line.cut({ direction: 'up', afterBytes: 1000, how: 'close' });
  await talk(data.port, content, proxy.line.host);
  assert.equal(data.brought()[0]?.length, 1000);
  assert.ok((await talk(proxy.line.port, content, proxy.line.host)).back.equals(content));
});

test('answers in the place of an HTTP server, so often and no more', async () => {
  const seen: string[] = [];
  const server = createServer((request, answer) => {
    seen.push(`${request.method} ${request.url}`);
    answer.setHeader('x-own', 'yes');
    request.pipe(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  {
    const { port } = server.address() as net.AddressInfo;
    await using proxy = await startFaultProxy({ port, isHttp: true });
    const ask = async (body: string) => {
      const url = `http://${proxy.line.host}:${proxy.line.port}/a%20b?c`;
      const answer = await fetch(url, { method: 'PUT', body });
      return [answer.status, answer.headers.get('x-own'), await answer.text()];
    };
    const refusal = {
      status: 503,
      contentType: 'text/plain',
      body: 'Slow down.',
      headers: { 'x-own': 'no' },
    };
    proxy.refuse(refusal, 2, 1);
    assert.deepEqual(await ask('one'), [200, 'yes', 'one']);
    assert.deepEqual(await ask('two'), [503, 'no', 'Slow down.']);
    assert.deepEqual(await ask('three'), [503, 'no', 'Slow down.']);
    assert.deepEqual(await ask('four'), [200, 'yes', 'four']);
    assert.equal(proxy.refused, 2);
    proxy.refuse(refusal, 1);
    await proxy.mend();
    assert.deepEqual(await ask('five'), [200, 'yes', 'five']);
    assert.deepEqual(seen, ['PUT /a%20b?c', 'PUT /a%20b?c', 'PUT /a%20b?c']);
  }
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Long enough for what is on its way to arrive. */
const afterTicks = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 300, 'nothing'));
