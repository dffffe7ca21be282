import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';
import { AppError } from '../core/errors.ts';
import { createNetwork } from './create-network.ts';
import { type HttpRequest, type HttpResponse, sendRequest } from './http-request.ts';

const quiet = new AbortController().signal;
const network = createNetwork({ allow: ['127.0.0.1'] });

/** Requests to a server of its own, over one connection at a time. */
async function withServer(
  server: net.Server,
  work: (parts: {
    readonly send: (request: Partial<HttpRequest>, signal?: AbortSignal) => Promise<HttpResponse>;
    /** Connections that were made so far. */
    readonly connections: () => number;
    /** Connections that there are. */
    readonly open: () => number;
  }) => Promise<void>,
): Promise<void> {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  server.on('connection', (socket: net.Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}/x`);
  const agents = network.agents({ maxSockets: 1, ca: null });
  try {
    await work({
      send: (request, signal = quiet) =>
        sendRequest(agents, { method: 'GET', url, headers: {}, body: null, ...request }, signal),
      connections: () => connections,
      open: () => sockets.size,
    });
  } finally {
    agents.destroy();
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

/** A server that answers everything with these bytes, whatever is asked, and then does `after`. */
const saying = (text: string, after: (socket: net.Socket) => void = () => undefined): net.Server =>
  net.createServer((socket) => {
    socket.once('data', () => socket.write(text, () => after(socket)));
  });

const http = (listener: RequestListener): net.Server => createServer(listener);

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* chunksOf(count: number, bytes: number, seen?: { given: number }): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count; n += 1) {
    if (seen !== undefined) seen.given += 1;
    yield new Uint8Array(bytes).fill(n);
  }
}

/** Resolves when `isSo`; the test's own time limit ends what never is. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const unreachable = { code: 'storage-unreachable', temporary: true };

describe('sendRequest', { timeout: 30_000 }, () => {
  it('sends method, path, headers and body, and gives status, headers and body', () =>
    withServer(
      http((request, answer) => {
        answer.writeHead(201, { 'x-method': request.method ?? '', 'x-a': request.headers['x-a'] ?? '' });
        request.pipe(answer);
      }),
      async ({ send, connections }) => {
        for (const body of [Buffer.from('content'), chunksOf(1, 0), null]) {
          const response = await send({ method: 'PUT', headers: { 'x-a': 'b' }, body });
          assert.equal(response.status, 201);
          assert.equal(response.headers['x-method'], 'PUT');
          assert.equal(response.headers['x-a'], 'b');
          assert.equal(await readAll(response.body), body instanceof Buffer ? 'content' : '');
        }
        assert.equal(connections(), 1);
      },
    ));

  it('sends an iterable with back-pressure, chunked or with its length, in constant memory', async () => {
    let length: string | undefined;
    let received = 0;
    await withServer(
      http((request, answer) => {
        length = request.headers['content-length'];
        received = 0;
        request.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
        request.on('end', () => answer.end());
      }),
      async ({ send }) => {
        const [count, bytes] = [1024, 1024 ** 2];
        const before = process.memoryUsage.rss();
        let most = 0;
        async function* watched(): AsyncGenerator<Uint8Array> {
          for await (const chunk of chunksOf(count, bytes)) {
            most = Math.max(most, process.memoryUsage.rss());
            yield chunk;
          }
        }
        (await send({ method: 'PUT', body: watched() })).discard();
        assert.equal(length, undefined);
        assert.equal(received, count * bytes);
        assert.ok(most - before < 200 * 1024 ** 2, `${Math.round((most - before) / 1024 ** 2)} MiB more`);
        const headers = { 'content-length': 3 * 70_000 };
        (await send({ method: 'PUT', headers, body: chunksOf(3, 70_000) })).discard();
        assert.equal(length, '210000');
        assert.equal(received, 210_000);
      },
    );
  });

  it('waits for a server that does not read', () =>
    withServer(
      http((request, answer) => {
        setTimeout(() => request.resume(), 300);
        request.on('end', () => answer.end());
      }),
      async ({ send }) => {
        const seen = { given: 0 };
        const sending = send({ method: 'PUT', body: chunksOf(500, 256 * 1024, seen) });
        await new Promise((resolve) => setTimeout(resolve, 200));
        assert.ok(seen.given < 500, 'everything was read at once');
        (await sending).discard();
      },
    ));

  it('resolves with an answer that comes before the body is sent, and sends no more', () =>
    withServer(
      http((_request, answer) => {
        answer.writeHead(403).end('No.');
      }),
      async ({ send }) => {
        const seen = { given: 0 };
        const response = await send({ method: 'PUT', body: chunksOf(1000, 1024 ** 2, seen) });
        assert.equal(response.status, 403);
        assert.equal(await response.text(), 'No.');
        assert.ok(seen.given < 1000, String(seen.given));
        const again = await send({});
        assert.equal(again.status, 403);
        again.discard();
      },
    ));

  it('a success that comes before the body is sent is none', () =>
    withServer(saying('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'), async ({ send }) => {
      async function* body(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(1000);
        await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      }
      await assert.rejects(send({ method: 'PUT', body: body() }), {
        code: 'storage-failed',
        temporary: true,
        message: /before it has all/,
      });
    }));

  it('an early answer is heard while the source has nothing to send', () =>
    withServer(
      http((_request, answer) => {
        answer.writeHead(507).end('Full.');
      }),
      async ({ send }) => {
        async function* stuck(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(10);
          await new Promise(() => undefined);
        }
        const response = await send({ method: 'PUT', body: stuck() });
        assert.equal(response.status, 507);
        response.discard();
      },
    ));

  it('asks first: a refused body is not sent, a wanted one is', async () => {
    const listener: RequestListener = (request, answer) => {
      request.resume();
      request.on('end', () => answer.writeHead(200).end());
    };
    const server = createServer(listener);
    server.on('checkContinue', (request, answer) => {
      if (request.method === 'POST') {
        answer.writeHead(403, { connection: 'close' }).end();
      } else {
        answer.writeContinue();
        listener(request, answer);
      }
    });
    await withServer(server, async ({ send }) => {
      const seen = { given: 0 };
      const refused = await send({ method: 'POST', body: chunksOf(3, 10, seen), asksFirst: true });
      assert.equal(refused.status, 403);
      assert.equal(seen.given, 0);
      refused.discard();
      const taken = await send({ method: 'PUT', body: chunksOf(3, 10, seen), asksFirst: true });
      assert.equal(taken.status, 200);
      assert.equal(seen.given, 3);
      taken.discard();
    });
  });

  it('throws what the source throws, and leaves no connection', () =>
    withServer(
      http((request) => request.resume()),
      async ({ send, open }) => {
        const error = new AppError('database-statement', { message: 'The table has gone.' });
        async function* failing(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(100_000);
          throw error;
        }
        await assert.rejects(send({ method: 'PUT', body: failing() }), error);
        await until(() => open() === 0);
      },
    ));

  it('an abort ends it in each of its moments, with the reason, and leaves no connection', async () => {
    const reason = new AppError('aborted', { message: 'Enough.' });
    const silent = http((request) => request.resume());
    await withServer(silent, async ({ send, open }) => {
      for (const moment of ['before', 'sending', 'waiting'] as const) {
        const stopping = new AbortController();
        if (moment === 'before') stopping.abort(reason);
        async function* body(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(10);
          if (moment === 'sending') setImmediate(() => stopping.abort(reason));
          await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
        }
        if (moment === 'waiting') setTimeout(() => stopping.abort(reason), 50);
        const request = moment === 'sending' ? { method: 'PUT', body: body() } : {};
        await assert.rejects(send(request, stopping.signal), reason, moment);
        await until(() => open() === 0);
      }
    });
    const half = http((_request, answer) => {
      answer.writeHead(200, { 'content-length': 1000 });
      answer.write('half');
    });
    await withServer(half, async ({ send, open }) => {
      const stopping = new AbortController();
      const response = await send({}, stopping.signal);
      const reading = (async () => {
        for await (const _ of response.body) stopping.abort(reason);
      })();
      await assert.rejects(reading, reason);
      await until(() => open() === 0);
    });
  });

  it('a body that is cut is an error, however it was announced', async () => {
    const heads = ['content-length: 1000\r\n\r\nshort', 'transfer-encoding: chunked\r\n\r\n5\r\nshort\r\n'];
    for (const head of heads) {
      for (const end of [
        (socket: net.Socket) => socket.end(),
        (socket: net.Socket) => socket.resetAndDestroy(),
      ]) {
        await withServer(saying(`HTTP/1.1 200 OK\r\n${head}`, end), async ({ send }) => {
          const response = await send({}).catch((error: unknown) => error);
          // A reset may overtake the head.
          if (response instanceof AppError) assert.equal(response.code, 'storage-unreachable');
          else await assert.rejects(readAll((response as HttpResponse).body), unreachable);
        });
      }
    }
  });

  it('a connection that ends before the answer is an error', async () => {
    for (const text of ['', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\ncontent-le']) {
      await withServer(
        saying(text, (socket) => socket.end()),
        async ({ send }) => {
          await assert.rejects(send({}), unreachable, text);
          await assert.rejects(send({ method: 'PUT', body: chunksOf(100, 100_000) }), unreachable, text);
        },
      );
    }
  });

  it('what is not HTTP is an error that lasts', () =>
    withServer(saying('SSH-2.0-OpenSSH_9.2\r\n'), async ({ send }) => {
      await assert.rejects(send({}), {
        code: 'storage-unreachable',
        temporary: false,
        message: /does not speak HTTP/,
      });
    }));

  it('a source that gives other bytes than announced is an error', () =>
    withServer(
      http((request, answer) => {
        request.resume();
        request.on('end', () => answer.end());
      }),
      async ({ send }) => {
        const stopping = new AbortController();
        const short = send(
          { method: 'PUT', headers: { 'content-length': 100 }, body: chunksOf(1, 10) },
          stopping.signal,
        );
        setTimeout(() => stopping.abort(new AppError('aborted', { message: 'Enough.' })), 200);
        await assert.rejects(short);
      },
    ));

  it('HEAD has no body, and its connection is used again', () =>
    withServer(
      http((_request, answer) => {
        answer.writeHead(200, { 'content-length': 123_456_789 }).end();
      }),
      async ({ send, connections }) => {
        for (let n = 0; n < 3; n += 1) {
          const response = await send({ method: 'HEAD' });
          assert.equal(response.headers['content-length'], '123456789');
          if (n === 1) assert.equal(await readAll(response.body), '');
          else response.discard();
        }
        assert.equal(connections(), 1);
      },
    ));

  it('redirects are handed out', () =>
    withServer(
      http((_request, answer) => {
        answer.writeHead(302, { location: 'http://169.254.169.254/' }).end();
      }),
      async ({ send }) => {
        const response = await send({});
        assert.equal(response.status, 302);
        assert.equal(response.headers.location, 'http://169.254.169.254/');
        response.discard();
      },
    ));

  it('a short rest is read for the next request, a long one is cut off', () =>
    withServer(
      http((request, answer) => answer.end(Buffer.alloc(request.method === 'GET' ? 1000 : 50_000_000))),
      async ({ send, connections, open }) => {
        for (let n = 0; n < 3; n += 1) (await send({})).discard();
        assert.equal(connections(), 1);
        const long = await send({ method: 'POST' });
        long.discard();
        await until(() => open() === 0);
        (await send({})).discard();
        assert.equal(connections(), 2);
      },
    ));

  it('a request that is aborted at the very end of its answer ends nothing else', () =>
    withServer(
      http((_request, answer) => answer.end('no dump')),
      async ({ send }) => {
        for (let n = 0; n < 5; n += 1) {
          const reader = new AbortController();
          const { body } = await send({}, reader.signal);
          // A thrown error would be the process's last: the socket waits for its next request already.
          for await (const _ of body) reader.abort(new AppError('aborted', { message: 'It was no dump.' }));
        }
        assert.equal((await send({})).status, 200);
      },
    ));

  it('the text of an answer is cut where it is too long', () =>
    withServer(
      http((_request, answer) => answer.end('x'.repeat(1_000_000))),
      async ({ send }) => {
        assert.equal((await (await send({})).text()).length, 64 * 1024);
        assert.equal(await (await send({})).text(10), 'x'.repeat(10));
      },
    ));
});
