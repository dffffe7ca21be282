import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { describeRedisTarget, parseRedisUrl } from './database-url.ts';

const plain = {
  user: null,
  password: null,
  tls: null,
  sentinel: null,
  database: null,
  snapshot: 'auto',
  format: 'auto',
  readFrom: 'auto',
  compare: 'auto',
  connectTimeoutMs: 10_000,
  silenceMs: 60_000,
};
const at = (host: string, port: number) => [{ host, port }];
const tls = { ca: null, certificate: null, key: null, verify: 'full' };

describe('database URLs of Redis', () => {
  const right: readonly (readonly [url: string, parts: Record<string, unknown>, shown: string])[] = [
    ['redis://localhost', { nodes: at('localhost', 6379) }, 'redis://localhost:6379'],
    ['valkey://h:7000/3', { nodes: at('h', 7000), database: 3 }, 'redis://h:7000/3'],
    ['REDIS://[::1]:6380/', { nodes: at('::1', 6380) }, 'redis://[::1]:6380'],
    [
      'redis://me:s%40fe@h/0',
      { nodes: at('h', 6379), user: 'me', password: 's@fe', database: 0 },
      'redis://me@h:6379/0',
    ],
    ['redis://:word@h', { nodes: at('h', 6379), password: 'word' }, 'redis://h:6379'],
    ['redis://me:@h', { nodes: at('h', 6379), user: 'me', password: '' }, 'redis://me@h:6379'],
    [
      'redis://a:1,b',
      {
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
        ],
      },
      'redis://a:1,b:6379',
    ],
    ['rediss://h', { nodes: at('h', 6379), tls }, 'rediss://h:6379'],
    [
      'valkeys://h?tls_ca=/ca.pem&tls_cert=/c.pem&tls_key=/k.pem&tls_verify=ca',
      {
        nodes: at('h', 6379),
        tls: { ca: '/ca.pem', certificate: '/c.pem', key: '/k.pem', verify: 'ca' },
      },
      'rediss://h:6379',
    ],
    [
      'redis-sentinel://me:pw@s1,s2:1/main?sentinel_user=w&sentinel_password=x&db=2',
      {
        nodes: [
          { host: 's1', port: 26379 },
          { host: 's2', port: 1 },
        ],
        user: 'me',
        password: 'pw',
        sentinel: { name: 'main', user: 'w', password: 'x' },
        database: 2,
      },
      'redis-sentinel://me@s1:26379,s2:1/main?db=2',
    ],
    [
      'rediss-sentinel://s/main',
      { nodes: at('s', 26379), tls, sentinel: { name: 'main', user: null, password: null } },
      'rediss-sentinel://s:26379/main',
    ],
    [
      'redis+unix://:pw@/run/redis%20one.sock?db=1',
      { nodes: at('/run/redis one.sock', 0), password: 'pw', database: 1 },
      'redis+unix:///run/redis%20one.sock?db=1',
    ],
    [
      'redis://h?snapshot=scan&format=native&read_from=master&connect_timeout=3&timeout=5',
      {
        nodes: at('h', 6379),
        snapshot: 'scan',
        format: 'native',
        readFrom: 'master',
        connectTimeoutMs: 3_000,
        silenceMs: 5_000,
      },
      'redis://h:6379',
    ],
  ];
  for (const [url, parts, shown] of right) {
    it(url, () => {
      const target = parseRedisUrl(url);
      assert.deepEqual(target, { ...plain, ...parts });
      assert.equal(describeRedisTarget(target), shown);
      assert.deepEqual(JSON.parse(JSON.stringify(target)), target);
    });
  }

  const wrong: readonly (readonly [url: string, message: RegExp])[] = [
    ['http://h', /begin with redis/],
    ['redis:h', /begin with redis/],
    ['redis://', /no host/],
    ['redis://h/x', /database .* whole number/],
    ['redis://h/65536', /database .* from 0 to 65535/],
    ['redis://h:0', /port .* from 1 to 65535/],
    ['redis://h:', /port/],
    ['redis://::1', /host .* cannot be understood/],
    ['redis://h,h:6379', /h:6379 twice/],
    ['redis://a,,b', /no host/],
    ['redis://me@h', /a user, and no password/],
    ['redis://me:secret%@h', /password .* %/],
    ['redis://me:se#cret@h', /#/],
    ['redis://me:secret@h?nope=1', /unknown parameter "nope"/],
    ['redis://h?format=', /format .* no value/],
    ['redis://h?format=best', /format "best"/],
    ['redis://h?format=native&format=native', /format stands twice/],
    ['redis://h?snapshot=dump', /snapshot "dump"/],
    ['redis://h?read_from=slave', /read_from "slave"/],
    ['redis://h?connect_timeout=0', /connect_timeout .* from 1 to 3600/],
    ['redis://h?timeout=x', /timeout .* whole number/],
    ['redis://h?db=1', /db .* for sockets and Sentinel/],
    ['redis://h?tls_ca=/x', /tls_ca .* TLS only/],
    ['rediss://h?tls_cert=/x', /tls_cert and tls_key/],
    ['rediss://h?tls_verify=maybe', /tls_verify "maybe"/],
    ['redis://h?sentinel_password=x', /redis-sentinel/],
    ['redis-sentinel://s', /names no master/],
    ['redis-sentinel://s/a/b', /master name .* slash/],
    ['redis-sentinel://s/m?sentinel_user=x', /no sentinel_password/],
    ['redis+unix://h/x.sock', /names a host/],
    ['redis+unix://', /no path/],
    ['redis://h\0', /zero byte|host/],
  ];
  for (const [url, message] of wrong) {
    it(`refuses ${JSON.stringify(url)}`, () => {
      assert.throws(
        () => parseRedisUrl(url),
        (error: unknown) => {
          assert.ok(error instanceof AppError);
          assert.equal(error.code, 'url-invalid');
          assert.equal(error.field, 'url');
          assert.match(error.message, message);
          assert.doesNotMatch(`${error.message}${error.hint}`, /secret|se#cret/);
          return true;
        },
      );
    });
  }
});
