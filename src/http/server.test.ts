import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import Type from 'typebox';
import {
  aliceBasic,
  createServerFixture,
  fixtureApi,
  fixtureRoute,
  localBearer,
} from '../../test/harness/http-fixture.ts';
import { AppError } from '../core/errors.ts';

const ok = async () => ({ status: 200, body: { ok: true } });

const things = fixtureApi('things', '/things/v1', [
  fixtureRoute('/open', ok),
  fixtureRoute('/whoami', async ({ caller }) => ({ status: 200, body: { name: caller?.name } }), {
    access: 'authenticated',
  }),
  fixtureRoute('/items/:id', async ({ params }) => ({ status: 200, body: params })),
  fixtureRoute('/items/:id', async () => ({ status: 204 }), {
    method: 'DELETE',
    operationId: 'deleteItem',
    responses: { 204: { description: 'Gone.', schema: null } },
  }),
  fixtureRoute('/rest/*', async ({ params }) => ({ status: 200, body: params })),
  fixtureRoute('/slash/:key/', async ({ params }) => ({ status: 200, body: params })),
  fixtureRoute('/echo', async ({ body }) => ({ status: 200, body: { body: body ?? null } }), {
    method: 'POST',
  }),
  fixtureRoute('/origin', async ({ base, url }) => ({ status: 200, body: { base, url } })),
  fixtureRoute('/text', async () => ({ status: 200, body: 'plain' }), {
    responses: { 200: { description: 'Text.', schema: null, mediaType: 'text/plain' } },
  }),
  fixtureRoute('/tagged', async () => ({ status: 200, headers: { etag: '"one"' }, body: { tag: 1 } })),
  fixtureRoute('/lying', async () => ({ status: 200, body: { count: 'three' } }), {
    responses: { 200: { description: 'A count.', schema: Type.Object({ count: Type.Integer() }) } },
  }),
  fixtureRoute('/undeclared', async () => ({ status: 202, body: {} })),
  fixtureRoute('/broken', async () => {
    throw new Error('postgres://u:hunter2@db/');
  }),
  fixtureRoute('/refused', async () => {
    throw new AppError('forbidden', { message: 'No.' });
  }),
  fixtureRoute('/elsewhere', ok, { atRoot: true, operationId: 'elsewhere' }),
]);
const other = fixtureApi('other', '/other', [fixtureRoute('/open', ok)]);

const fixture = (options = {}) => createServerFixture([things, other], options);

test('credentials: Basic and Bearer are checked by the service, public routes need none', async () => {
  const { server } = fixture();
  const get = (authorization?: string) =>
    server.inject({
      url: '/things/v1/whoami',
      headers: authorization === undefined ? {} : { authorization },
    });
  assert.deepEqual((await get(aliceBasic)).json(), { name: 'alice' });
  assert.deepEqual((await get(localBearer)).json(), { name: 'local' });
  assert.equal((await server.inject('/things/v1/open')).statusCode, 200);
  for (const wrong of [undefined, 'Basic !!', 'Basic YWxpY2U=', 'Bearer nope', 'Digest x', 'Basic']) {
    const answer = await get(wrong);
    assert.equal(answer.statusCode, 401, wrong);
    assert.equal(answer.json().code, 'unauthenticated');
    assert.equal(answer.headers['www-authenticate'], 'Basic realm="things"');
  }
  await server.close(0);
});

test('nothing is parsed for callers without credentials', async () => {
  const guarded = fixtureApi('guarded', '/guarded', [
    fixtureRoute('/echo', ok, { method: 'POST', access: 'authenticated' }),
  ]);
  const { server } = createServerFixture([guarded]);
  const answer = await server.inject({
    method: 'POST',
    url: '/guarded/echo',
    headers: { 'content-type': 'application/json' },
    payload: '{',
  });
  assert.equal(answer.statusCode, 401);
  await server.close(0);
});

test('a change that a page of another site asks for is refused', async () => {
  const guarded = fixtureApi('guarded', '/guarded', [
    fixtureRoute('/stop', ok, { method: 'POST', access: 'authenticated' }),
  ]);
  const { server } = createServerFixture([guarded]);
  const from = (site: string) =>
    server.inject({
      method: 'POST',
      url: '/guarded/stop',
      headers: { authorization: aliceBasic, 'sec-fetch-site': site },
    });
  assert.equal((await from('cross-site')).statusCode, 403);
  assert.equal((await from('same-origin')).statusCode, 200);
  assert.equal((await from('none')).statusCode, 200);
  await server.close(0);
});

