import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Type from 'typebox';
import type { HttpServer } from '../../src/http/server.ts';
import { freePort } from '../harness/free-port.ts';
import { createServerFixture, fixtureApi, fixtureRoute } from '../harness/http-fixture.ts';
import { startBalancer } from '../harness/nginx-balancer.ts';

/** What instances were asked, over all of them and their successors. */
interface Asked {
  readonly reads: Set<string>;
  readonly starts: string[];
  /** Requests by port. */
  readonly at: Map<number, number>;
}

const body = Type.Object({ id: Type.String() });

/** An instance that takes some milliseconds for each answer. */
async function startInstance(port: number, asked: Asked): Promise<HttpServer> {
  const count = (): unknown => asked.at.set(port, (asked.at.get(port) ?? 0) + 1);
  const api = fixtureApi('things', '/things', [
    fixtureRoute('/read/:id', async ({ params: { id = '' } }) => {
      count();
      await sleep(Math.random() * 10);
      asked.reads.add(id);
      return { status: 200, body: { id } };
    }),
    fixtureRoute(
      '/start',
      async (request) => {
        const { id } = request.body as { readonly id: string };
        count();
        asked.starts.push(id);
        await sleep(Math.random() * 10);
        return { status: 200, body: { id } };
      },
      { method: 'POST', body },
    ),
  ]);
  const { server } = createServerFixture([api], { trustedProxies: ['127.0.0.1'] });
  await server.listen('127.0.0.1', port);
  return server;
}

test('a rolling stop behind NGINX loses no request, and repeats no POST', async () => {
  const asked: Asked = { reads: new Set(), starts: [], at: new Map() };
  const ports = [await freePort(), await freePort(), await freePort()];
  const instances: HttpServer[] = [];
  await using closing = new AsyncDisposableStack();
  closing.defer(async () => {
    await Promise.all(instances.map((server) => server.close(0)));
  });
  for (const port of ports) instances.push(await startInstance(port, asked));
  await using balancer = await startBalancer({ upstreams: ports });

  let isOver = false;
  const sent = { reads: 0, starts: 0 };
  const client = async (name: string): Promise<void> => {
    for (let turn = 0; !isOver; turn += 1) {
      const id = `${name}-${turn}`;
      const isStart = turn % 2 === 0;
      const answer = await (isStart
        ? fetch(`${balancer.url}/things/start`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ id }),
          })
        : fetch(`${balancer.url}/things/read/${id}`));
      const said = await answer.text();
      assert.deepEqual([answer.status, said], [200, JSON.stringify({ id })], await balancer.errorLog());
      sent[isStart ? 'starts' : 'reads'] += 1;
    }
  };
  const clients = Promise.all(Array.from({ length: 12 }, (_, index) => client(String(index))));
  // A client that failed must not be heard of at the end alone.
  clients.catch(() => {
    isOver = true;
  });
  /** Until each of these instances has been asked a hundred times more. */
  const askedMore = async (...which: readonly number[]): Promise<void> => {
    const enough = which.map((port) => [port, (asked.at.get(port) ?? 0) + 100] as const);
    while (!isOver && enough.some(([port, count]) => (asked.at.get(port) ?? 0) < count)) await sleep(5);
  };

  await askedMore(...ports);
  await instances[0]?.close(10_000);
  await askedMore(...ports.slice(1));
  await instances[1]?.close(10_000);
  await askedMore(...ports.slice(2));
  isOver = true;
  await clients;
  assert.equal(asked.reads.size, sent.reads);
  assert.equal(new Set(asked.starts).size, sent.starts);
  assert.equal(asked.starts.length, sent.starts);
});
