import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createNetwork } from './create-network.ts';
import { createRequestFollower, type FollowedRequest, type RequestFollower } from './follow-request.ts';

interface Seen {
  readonly at: string;
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const seen: Seen[] = [];
const names = ['one', 'two'] as const;
const origins: Record<(typeof names)[number], string> = { one: '', two: '' };
let follower: RequestFollower;
const closing: (() => void)[] = [];

/** Where `/STATUS/to/...` redirects with that status. */
const targets: Readonly<Record<string, () => string>> = {
  same: () => '/end',
  other: () => `${origins.two}/end`,
  loop: () => '/302/to/loop',
  private: () => 'http://10.1.2.3/',
  file: () => 'file:///etc/passwd',
  login: () => 'http://u:p@127.0.0.1/',
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [, status, target] = /^\/(\d+)\/to\/(\w+)/.exec(request.url ?? '') ?? [];
  const location = target === undefined ? undefined : targets[target]?.();
  if (location !== undefined) response.writeHead(Number(status), { location });
  if (request.url === '/large') {
    response.writeHead(200);
    for (let piece = 0; piece < 64; piece += 1) response.write(Buffer.alloc(65_536));
  }
  response.end(location === undefined && request.url !== '/large' ? 'done' : undefined);
}

before(async () => {
  follower = createRequestFollower(createNetwork({ allow: ['127.0.0.1'] }));
  for (const name of names) {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const line = `${request.method} ${request.url}`;
        seen.push({ at: name, line, headers: request.headers, body: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origins[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
  }
});
after(() => {
  follower[Symbol.dispose]();
  for (const close of closing) close();
});

function send(path: string, changes: Partial<FollowedRequest> = {}) {
  seen.length = 0;
  const request = {
    method: 'POST',
    url: new URL(origins.one + path),
    headers: { authorization: 'Bearer geheim', 'x-api-key': 'geheim', 'content-type': 'text/plain' },
    body: Buffer.from('hello'),
  };
  return follower.send({ ...request, ...changes }, new AbortController().signal);
}

test('an answer is counted, up to a bound', async () => {
  assert.deepEqual(await send('/end'), { status: 200, bytes: 4 });
  assert.deepEqual(
    seen.map(({ line, body }) => [line, body]),
    [['POST /end', 'hello']],
  );
  const { bytes } = await send('/large', { method: 'GET', body: null });
  assert.ok(bytes >= 1024 * 1024 && bytes < 2 * 1024 * 1024, `${bytes} were read`);
});

test('307 and 308 keep method and body, the others ask again with GET', async () => {
  for (const [status, line, body] of [
    [301, 'GET /end', ''],
    [302, 'GET /end', ''],
    [303, 'GET /end', ''],
    [307, 'POST /end', 'hello'],
    [308, 'POST /end', 'hello'],
  ] as const) {
    assert.equal((await send(`/${status}/to/same`)).status, 200);
    assert.deepEqual([seen[1]?.line, seen[1]?.body], [line, body]);
    assert.equal(seen[1]?.headers.authorization, 'Bearer geheim');
  }
});

test('a request that changes something is not turned into one that reads, except where the answer says so', async () => {
  for (const [status, method, line] of [
    [301, 'PUT', 'PUT /end'],
    [302, 'DELETE', 'DELETE /end'],
    [303, 'PUT', 'GET /end'],
    [303, 'HEAD', 'HEAD /end'],
  ] as const) {
    await send(`/${status}/to/same`, { method, body: null });
    assert.equal(seen[1]?.line, line);
  }
});

test('another server gets nothing that may be secret', async () => {
  await send('/307/to/other');
  const last = seen.at(-1);
  assert.deepEqual([last?.at, last?.line, last?.body], ['two', 'POST /end', 'hello']);
  assert.equal(last?.headers['content-type'], 'text/plain');
  assert.ok(!JSON.stringify(last?.headers).includes('geheim'));
});

test('a redirect goes where the policy lets it, over http or https, and not for ever', async () => {
  await assert.rejects(send('/302/to/private'), { code: 'address-refused' });
  await assert.rejects(send('/302/to/file'), { code: 'request-failed', message: /no address of http/ });
  await assert.rejects(send('/302/to/login'), { code: 'request-failed', message: /no address of http/ });
  await assert.rejects(send('/302/to/loop'), { code: 'request-failed', message: /more than 5 times/ });
  assert.equal(seen.length, 6);
  // A status without an address is an answer like another.
  assert.equal((await send('/302/to/nothing')).status, 200);
});