test('unknown addresses and methods are told by the API that owns the prefix', async () => {
  const { server } = fixture();
  const unknown = await server.inject('/things/v1/nothing?secret=1');
  assert.equal(unknown.statusCode, 404);
  assert.deepEqual([unknown.json().api, unknown.json().code], ['things', 'route-unknown']);
  assert.doesNotMatch(unknown.body, /secret/);
  assert.equal((await server.inject('/other/nothing')).json().api, 'other');
  assert.equal((await server.inject('/things/v1')).json().api, 'things');

  const neutral = await server.inject('/nothing');
  assert.equal(neutral.statusCode, 404);
  assert.deepEqual(Object.keys(neutral.json()), ['code', 'message', 'hint', 'request_id']);
  assert.equal((await server.inject('/othernothing')).json().api, undefined);

  const method = await server.inject({ method: 'PUT', url: '/things/v1/items/3' });
  assert.equal(method.statusCode, 405);
  assert.equal(method.headers.allow, 'GET, HEAD, DELETE');
  assert.deepEqual([method.json().api, method.json().code], ['things', 'method-not-allowed']);
  const options = await server.inject({ method: 'OPTIONS', url: '/things/v1/items/3' });
  assert.equal(options.statusCode, 204);
  assert.equal(options.headers.allow, 'GET, HEAD, DELETE');

  for (const url of ['/things/v1/items/%ZZ', '/things/v1/items/%ff']) {
    const malformed = await server.inject(url);
    assert.equal(malformed.statusCode, 400, url);
    assert.deepEqual([malformed.json().api, malformed.json().code], ['things', 'request-malformed']);
    assert.match(String(malformed.headers['request-id']), /^[\w-]{22}$/);
  }
  const empty = await server.inject('/things/v1/items/');
  assert.deepEqual([empty.statusCode, empty.json().code], [404, 'route-unknown']);
  const onSlash = await server.inject({ method: 'DELETE', url: '/things/v1/slash/A/' });
  assert.deepEqual([onSlash.statusCode, onSlash.headers.allow], [405, 'GET, HEAD']);
  const collection = await server.inject({ method: 'DELETE', url: '/things/v1/items/' });
  assert.equal(collection.statusCode, 404);
  assert.equal((await server.inject(`/things/v1/items/${'x'.repeat(5000)}`)).statusCode, 404);
  await server.close(0);
});

test('path parameters are decoded once, paths are exact, the wildcard takes slashes', async () => {
  const { server } = fixture();
  const params = async (url: string) => (await server.inject(url)).json();
  assert.deepEqual(await params('/things/v1/items/a%2Fb%2520c'), { id: 'a/b%20c' });
  assert.deepEqual(await params('/things/v1/items/%C3%A9,x'), { id: 'é,x' });
  assert.deepEqual(await params('/things/v1/rest/a/b%20c'), { '*': 'a/b c' });
  assert.deepEqual(await params('/things/v1/slash/A,B/'), { key: 'A,B' });
  assert.deepEqual(await params('/things/v1/slash/A%2CB/'), { key: 'A,B' });
  assert.equal((await server.inject('/things/v1/slash/A')).statusCode, 404);
  assert.equal((await server.inject('/things/v1/open/')).statusCode, 404);
  assert.equal((await server.inject('/elsewhere')).statusCode, 200);
  await server.close(0);
});

test('bodies: JSON only, malformed, too large, empty', async () => {
  const { server } = fixture({ bodyLimit: 100 });
  const post = (payload: string, type?: string) =>
    server.inject({
      method: 'POST',
      url: '/things/v1/echo',
      payload,
      headers: type === undefined ? {} : { 'content-type': type },
    });
  assert.deepEqual((await post('{"a":1}', 'application/json; charset=utf-8')).json(), { body: { a: 1 } });
  assert.deepEqual((await post('{"a":1}', 'application/merge-patch+json')).json(), { body: { a: 1 } });
  assert.deepEqual((await post('', 'application/json')).json(), { body: null });
  assert.deepEqual((await post('', 'application/x-www-form-urlencoded')).json(), { body: null });
  assert.deepEqual((await post('')).json(), { body: null });

  const cases = [
    [await post('{"a":', 'application/json'), 400, 'request-malformed'],
    [await post('{"__proto__":{"x":1}}', 'application/json'), 400, 'request-malformed'],
    [await post('a=1', 'application/x-www-form-urlencoded'), 415, 'media-type-unsupported'],
    [await post('x', 'text/plain'), 415, 'media-type-unsupported'],
    [await post('{}', 'application/jsonp'), 415, 'media-type-unsupported'],
    [await post(`"${'x'.repeat(200)}"`, 'application/json'), 413, 'body-too-large'],
  ] as const;
  for (const [answer, status, code] of cases) {
    assert.equal(answer.statusCode, status, answer.body);
    assert.deepEqual([answer.json().api, answer.json().code], ['things', code]);
  }
  await server.close(0);
});

