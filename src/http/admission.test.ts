import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aliceBasic,
  createServerFixture,
  fixtureApi,
  fixtureRoute,
} from '../../test/harness/http-fixture.ts';
import { AppError } from '../core/errors.ts';

const echo = fixtureRoute(
  '/:thing',
  async (request) => ({ status: 200, body: { got: request.body ?? null } }),
  {
    method: 'POST',
    access: 'authenticated',
    async admit({ params, caller, query }) {
      assert.equal(caller?.name, 'alice');
      if (query.shut !== undefined) throw new AppError('forbidden', { message: 'Shut.' });
      if (params.thing === 'gone') throw new AppError('database-unknown', { message: 'Gone.' });
    },
  },
);

const api = { ...fixtureApi('x', '/x', [echo]), ignoresAccept: true, takesUntypedBodies: true } as const;
const plain = fixtureApi('y', '/y', [echo]);

async function post(url: string, headers: Readonly<Record<string, string>> = {}, payload?: string) {
  await using fixture = new AsyncDisposableStack();
  const { server } = createServerFixture([api, plain]);
  fixture.defer(() => server.close(0));
  const answer = await server.inject({
    method: 'POST',
    url,
    headers: { authorization: aliceBasic, ...headers },
    ...(payload === undefined ? {} : { payload: Buffer.from(payload) }),
  });
  return [answer.statusCode, (JSON.parse(answer.body) as { code?: string }).code ?? JSON.parse(answer.body)];
}

test('what is in the way whatever the body says is told before the body is read', async () => {
  const json = { 'content-type': 'application/json' };
  assert.deepEqual(await post('/x/gone', json, '{'), [404, 'database-unknown']);
  assert.deepEqual(await post('/x/gone?shut', json, '{'), [403, 'forbidden']);
  assert.deepEqual(await post('/x/gone', { ...json, authorization: '' }, '{'), [401, 'unauthenticated']);
  assert.deepEqual(await post('/x/here', json, '{'), [400, 'request-malformed']);
  assert.deepEqual(await post('/x/here', json, '{"a":1}'), [200, { got: { a: 1 } }]);
});

test('an API can take bodies without a media type; other types are refused all the same', async () => {
  assert.deepEqual(await post('/x/here', {}, '{"a":1}'), [200, { got: { a: 1 } }]);
  assert.deepEqual(await post('/x/here', {}, '{'), [400, 'request-malformed']);
  assert.deepEqual(await post('/x/here'), [200, { got: null }]);
  assert.deepEqual(await post('/x/here', { 'content-type': 'text/plain' }, '{"a":1}'), [
    415,
    'media-type-unsupported',
  ]);
  assert.deepEqual(await post('/y/here', {}, '{"a":1}'), [415, 'media-type-unsupported']);
});

test('an API can hold no Accept against its answers', async () => {
  assert.deepEqual(await post('/x/here', { accept: 'text/html' }), [200, { got: null }]);
  assert.deepEqual(await post('/y/here', { accept: 'text/html' }), [406, 'not-acceptable']);
});
