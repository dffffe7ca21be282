import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Forwarded, readForwarded } from './forwarded.ts';

describe('what a proxy says', () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, Forwarded])[] = [
    [{}, {}],
    [
      {
        'x-forwarded-proto': 'HTTPS',
        'x-forwarded-host': 'pump.example.net',
        'x-forwarded-prefix': '/dumps/',
      },
      { scheme: 'https', host: 'pump.example.net', prefix: '/dumps' },
    ],
    // The word of the nearest proxy is the last.
    [
      { 'x-forwarded-host': 'evil.example.net, pump.example.net:8443', 'x-forwarded-proto': 'http,https' },
      { scheme: 'https', host: 'pump.example.net:8443' },
    ],
    // A port counts where the host has none, and it is not the usual one.
    [{ 'x-forwarded-host': 'a', 'x-forwarded-port': '8443' }, { host: 'a:8443' }],
    [
      { 'x-forwarded-host': 'a', 'x-forwarded-port': '443', 'x-forwarded-proto': 'https' },
      { scheme: 'https', host: 'a' },
    ],
    [{ 'x-forwarded-host': 'a:1', 'x-forwarded-port': '8443' }, { host: 'a:1' }],
    [{ 'x-forwarded-host': '[::1]', 'x-forwarded-port': '81' }, { host: '[::1]:81' }],
    [{ 'x-forwarded-port': '8443' }, {}],
    // What cannot be is as if it were not there.
    [{ 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'a/b', 'x-forwarded-port': 'x' }, {}],
    [{ 'x-forwarded-host': 'a"><script>' }, {}],
    [
      { forwarded: 'for=192.0.2.43;host="pump.example.net:8443";proto=https' },
      { scheme: 'https', host: 'pump.example.net:8443' },
    ],
    [{ forwarded: 'host=evil, Proto=https;Host=pump' }, { scheme: 'https', host: 'pump' }],
    [{ forwarded: 'host="a\\"b";proto=ftp' }, {}],
    // One that speaks the other way may pass on what a client says in this one.
    [{ forwarded: 'host=evil.example.net', 'x-forwarded-for': '192.0.2.43' }, {}],
  ];
  for (const [headers, expected] of cases) {
    it(JSON.stringify(headers), () => assert.deepEqual(readForwarded(headers), expected));
  }

  it('a prefix is a plain path', () => {
    const prefixOf = (text: string): string | undefined =>
      readForwarded({ 'x-forwarded-prefix': text }).prefix;
    for (const path of ['/a', '/a/b.c', '/a_b/~c-d', '/.well-known']) assert.equal(prefixOf(path), path);
    for (const path of [
      '',
      '/',
      'dumps',
      '//evil.example.net',
      '/a//b',
      '/a/../b',
      '/./a',
      '/a/..',
      '/a b',
      '/a%2Fb',
      '/a?b',
      '/a#b',
      '/a\\b',
      'https://evil.example.net/',
      `/${'a'.repeat(200)}`,
    ])
      assert.equal(prefixOf(path), undefined, path);
  });
});