test('Accept: 406 where no offered type fits', async () => {
  const { server } = fixture();
  const status = async (url: string, accept: string) =>
    (await server.inject({ url, headers: { accept } })).statusCode;
  assert.equal(await status('/things/v1/open', 'application/json'), 200);
  assert.equal(await status('/things/v1/open', 'text/html, */*;q=0.1'), 200);
  assert.equal(await status('/things/v1/open', 'text/html'), 406);
  assert.equal(await status('/things/v1/text', 'text/*'), 200);
  assert.equal(await status('/things/v1/text', 'application/json'), 406);
  await server.close(0);
});

test('conditional requests against a strong ETag', async () => {
  const { server } = fixture();
  const get = (headers: Record<string, string>) => server.inject({ url: '/things/v1/tagged', headers });
  const full = await get({});
  assert.equal(full.statusCode, 200);
  assert.equal(full.headers['cache-control'], 'private, no-cache');
  for (const tags of ['"one"', 'W/"one"', '"zero", W/"one"', '*']) {
    const answer = await get({ 'if-none-match': tags });
    assert.equal(answer.statusCode, 304, tags);
    assert.equal(answer.headers.etag, '"one"');
    assert.equal(answer.body, '');
  }
  assert.equal((await get({ 'if-none-match': '"two"' })).statusCode, 200);
  assert.equal((await get({ 'if-match': '"one"' })).statusCode, 200);
  const failed = await get({ 'if-match': '"two"' });
  assert.equal(failed.statusCode, 412);
  assert.equal(failed.json().code, 'precondition-failed');
  assert.equal(failed.headers.etag, undefined);
  await server.close(0);
});

test('answers that are not as declared never leave, and are logged', async () => {
  const { server, lines } = fixture();
  for (const path of ['lying', 'undeclared']) {
    const answer = await server.inject(`/things/v1/${path}`);
    assert.equal(answer.statusCode, 500);
    assert.equal(answer.json().code, 'internal');
  }
  const errors = lines.filter(({ level }) => level === 'error').map(({ data }) => data.message);
  assert.equal(errors.length, 2);
  assert.match(String(errors[0]), /lying: the answer 200 is not as declared: \/count/);
  assert.match(String(errors[1]), /undeclared status 202/);
  await server.close(0);
});

test('defects tell the caller nothing from inside; refusals are no log errors', async () => {
  const { server, lines } = fixture();
  const broken = await server.inject('/things/v1/broken');
  assert.equal(broken.statusCode, 500);
  assert.doesNotMatch(broken.body, /hunter2/);
  assert.match(broken.json().hint, new RegExp(broken.headers['request-id'] as string));
  assert.equal(lines.filter(({ level }) => level === 'error').length, 1);
  lines.length = 0;
  assert.equal((await server.inject('/things/v1/refused')).statusCode, 403);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['debug', 'info'],
  );
  await server.close(0);
});

test('every answer has a request id and the security headers; the log has no query', async () => {
  const { server, lines } = fixture();
  const answer = await server.inject('/things/v1/open?token=hunter2');
  assert.match(answer.headers['request-id'] as string, /^[\w-]{22}$/);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.equal(answer.headers['x-powered-by'], undefined);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.deepEqual(
    lines.map(({ level, message }) => [level, message]),
    [['debug', 'request']],
  );
  const [line] = lines;
  assert.equal(line?.data.request_id, answer.headers['request-id']);
  assert.equal(line?.data.path, '/things/v1/open');
  assert.doesNotMatch(JSON.stringify(lines), /hunter2/);
  await server.close(0);
});

test('HEAD answers like GET without a body', async () => {
  const { server } = fixture();
  const head = await server.inject({ method: 'HEAD', url: '/things/v1/tagged' });
  assert.equal(head.statusCode, 200);
  assert.equal(head.headers.etag, '"one"');
  assert.equal(head.headers['content-length'], '9');
  assert.equal(head.body, '');
  await server.close(0);
});

