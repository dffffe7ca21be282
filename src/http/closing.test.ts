import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { createServerFixture, fixtureApi, fixtureRoute } from '../../test/harness/http-fixture.ts';
import type { HttpServer, HttpServerOptions } from './server.ts';

const graceMs = 30_000;
/** Longer than a test may take. */
const endlessMs = 24 * 60 * 60 * 1000;

/** A server, and a client that keeps its one connection. */
async function open(options: HttpServerOptions): Promise<{
  readonly server: HttpServer;
  readonly agent: Agent;
  ask(path: string): Promise<IncomingMessage>;
}> {
  const api = fixtureApi('things', '/things', [
    fixtureRoute('/open', async () => ({ status: 200, body: {} })),
  ]);
  const { server } = createServerFixture([api], options);
  const { port } = await server.listen('127.0.0.1', 0);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    server,
    agent,
    async ask(path) {
      const sent = request({ host: '127.0.0.1', port, path, agent }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      await once(answer, 'end');
      return answer;
    },
  };
}

test('a server that will close says so to probes, and goes on for a while', async () => {
  const { server, agent, ask } = await open({});
  assert.equal((await ask('/readyz')).statusCode, 200);
  const closing = server.close(graceMs, 500);
  const answers = await Promise.all([server.inject('/readyz'), server.inject('/things/open')]);
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [503, 200],
  );
  await closing;
  agent.destroy();
});

test('a connection that a trusted proxy keeps has its next request answered, and is closed by the answer', async () => {
  const { server, agent, ask } = await open({ trustedProxies: ['127.0.0.1'], proxyGraceMs: graceMs });
  assert.equal((await ask('/things/open')).headers.connection, 'keep-alive');
  const closing = server.close(graceMs);
  const last = await ask('/things/open');
  assert.deepEqual([last.statusCode, last.headers.connection], [200, 'close']);
  await closing;
  agent.destroy();
});

test('a connection that a trusted proxy keeps and does not use is closed after a moment', async () => {
  const { server, agent, ask } = await open({ trustedProxies: ['127.0.0.1'], proxyGraceMs: 10 });
  await ask('/things/open');
  await server.close(endlessMs);
  agent.destroy();
});

test('a connection of anybody else is closed at once', async () => {
  const { server, agent, ask } = await open({ trustedProxies: ['192.0.2.1'] });
  await ask('/things/open');
  const closing = server.close(graceMs);
  await assert.rejects(ask('/things/open'), { code: /ECONNRE(FUSED|SET)/ });
  await closing;
  agent.destroy();
});
