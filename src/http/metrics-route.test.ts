import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import {
  aliceBasic,
  createServerFixture,
  fixtureApi,
  fixtureRoute,
  localBearer,
} from '../../test/harness/http-fixture.ts';
import { Secret } from '../base/secret.ts';
import { AppError } from '../core/errors.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Authenticator } from './authenticate.ts';
import { type MetricsAccess, metricsRoutes } from './metrics-route.ts';

const refuse = async (): Promise<never> => {
  throw new AppError('unauthenticated', { message: 'No.' });
};
const people: Authenticator = {
  authenticateUser: async (name, password) =>
    name === 'alice' && password === 'pässword:1' ? { name, role: 'viewer', databases: [] } : refuse(),
  authenticateToken: async (token) =>
    token === 'local-token' ? { name: 'local', role: 'administrator', databases: [] } : refuse(),
  authenticateJwt: refuse,
};

const fixture = (access: Partial<MetricsAccess> = {}) =>
  createServerFixture(
    [],
    {},
    {
      systemRoutes: metricsRoutes(
        async (format) => `in ${format}\n`,
        { metrics: 'users', metricsToken: null, ...access },
        people,
      ),
    },
  );

test('metrics are for users and for the bearer of their token', async () => {
  const { server } = fixture({ metricsToken: new Secret('scrape.me') });
  const get = async (authorization?: string) =>
    server.inject({ url: '/metrics', headers: authorization === undefined ? {} : { authorization } });
  for (const good of [aliceBasic, localBearer, 'Bearer scrape.me', 'bearer  scrape.me']) {
    const answer = await get(good);
    assert.equal(answer.statusCode, 200, good);
    assert.equal(answer.body, 'in prometheus\n');
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  }
  for (const wrong of [undefined, 'Bearer scrape', 'Bearer ', 'Basic scrape.me']) {
    const answer = await get(wrong);
    assert.equal(answer.statusCode, 401, wrong);
    assert.match(String(answer.headers['www-authenticate']), /^Basic /);
    assert.ok(!answer.body.includes('in '), 'nothing is told');
  }
  await server.close(0);
});

test('metrics without a token are for users alone, or for everybody where that is wanted', async () => {
  const closed = fixture();
  assert.equal((await closed.server.inject('/metrics')).statusCode, 401);
  assert.equal(
    (await closed.server.inject({ url: '/metrics', headers: { authorization: 'Bearer null' } })).statusCode,
    401,
  );
  const open = fixture({ metrics: 'open' });
  assert.equal((await open.server.inject('/metrics')).statusCode, 200);
  await Promise.all([closed.server.close(0), open.server.close(0)]);
});

test('metrics come as OpenMetrics to those who ask for it', async () => {
  const { server } = fixture({ metrics: 'open' });
  const accept =
    'application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1';
  const answer = await server.inject({ url: '/metrics', headers: { accept } });
  assert.equal(answer.body, 'in openmetrics\n');
  assert.match(String(answer.headers['content-type']), /^application\/openmetrics-text; version=1\.0\.0/);
  assert.equal((await server.inject({ url: '/metrics', headers: { accept: 'image/png' } })).statusCode, 406);
  await server.close(0);
});

test('without metrics there is no such address', async () => {
  const { server } = createServerFixture(
    [],
    {},
    {
      systemRoutes: metricsRoutes(null, { metrics: 'off', metricsToken: null }, people),
    },
  );
  assert.equal((await server.inject('/metrics')).statusCode, 404);
  await server.close(0);
});

test('requests are counted by the template of their route, streams while they are open', async () => {
  const told: (readonly [name: string, labels: object, by: number])[] = [];
  const changed = new EventTarget();
  const tell = (name: string, labels: object, by: number): void => {
    told.push([name, labels, by]);
    changed.dispatchEvent(new Event('told'));
  };
  const metrics: Metrics = {
    count: () => undefined,
    move: tell,
    observe: (name, labels) => tell(name, labels, 1),
  };
  const until = async (count: number): Promise<void> => {
    while (told.length < count) {
      await new Promise((resolve) => changed.addEventListener('told', resolve, { once: true }));
    }
  };
  const things = fixtureApi('things', '/things', [
    fixtureRoute('/items/:id', async ({ params }) => ({ status: 200, body: params })),
    fixtureRoute(
      '/events',
      async ({ signal }) => ({
        status: 200,
        stream: (async function* () {
          yield ': here\n\n';
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        })(),
      }),
      { responses: { 200: { description: 'Events.', schema: null, mediaType: 'text/event-stream' } } },
    ),
  ]);
  const { server } = createServerFixture([things], {}, { metrics });
  const { port } = await server.listen('127.0.0.1', 0);
  const get = async (path: string): Promise<void> => {
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  };
  await get('/things/items/17?secret=x');
  await until(1);
  await get('/nothing/here');
  await until(2);
  const name = 'pumphouse_http_request_duration_seconds';
  assert.deepEqual(told, [
    [name, { method: 'GET', route: '/things/items/:id', api: 'things', status: '2xx' }, 1],
    [name, { method: 'GET', route: 'none', api: 'system', status: '4xx' }, 1],
  ]);
  const stream = httpRequest({ port, path: '/things/events' });
  stream.on('error', () => undefined);
  stream.end();
  await until(3);
  stream.destroy();
  await until(4);
  assert.deepEqual(told.slice(2), [
    ['pumphouse_event_streams', { api: 'things' }, 1],
    ['pumphouse_event_streams', { api: 'things' }, -1],
  ]);
  await server.close(0);
});

test('what answers a request runs in the trace of its caller', async () => {
  const callers: (string | undefined)[] = [];
  const { AsyncLocalStorage } = await import('node:async_hooks');
  const traces = new AsyncLocalStorage<string | undefined>();
  const things = fixtureApi('things', '/things', [
    fixtureRoute(
      '/echo',
      async ({ body }) => {
        callers.push(traces.getStore());
        return { status: 200, body };
      },
      { method: 'POST' },
    ),
  ]);
  const { server } = createServerFixture(
    [things],
    {},
    {
      inTrace: (traceparent, next) => traces.run(traceparent, next),
    },
  );
  const { port } = await server.listen('127.0.0.1', 0);
  // The body comes in pieces, whose events belong to the socket.
  for (const traceparent of ['00-one', undefined, '00-two']) {
    const answer = await fetch(`http://127.0.0.1:${port}/things/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(traceparent === undefined ? {} : { traceparent }) },
      body: JSON.stringify({ text: 'x'.repeat(200_000) }),
    });
    assert.equal(answer.status, 200);
  }
  assert.deepEqual(callers, ['00-one', undefined, '00-two']);
  await server.close(0);
});
