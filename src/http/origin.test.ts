import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createServerFixture, fixtureApi, fixtureRoute } from '../../test/harness/http-fixture.ts';
import { AppError } from '../core/errors.ts';
import type { HttpServerOptions } from './server.ts';

const things = fixtureApi('things', '/things', [
  fixtureRoute('/where', async ({ base, url }) => ({ status: 200, body: { base, url } })),
]);
const fixture = (options: HttpServerOptions = {}) => createServerFixture([things], options);

test('the origin is the Host of the request; forwarded headers count only from trusted proxies', async () => {
  const forwarded = {
    host: 'inside:8080',
    'x-forwarded-host': 'pump.example.net',
    'x-forwarded-proto': 'https',
  };
  const plain = fixture();
  const url = '/things/where?a=%20b';
  assert.deepEqual((await plain.server.inject({ url, headers: forwarded })).json(), {
    base: 'http://inside:8080',
    url,
  });
  const odd = await plain.server.inject({ url, headers: { host: 'evil"<script>' } });
  assert.match(odd.json().base, /^http:\/\/127\.0\.0\.1/);
  await plain.server.close(0);

  const trusting = fixture({ trustedProxies: ['127.0.0.1'] });
  const answer = await trusting.server.inject({ url, headers: forwarded });
  assert.equal(answer.json().base, 'https://pump.example.net');
  await trusting.server.close(0);
});

describe('what says that a request came over HTTPS', () => {
  const check = { name: 'x-forwarded-proto', value: 'https' };
  const schemeOf = async (
    options: HttpServerOptions,
    headers: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const { server } = fixture(options);
    const answer = await server.inject({ url: '/things/where', headers: { host: 'pump', ...headers } });
    await server.close(0);
    return answer.json().base;
  };
  const cases: readonly (readonly [string, HttpServerOptions, Readonly<Record<string, string>>, string])[] = [
    [
      'the header, from anybody where no proxies are named',
      { httpsHeaderCheck: check },
      { 'x-forwarded-proto': 'https' },
      'https://pump',
    ],
    ['in any case', { httpsHeaderCheck: check }, { 'X-Forwarded-Proto': ' HTTPS ' }, 'https://pump'],
    ['without it: not', { httpsHeaderCheck: check }, {}, 'http://pump'],
    [
      'with another value: not',
      { httpsHeaderCheck: check },
      { 'x-forwarded-proto': 'https, http' },
      'http://pump',
    ],
    [
      'only from those that are named',
      { httpsHeaderCheck: check, trustedProxies: ['192.0.2.1'] },
      { 'x-forwarded-proto': 'https' },
      'http://pump',
    ],
    [
      'from one that is named',
      { httpsHeaderCheck: { name: 'x-ssl', value: 'on' }, trustedProxies: ['127.0.0.1'] },
      { 'x-ssl': 'on', 'x-forwarded-proto': 'http' },
      'https://pump',
    ],
    [
      'the host stays that of the request',
      { httpsHeaderCheck: check },
      {
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil',
        'x-forwarded-port': '1',
        'x-forwarded-prefix': '/evil',
      },
      'https://pump',
    ],
    ['without the option: not', {}, { 'x-forwarded-proto': 'https' }, 'http://pump'],
  ];
  for (const [title, options, headers, expected] of cases)
    it(title, async () => assert.equal(await schemeOf(options, headers), expected));
});

test('a trusted proxy has to be an address or a network', () => {
  for (const entry of ['loopback', '10.0.0.0/8', '::1', 'fd00::/8', '192.0.2.1'])
    fixture({ trustedProxies: [entry] });
  for (const entry of ['proxy.example.net', '10.0.0.0/33', '10.0.0.0/8/8', '']) {
    assert.throws(
      () => fixture({ trustedProxies: [entry] }),
      (error) => error instanceof AppError && error.code === 'option-invalid',
    );
  }
});
