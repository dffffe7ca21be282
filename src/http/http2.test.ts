import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import {
  aliceBasic,
  createServerFixture,
  fixtureApi,
  fixtureRoute,
} from '../../test/harness/http-fixture.ts';
import { makeSelfSignedCertificate } from '../../test/harness/self-signed-certificate.ts';

/** Node tells once in the life of a process. */
const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));

const certificate = makeSelfSignedCertificate();
const events = { 200: { description: 'Events.', schema: null, mediaType: 'text/event-stream' } };

function openServer() {
  const begun = Promise.withResolvers<AbortSignal>();
  const release = Promise.withResolvers<void>();
  const api = fixtureApi('harbour', '/v1', [
    fixtureRoute(
      '/who',
      async ({ caller, base: origin, headers }) => ({
        status: 200,
        body: { name: caller?.name ?? null, origin, host: headers.host, names: Object.keys(headers) },
      }),
      { access: 'authenticated' },
    ),
    fixtureRoute('/echo', async ({ body }) => ({ status: 200, body: { body } }), { method: 'POST' }),
    fixtureRoute('/guarded', async () => ({ status: 200, body: {} }), {
      method: 'POST',
      access: 'authenticated',
    }),
    fixtureRoute('/empty', async () => ({ status: 202, headers: { location: 'x' } }), {
      method: 'POST',
      operationId: 'empty',
      responses: { 202: { description: 'Accepted.', schema: null } },
    }),
    fixtureRoute('/slow', async ({ signal }) => {
      begun.resolve(signal);
      await release.promise;
      return { status: 200, body: { ok: true } };
    }),
    fixtureRoute(
      '/events',
      async ({ signal }) => ({
        status: 200,
        stream: (async function* () {
          yield 'data: 1\n\n';
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        })(),
      }),
      { responses: events },
    ),
  ]);
  const fixture = createServerFixture(
    [api],
    { bodyLimit: 2048 },
    {
      http2: true,
      certificate: async () => certificate,
    },
  );
  return { ...fixture, begun: begun.promise, release: release.resolve };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  let text = '';
  for await (const piece of stream.setEncoding('utf8')) text += String(piece);
  return { status: Number(headers[':status']), headers, text };
}

function send(
  session: ClientHttp2Session,
  path: string,
  { method = 'GET', body, ...headers }: Readonly<Record<string, string>> = {},
): ClientHttp2Stream {
  const stream = session.request({ ':path': path, ':method': method, ...headers });
  stream.end(body);
  return stream;
}

const json = { 'content-type': 'application/json' };

async function open(url: string): Promise<ClientHttp2Session> {
  const session = connect(url, { ca: certificate.certificate });
  await once(session, 'connect');
  return session;
}

describe('HTTP/2 beside HTTP/1.1 on one port', () => {
  const stage = openServer();
  let url = '';
  before(async () => {
    ({ url } = await stage.server.listen('127.0.0.1', 0));
  });
  after(() => stage.server.close(0));

  it('serves requests of both, with the same answers', async () => {
    const session = await open(url);
    const answer = await answerOf(send(session, '/v1/who', { authorization: aliceBasic }));
    const { name, origin, host, names } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, name, origin, host], [200, 'alice', url, new URL(url).host]);
    assert.deepEqual(
      names.filter((each: string) => each.startsWith(':')),
      [],
    );
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    const echoed = await answerOf(send(session, '/v1/echo', { method: 'POST', ...json, body: '{"a":1}' }));
    assert.deepEqual(JSON.parse(echoed.text), { body: { a: 1 } });
    const empty = await answerOf(send(session, '/v1/empty', { method: 'POST' }));
    assert.deepEqual([empty.status, empty.headers.location, empty.text], [202, 'x', '']);
    const several = await Promise.all(
      ['/v1/none', '/healthz', '/v1/who'].map((path) => answerOf(send(session, path))),
    );
    assert.deepEqual(
      several.map(({ status }) => status),
      [404, 200, 401],
    );
    session.close();

    const old = request(`${url}/v1/who`, {
      ca: certificate.certificate,
      agent: false,
      headers: { authorization: aliceBasic },
    });
    old.end();
    const [response] = await once(old, 'response');
    assert.deepEqual([response.statusCode, response.httpVersion], [200, '1.1']);
    response.resume();
  });

  it('goes on with a session after bodies that nobody read', async () => {
    const session = await open(url);
    const body = JSON.stringify('a'.repeat(300_000));
    for (let round = 0; round < 3; round += 1) {
      const refused = await answerOf(send(session, '/v1/guarded', { method: 'POST', ...json, body }));
      assert.equal(refused.status, 401);
      const large = await answerOf(send(session, '/v1/echo', { method: 'POST', ...json, body }));
      assert.equal(large.status, 413);
      const echoed = await answerOf(send(session, '/v1/echo', { method: 'POST', ...json, body: '[]' }));
      assert.deepEqual(JSON.parse(echoed.text), { body: [] });
    }
    session.close();
    await once(session, 'close');
  });

  it('refuses a body that is too large, and the session goes on', async () => {
    const session = await open(url);
    const large = await answerOf(
      send(session, '/v1/echo', { method: 'POST', ...json, body: JSON.stringify('a'.repeat(5000)) }),
    );
    assert.equal(large.status, 413);
    const malformed = await answerOf(send(session, '/v1/echo', { method: 'POST', ...json, body: '{' }));
    assert.equal(malformed.status, 400);
    assert.equal((await answerOf(send(session, '/healthz'))).status, 200);
    session.close();
    await once(session, 'close');
    assert.deepEqual(warnings, [], 'no header of HTTP/1.1 was tried');
  });

  it('ends the work of a request when its client goes away', async () => {
    const session = await open(url);
    const stream = session.request({ ':path': '/v1/slow' });
    stream.on('error', () => undefined);
    const signal = await stage.begun;
    stream.close(constants.NGHTTP2_CANCEL);
    if (!signal.aborted) await once(signal, 'abort');
    stage.release();
    session.close();
  });
});

describe('closing a server with HTTP/2 sessions', () => {
  it('ends event streams and idle sessions at once, and lets other requests finish', async () => {
    const stage = openServer();
    const { url } = await stage.server.listen('127.0.0.1', 0);
    const [idle, busy] = [await open(url), await open(url)];
    const gone = once(idle, 'close');
    const slow = answerOf(send(busy, '/v1/slow'));
    const quiet = send(busy, '/v1/events');
    const [headers] = (await once(quiet, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 200);
    const told = quiet.setEncoding('utf8').reduce((text: string, piece: string) => text + piece, '');
    await stage.begun;
    const closed = stage.server.close(60_000);
    await gone;
    assert.equal(await told, 'data: 1\n\n');
    stage.release();
    assert.deepEqual(JSON.parse((await slow).text), { ok: true });
    await closed;
  });

  it('breaks off what does not finish in time', async () => {
    const stage = openServer();
    const { url } = await stage.server.listen('127.0.0.1', 0);
    const session = await open(url);
    session.on('error', () => undefined);
    const stream = send(session, '/v1/slow');
    stream.on('error', () => undefined);
    const signal = await stage.begun;
    const gone = once(session, 'close');
    // Its answer is never read, so that the client does not end the session by itself.
    const unread = await open(url);
    unread.on('error', () => undefined);
    await once(
      send(unread, '/healthz').on('error', () => undefined),
      'response',
    );
    await stage.server.close(0);
    await gone;
    assert.ok(signal.aborted);
    stage.release();
  });
});
