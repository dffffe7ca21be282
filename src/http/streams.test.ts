import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createServerFixture, fixtureApi, fixtureRoute } from '../../test/harness/http-fixture.ts';
import type { ApiReply, ApiRequest } from '../apis/api.ts';
import { AppError } from '../core/errors.ts';

const responses = {
  200: { description: 'Bytes.', schema: null, mediaType: 'application/octet-stream' },
};
const events = { 200: { description: 'Events.', schema: null, mediaType: 'text/event-stream' } };

const streaming = (
  stream: (request: ApiRequest) => AsyncIterable<Uint8Array | string>,
  headers: Readonly<Record<string, string>> = {},
): ((request: ApiRequest) => Promise<ApiReply>) =>
  async function handle(request) {
    return { status: 200, headers, stream: stream(request) };
  };

async function* broken(error: Error): AsyncGenerator<string> {
  await Promise.reject(error);
  yield 'never';
}

async function open(url: string): Promise<IncomingMessage> {
  const request = httpRequest(url);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of response) text += String(piece);
  return text;
}

test('a stream arrives whole, with its length', async () => {
  const api = fixtureApi('files', '/files', [
    fixtureRoute(
      '/one',
      streaming(
        async function* () {
          yield Buffer.from('abc');
          yield new Uint8Array([100, 101]);
          yield 'é';
        },
        { 'content-length': '7' },
      ),
      { responses },
    ),
    fixtureRoute(
      '/none',
      streaming(async function* () {}),
      { responses, operationId: 'none' },
    ),
  ]);
  const { server } = createServerFixture([api]);
  const { url } = await server.listen('127.0.0.1', 0);
  const answer = await fetch(`${url}/files/one`);
  assert.equal(await answer.text(), 'abcdeé');
  assert.equal(answer.headers.get('content-length'), '7');
  assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
  assert.equal((await server.inject('/files/one')).body, 'abcdeé');
  assert.equal(await (await fetch(`${url}/files/none`)).text(), '');
  await server.close(0);
});

test('what fails before the first piece is an error with a status; later it breaks the answer off', async () => {
  const api = fixtureApi('files', '/files', [
    fixtureRoute(
      '/early',
      streaming(async function* () {
        yield* broken(new AppError('file-missing', { message: 'The file is gone.' }));
      }),
      { responses },
    ),
    fixtureRoute(
      '/late',
      streaming(async function* () {
        yield 'part';
        throw new AppError('storage-failed', { message: 'The disk is gone.' });
      }),
      { responses },
    ),
  ]);
  const { server, lines } = createServerFixture([api]);
  const { url } = await server.listen('127.0.0.1', 0);
  const early = await fetch(`${url}/files/early`);
  assert.equal(early.status, 404);
  assert.equal(((await early.json()) as { code: string }).code, 'file-missing');
  await assert.rejects(async () => (await fetch(`${url}/files/late`)).text());
  assert.equal(lines.filter(({ message }) => message === 'an answer broke off').length, 1);
  await server.close(0);
});

test('a slow reader holds the source back, and going away ends it', async () => {
  let given = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const piece = new Uint8Array(64 * 1024);
  const api = fixtureApi('files', '/files', [
    fixtureRoute(
      '/endless',
      streaming(async function* ({ signal }) {
        try {
          while (!signal.aborted) {
            given += 1;
            yield piece;
          }
        } finally {
          end();
        }
      }),
      { responses },
    ),
  ]);
  const { server, lines } = createServerFixture([api]);
  const { url } = await server.listen('127.0.0.1', 0);
  const response = await open(`${url}/files/endless`);
  response.pause();
  response.on('error', () => undefined);
  // Without back pressure the source would run on for as long as anybody waits.
  let before = -1;
  while (before !== given) {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(given < 2000, `${given} pieces of 64 KiB were taken`);
  response.destroy();
  await ended;
  assert.deepEqual(
    lines.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  );
  await server.close(0);
});

test('HEAD lets go of the stream without reading it', async () => {
  let isRead = false;
  const api = fixtureApi('files', '/files', [
    fixtureRoute(
      '/one',
      streaming(
        async function* () {
          isRead = true;
          yield 'abc';
        },
        { 'content-length': '3' },
      ),
      { responses },
    ),
  ]);
  const { server } = createServerFixture([api]);
  const head = await server.inject({ method: 'HEAD', url: '/files/one' });
  assert.equal(head.headers['content-length'], '3');
  assert.equal(head.body, '');
  assert.equal(isRead, false);
  await server.close(0);
});

test('close ends event streams in good order and at once', async () => {
  const api = fixtureApi('events', '/events', [
    fixtureRoute(
      '/quiet',
      streaming(async function* ({ signal }) {
        yield 'data: 1\n\n';
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      }),
      { responses: events },
    ),
    fixtureRoute(
      '/throwing',
      streaming(async function* ({ signal }) {
        yield 'data: 1\n\n';
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        signal.throwIfAborted();
      }),
      { responses: events },
    ),
  ]);
  const { server, lines } = createServerFixture([api]);
  const { url } = await server.listen('127.0.0.1', 0);
  const quiet = await open(`${url}/events/quiet`);
  const throwing = await open(`${url}/events/throwing`);
  const texts = Promise.all([textOf(quiet), textOf(throwing)]);
  await server.close(60_000);
  assert.deepEqual(await texts, ['data: 1\n\n', 'data: 1\n\n']);
  assert.ok(quiet.complete && throwing.complete);
  assert.deepEqual(
    lines.filter(({ level }) => level === 'error'),
    [],
  );
});
