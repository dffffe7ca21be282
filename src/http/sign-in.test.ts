import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  alice,
  aliceBasic,
  createServerFixture,
  fixtureApi,
  fixtureRoute,
} from '../../test/harness/http-fixture.ts';
import type { Api } from '../apis/api.ts';
import { AppError } from '../core/errors.ts';

const key = 'shared';
const signature = (bytes: string | Uint8Array): string =>
  createHmac('sha256', key).update(bytes).digest('hex');

const admitted: string[] = [];

/** Callers sign the body, bring a token in a header of its own, or come with a password. */
const signed: Api = {
  ...fixtureApi('signed', '/signed', [
    fixtureRoute(
      '/echo',
      async ({ body, rawBody, caller }) => ({
        status: 200,
        body: { name: caller?.name, body: body ?? null, bytes: rawBody?.length },
      }),
      {
        method: 'POST',
        access: 'authenticated',
        rawMediaTypes: ['application/zip'],
        async admit({ caller }) {
          admitted.push(caller?.name ?? 'nobody');
        },
      },
    ),
    fixtureRoute('/maybe', async ({ caller }) => ({ status: 200, body: { name: caller?.name ?? null } }), {
      access: 'optional',
      operationId: 'maybe',
    }),
    fixtureRoute('/rooms/:id(^[0-9a-f]{4}$)/doors', async ({ params }) => ({ status: 200, body: params }), {
      atRoot: true,
      operationId: 'doors',
    }),
  ]),
  readsRawBodies: true,
  takesUntypedBodies: true,
  bodyLimit: 4096,
  owns: (path) => /^\/rooms\/[0-9a-f]{4}\//.test(path),
  signInOf: (headers) => {
    if (headers['x-token'] !== undefined) return 'headers';
    return headers.authorization?.startsWith('Signed ') === true ? 'body' : null;
  },
  async authenticate({ headers, rawBody }) {
    if (headers['x-token'] !== undefined) {
      assert.equal(rawBody, undefined, 'the body is not read for it');
      return headers['x-token'] === 'right' ? alice : null;
    }
    if (headers.authorization === `Signed ${signature(rawBody ?? '')}`) return alice;
    throw new AppError('unauthenticated', { message: 'The signature is wrong.' });
  },
};
const rooms = fixtureApi('rooms', '/rooms', [
  fixtureRoute('/:name', async ({ params }) => ({ status: 200, body: params })),
]);

const post = (payload: string | Buffer | undefined, headers: Readonly<Record<string, string>>) =>
  createServerFixture([signed, rooms], { bodyLimit: 1024 }).server.inject({
    method: 'POST',
    url: '/signed/echo',
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
const json = { 'content-type': 'application/json' };
const signedAs = (bytes: string): string => `Signed ${signature(bytes)}`;

test('a signature covers the body as it came, and is looked at before that is parsed', async () => {
  const text = '{ "a" : 1 }';
  admitted.length = 0;
  const good = await post(text, { ...json, authorization: signedAs(text) });
  assert.deepEqual(good.json(), { name: 'alice', body: { a: 1 }, bytes: text.length });
  assert.deepEqual(admitted, ['alice']);
  const other = await post('{"a":1}', { ...json, authorization: signedAs(text) });
  assert.deepEqual([other.statusCode, other.json().message], [401, 'The signature is wrong.']);
  const unsigned = await post('{', { ...json, authorization: signedAs('{}') });
  assert.equal(unsigned.statusCode, 401);
  const broken = await post('{', { ...json, authorization: signedAs('{') });
  assert.deepEqual([broken.statusCode, broken.json().code], [400, 'request-malformed']);
  assert.deepEqual(admitted, ['alice', 'alice']);
});

test('a request without a body can be signed too', async () => {
  const answer = await post(undefined, { authorization: signedAs('') });
  assert.deepEqual(answer.json(), { name: 'alice', body: null, bytes: 0 });
});

test('a token in a header of its own, and a password, are looked at before the body is read', async () => {
  assert.equal((await post('{}', { ...json, 'x-token': 'right' })).json().name, 'alice');
  assert.equal((await post('{}', { ...json, authorization: aliceBasic })).json().name, 'alice');
  const wrongOnes: readonly Readonly<Record<string, string>>[] = [
    { 'x-token': 'wrong' },
    { authorization: 'Basic YTpi' },
    {},
  ];
  for (const wrong of wrongOnes)
    assert.equal((await post('{', { ...json, ...wrong })).statusCode, 401, JSON.stringify(wrong));
});

test('media types: JSON, none, and those that the route takes as they are; others are refused to callers only', async () => {
  const signedPost = (text: string, headers: Readonly<Record<string, string>>) =>
    post(Buffer.from(text), { ...headers, authorization: signedAs(text) });
  const untyped = await signedPost('{"a":2}', {});
  assert.deepEqual(untyped.json().body, { a: 2 });
  const zip = await signedPost('PK', { 'content-type': 'Application/Zip; q=1' });
  assert.deepEqual(zip.json(), { name: 'alice', body: null, bytes: 2 });
  const text = await signedPost('a', { 'content-type': 'text/plain' });
  assert.deepEqual([text.statusCode, text.json().code], [415, 'media-type-unsupported']);
  const unknown = await post('a', { 'content-type': 'text/plain', authorization: signedAs('b') });
  assert.equal(unknown.statusCode, 401);
});

test('bodies are as long as the API says, whoever asks', async () => {
  const long = JSON.stringify('a'.repeat(3000));
  assert.equal((await post(long, { ...json, authorization: signedAs(long) })).statusCode, 200);
  const longer = JSON.stringify('a'.repeat(5000));
  const answer = await post(longer, { ...json, authorization: signedAs(longer) });
  assert.equal(answer.statusCode, 413);
  assert.match(answer.json().message, /larger than 4096 bytes/);
});

test('credentials that are optional may be missing, and not be wrong', async () => {
  const { server } = createServerFixture([signed]);
  const name = async (headers: Readonly<Record<string, string>>) => {
    const answer = await server.inject({ url: '/signed/maybe', headers });
    return answer.statusCode === 200 ? answer.json().name : answer.statusCode;
  };
  assert.equal(await name({}), null);
  assert.equal(await name({ 'x-token': 'right' }), 'alice');
  assert.equal(await name({ 'x-token': 'wrong' }), 401);
  assert.equal(await name({ authorization: signedAs('') }), 'alice');
  assert.equal(await name({ authorization: signedAs('x') }), 401);
});

test('addresses that an API claims are answered in its words, below the prefix of another', async () => {
  const { server } = createServerFixture([rooms, signed]);
  assert.deepEqual((await server.inject('/rooms/12ab/doors')).json(), { id: '12ab' });
  const at = async (path: string, method: 'GET' | 'PUT' = 'GET') => {
    const answer = await server.inject({ method, url: path });
    return [answer.statusCode, answer.json().api];
  };
  assert.deepEqual(await at('/rooms/12ab/none'), [404, 'signed']);
  assert.deepEqual(await at('/rooms/12ab/doors', 'PUT'), [405, 'signed']);
  assert.deepEqual(await at('/rooms/kitchen/doors'), [404, 'rooms']);
  assert.deepEqual(await at('/rooms/kitchen/doors', 'PUT'), [404, 'rooms']);
});