test('what is not HTTP is answered with 400 and closed', async () => {
  const { server } = fixture();
  const { port } = await server.listen('127.0.0.1', 0);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (piece) => {
    text += String(piece);
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('HELLO\r\n\r\n');
  await closed;
  assert.match(text, /^HTTP\/1\.1 400 Bad Request/);
  await server.close(0);
});

test('health: /healthz while the process lives, /readyz while jobs can be taken', async () => {
  const { server, setReady } = fixture();
  assert.deepEqual((await server.inject('/healthz')).json(), { status: 'ok' });
  assert.equal((await server.inject('/readyz')).statusCode, 200);
  setReady(false);
  assert.equal((await server.inject('/readyz')).statusCode, 503);
  assert.equal((await server.inject('/healthz')).statusCode, 200);
  await server.close(0);
});

test('inject answers as the socket does', async () => {
  const { server } = fixture();
  const { url } = await server.listen('127.0.0.1', 0);
  for (const path of [
    '/things/v1/open',
    '/things/v1/tagged',
    '/things/v1/whoami',
    '/things/v1/nothing',
    '/readyz',
  ]) {
    const injected = await server.inject(path);
    const fetched = await fetch(`${url}${path}`);
    assert.equal(fetched.status, injected.statusCode);
    const volatile = new Set(['date', 'connection', 'keep-alive', 'request-id']);
    const stable = (headers: Iterable<readonly [string, unknown]>) =>
      [...headers].filter(([name]) => !volatile.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(stable(fetched.headers), stable(Object.entries(injected.headers)));
    const withoutId = (text: string) => text.replace(/"request_id":"[^"]*"/, '');
    assert.equal(withoutId(await fetched.text()), withoutId(injected.body));
  }
  await server.close(0);
});

test('a port in use, an address of another machine and an impossible port are one sentence each', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const attempt = async (host: string, at: number): Promise<AppError> => {
    const { server } = fixture();
    try {
      await server.listen(host, at);
      assert.fail('listened');
    } catch (error) {
      assert.ok(error instanceof AppError);
      return error;
    } finally {
      await server.close(0);
    }
  };
  const inUse = await attempt('127.0.0.1', port);
  assert.equal(inUse.code, 'port-in-use');
  assert.equal(inUse.message, `Port ${port} of 127.0.0.1 is in use by another program.`);
  assert.equal((await attempt('192.0.2.1', 0)).code, 'address-unavailable');
  assert.equal((await attempt('127.0.0.1', 70_000)).code, 'option-invalid');
  await new Promise((resolve) => taken.close(resolve));
});

test('close lets a running request finish and closes idle connections', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const slow = fixtureApi('slow', '/slow', [
    fixtureRoute('/one', async () => {
      enter();
      await gate;
      return { status: 200, body: { done: true } };
    }),
  ]);
  const { server } = createServerFixture([slow]);
  const { port, url } = await server.listen('127.0.0.1', 0);
  const idle = connect(port, '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  const idleClosed = new Promise((resolve) => idle.once('close', resolve));
  idle.resume();
  const answer = fetch(`${url}/slow/one`);
  await entered;
  const closed = server.close(10_000);
  open();
  assert.deepEqual(await (await answer).json(), { done: true });
  await closed;
  await idleClosed;
  await assert.rejects(fetch(`${url}/healthz`));
});

test('close breaks off what does not finish in time, and aborts its signal', async () => {
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const stuck = fixtureApi('stuck', '/stuck', [
    fixtureRoute('/one', async ({ signal }) => {
      enter();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      throw new AppError('aborted', { message: 'Interrupted.' });
    }),
  ]);
  const { server } = createServerFixture([stuck]);
  const { url } = await server.listen('127.0.0.1', 0);
  const answer = fetch(`${url}/stuck/one`).then(
    (response) => response.status,
    () => 'broken off',
  );
  await entered;
  await server.close(10);
  assert.ok([503, 'broken off'].includes(await answer));
});

test('a client that goes away aborts the signal', async () => {
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const waiting = fixtureApi('waiting', '/waiting', [
    fixtureRoute('/one', async ({ signal }) => {
      signal.addEventListener('abort', () => abort(), { once: true });
      enter();
      await aborted;
      throw new AppError('aborted', { message: 'Interrupted.' });
    }),
  ]);
  const { server } = createServerFixture([waiting]);
  const { url } = await server.listen('127.0.0.1', 0);
  const request = httpRequest(`${url}/waiting/one`);
  request.on('error', () => undefined);
  request.end();
  await entered;
  request.destroy();
  await aborted;
  await server.close(0);
});
