import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import { placeOf } from '../place.ts';
import type { Storage } from '../storage.ts';
import { httpDriver } from './driver.ts';
import { bucketOf, isBucketUrl, objectUrl } from './oci/bucket.ts';

const open = (url: string, kind?: string, secret = 'hidden', id: string | null = null): Storage =>
  httpDriver.open({
    ...placeAt(url, kind === undefined ? {} : { kind }),
    credential: kind === undefined ? null : { name: 'WEB', type: 'http', id, secret: new Secret(secret) },
  });

const refusedAs = (open: () => Storage): AppError => {
  try {
    open();
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'location-invalid');
    assert.doesNotMatch(inspect(error), /hidden/);
    return error;
  }
  return assert.fail('It was opened.');
};

const ociId = `ocid1.tenancy.oc1..a/ocid1.user.oc1..b/${'0f:'.repeat(15)}0f`;
const region = 'https://objectstorage.eu-frankfurt-1.oraclecloud.com';

describe('locations of the HTTP driver', () => {
  it('are described as they are', () => {
    assert.equal(open('https://host/path/').description, 'https://host/path');
    assert.equal(open('http://host:8080').description, 'http://host:8080');
    assert.equal(open('https://host/ü', 'bearer').description, 'https://host/%C3%BC');
    const native = open(`${region}/n/ns/b/bucket/o/daily/`, 'oci', 'hidden', ociId);
    assert.equal(native.description, `${region}/n/ns/b/bucket/o/daily`);
    assert.equal(native.lists, true);
    const par = open(`${region}/`, 'url', `${region}/p/hidden/n/ns/b/bucket/o/`);
    assert.equal(par.description, region);
    assert.equal(par.lists, false);
  });

  it('that show a secret are refused, with the remedy', () => {
    const par = refusedAs(() => open(`${region}/p/hidden/n/ns/b/bucket/o/`));
    assert.match(par.hint, /--option kind=url --secret-stdin/);
    assert.match(refusedAs(() => open('https://hidden@host/')).hint, /credential/);
    for (const path of [
      '//p/hidden/n/ns/b/bucket/o/',
      '/%70/hidden/n/ns/',
      '/p/hidden/%6E/ns/',
      '/p//hidden/n/',
    ])
      assert.match(refusedAs(() => open(`https://h${path}`)).message, /pre-authenticated/, path);
    assert.equal(open('https://h/x/p/y/n/').description, 'https://h/x/p/y/n');
  });

  it('that a server could take for another folder are refused', () => {
    for (const path of ['/a/..%2f..%2fother', '/a%2Fb', '/a/%2e%2e%2Fb', '/a%5Cb', '/a%00b'])
      assert.match(refusedAs(() => open(`https://host${path}`)).message, /holds a slash/, path);
  });

  it('with a signed query are refused, with the remedy', () => {
    const { network } = placeAt('https://host');
    for (const query of [
      'X-Amz-Algorithm=x&X-Amz-Signature=hidden',
      'sv=2024&sig=hidden',
      'X-Goog-Signature=hidden',
    ]) {
      const refusal = refusedAs(() =>
        httpDriver.open(placeOf(httpDriver, new URL(`https://host/x?${query}`), null, network)),
      );
      assert.match(refusal.hint, /--option kind=url --secret-stdin/);
    }
    const odd = refusedAs(() =>
      httpDriver.open(placeOf(httpDriver, new URL('https://host/x?hidden7token'), null, network)),
    );
    assert.match(odd.message, /an unknown option/);
  });

  it('go with the host of their pre-authenticated URL only', () => {
    const other = refusedAs(() => open('https://host/', 'url', 'https://other/p/hidden/'));
    assert.match(other.message, /another host/);
    assert.match(refusedAs(() => open('https://host/', 'url', 'hidden')).message, /is no URL/);
    assert.match(refusedAs(() => open('https://host/', 'url', 'file:///hidden')).message, /is no URL/);
  });

  it('take the kinds of credentials that fit', () => {
    const kind = refusedAs(() => open('https://host/', 'https://host/p/hidden/'));
    assert.match(kind.message, /option kind of the credential WEB .*: password or bearer or url or oci\.$/);
    for (const token of ['hidden\r\nx', 'hidden ключ', 'hid den'])
      assert.match(
        refusedAs(() => open('https://host/', 'bearer', token)).message,
        /^The secret of the credential WEB holds a /,
      );
    assert.match(refusedAs(() => open('https://host/', 'password')).message, /no user name/);
    assert.match(refusedAs(() => open('https://host/x', 'oci', 'hidden', ociId)).hint, /\/n\/NAMESPACE\/b\//);
    const native = `${region}/n/ns/b/bucket/o/`;
    assert.match(refusedAs(() => open(native, 'password', 'hidden', 'user')).hint, /kind=oci/);
    assert.match(refusedAs(() => open(native, 'bearer')).hint, /kind=oci/);
  });

  it('are well encoded', () => {
    assert.match(refusedAs(() => open('https://host/%ff')).message, /well encoded/);
  });
});

describe('addresses of buckets', () => {
  for (const [path, isOne] of [
    ['/n/ns/b/bucket/o/', true],
    ['/n/ns/b/bucket/o', true],
    ['/n/ns/b/bucket/o/a/b', true],
    ['/p/token/n/ns/b/bucket/o/', true],
    ['/n/ns/b/bucket/objects', false],
    ['/n/ns/b/bucket', false],
    ['/x/n/ns/b/bucket/o/', false],
  ] as const) {
    it(`${path} is ${isOne ? 'one' : 'none'}`, () => assert.equal(isBucketUrl(new URL(path, region)), isOne));
  }

  it('are those of their objects', () => {
    const bucket = bucketOf(new URL(`${region}/n/ns/b/o/o/daily%20ü/o/`), region);
    assert.equal(bucket.prefix, 'daily ü/o/');
    assert.equal(
      objectUrl(bucket, "a/b+c#d?'").href,
      `${region}/n/ns/b/o/o/daily%20%C3%BC/o/a/b%2Bc%23d%3F'`,
    );
    const part = objectUrl(bucket, 'x', 'u', { uploadId: 'a b&c', uploadPartNum: '1' });
    assert.equal(
      part.pathname + part.search,
      '/n/ns/b/o/u/daily%20%C3%BC/o/x?uploadId=a%20b%26c&uploadPartNum=1',
    );
  });
});
