import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { faultOf, isSignatureOf, isSigned, readAuthorization, type WireRequest } from './signature.ts';

/* The test vector of the contract, which the vendor's own signer gives too (test/e2e/dataarts-sign-in.test.ts). */
const accessKey = 'PHEXAMPLEAK000000001';
const secret = 'phExampleSecretKey/0123456789abcdefABCDEF';
const signature = '27277be54dc561f523e1b9ce88bf2ea2d2bdfa36da02c835045b7ecacc8fc25d';
const signedHeaders = 'content-type;host;workspace;x-sdk-date';
const authorization = `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
const vector: WireRequest = {
  method: 'POST',
  url: '/v1/5b7d1f0c2a9e4c6d8f30a1b2c3d4e5f6/jobs/nightly_orders/export',
  headers: {
    'content-type': 'application/json',
    host: 'dayu-dlf.pump.example.net',
    workspace: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    'x-sdk-date': '20260214T093007Z',
    'user-agent': 'not signed',
  },
  body: Buffer.from('{"exportDepend":false,"exportStatus":"DEVELOP"}'),
};
const signedAt = Date.UTC(2026, 1, 14, 9, 30, 7);
const by = readAuthorization(authorization) ?? assert.fail('the header was not read');

const isRight = (change: Partial<WireRequest>, key = secret): boolean =>
  isSignatureOf({ ...vector, ...change }, by, key);
const fault = (change: Partial<WireRequest>, now = signedAt): string | null =>
  faultOf({ ...vector, ...change }, by, now);
const withHeader = (name: string, value: string | undefined): Partial<WireRequest> => ({
  headers: { ...vector.headers, [name]: value },
});

describe('the test vector of the contract', () => {
  it('is a signature of its request', () => {
    assert.equal(by.accessKey, accessKey);
    assert.equal(fault({}), null);
    assert.ok(isRight({}));
    assert.ok(isRight(withHeader('user-agent', 'another')));
    assert.ok(isRight(withHeader('workspace', '  0f1e2d3c4b5a69788796a5b4c3d2e1f0 ')));
  });

  it('is none with another secret', () => {
    for (const other of ['', 'x', secret.toLowerCase(), `${secret} `]) assert.ok(!isRight({}, other), other);
  });

  it('is none of another request', () => {
    const others: readonly Partial<WireRequest>[] = [
      { body: Buffer.from('{"exportDepend":false,"exportStatus":"SUBMIT"}') },
      { body: new Uint8Array() },
      { method: 'PUT' },
      { url: vector.url.replace('nightly', 'weekly') },
      { url: `${vector.url}?version=1` },
      { url: '' },
      withHeader('workspace', 'ffffffffffffffffffffffffffffffff'),
      withHeader('host', 'dayu-dlf.other.example.net'),
      withHeader('x-sdk-date', '20260214T093008Z'),
      withHeader('content-type', 'text/plain'),
    ];
    for (const other of others) assert.ok(!isRight(other), JSON.stringify(other));
  });

  it('is none by other headers', () => {
    for (const names of [
      ['host', 'x-sdk-date'],
      [...by.signedHeaders, 'user-agent'],
    ])
      assert.ok(!isSignatureOf(vector, { ...by, signedHeaders: names }, secret));
    for (const digit of [0, 31, 63]) {
      const changed = signature.replace(/./g, (letter, at: number) =>
        at === digit ? (letter === '0' ? '1' : '0') : letter,
      );
      assert.ok(!isSignatureOf(vector, { ...by, signature: changed }, secret));
    }
  });
});

describe('what is wrong before a signature is looked at', () => {
  const minute = 60_000;
  it('a clock more than 15 minutes off', () => {
    for (const off of [-15 * minute, 15 * minute, 0]) assert.equal(fault({}, signedAt + off), null);
    for (const off of [-15 * minute - 1, 15 * minute + 1, 365 * 24 * 60 * minute])
      assert.match(fault({}, signedAt + off) ?? '', /15 minutes/);
  });

  it('a date of another form', () => {
    for (const date of ['', '2026-02-14T09:30:07Z', '20260214T093007', '20261314T093007Z', 'x'])
      assert.match(fault(withHeader('x-sdk-date', date)) ?? '', /X-Sdk-Date/);
  });

  it('a date or host that is left open, a header that is not there', () => {
    assert.match(faultOf(vector, { ...by, signedHeaders: ['host'] }, signedAt) ?? '', /x-sdk-date/);
    assert.match(faultOf(vector, { ...by, signedHeaders: ['x-sdk-date'] }, signedAt) ?? '', /host/);
    assert.match(fault(withHeader('workspace', undefined)) ?? '', /workspace/);
  });

  it('a body that is not the one whose hash is named', () => {
    const hash = createHash('sha256').update(vector.body).digest('hex');
    assert.equal(fault(withHeader('x-sdk-content-sha256', hash.toUpperCase())), null);
    for (const other of ['UNSIGNED-PAYLOAD', '', createHash('sha256').update('').digest('hex')])
      assert.match(fault(withHeader('x-sdk-content-sha256', other)) ?? '', /hash of the body/);
  });
});

describe('the Authorization header', () => {
  it('is known by its first word', () => {
    for (const text of [authorization, 'sdk-hmac-sha256 x', 'SDK-HMAC-SHA256'])
      assert.ok(isSigned(text), text);
    for (const text of [undefined, '', 'Basic eDp5', 'SDK-HMAC-SHA2567 x']) assert.ok(!isSigned(text), text);
  });

  it('is read in any spacing, or not at all', () => {
    const tight = authorization.replaceAll(', ', ',');
    assert.deepEqual(readAuthorization(tight), by);
    assert.deepEqual(readAuthorization(authorization.replace(signature, signature.toUpperCase())), by);
    const broken = [
      'SDK-HMAC-SHA256',
      authorization.slice(0, -1),
      authorization.replace('Access', 'Credential'),
      authorization.replace(accessKey, "a'b"),
      authorization.replace(signedHeaders, ''),
    ];
    for (const text of broken) assert.equal(readAuthorization(text), null, text);
  });
});

describe('paths and queries', () => {
  /** A signature over a canonical path and query that are written down here. */
  const signedOver = (path: string, query: string): string => {
    const { method, headers, body } = vector;
    const names = signedHeaders.split(';');
    const canonical = [
      method,
      path,
      query,
      ...names.map((name) => `${name}:${headers[name]}`),
      '',
      signedHeaders,
      createHash('sha256').update(body).digest('hex'),
    ].join('\n');
    const hash = createHash('sha256').update(canonical).digest('hex');
    return createHmac('sha256', secret).update(`SDK-HMAC-SHA256\n20260214T093007Z\n${hash}`).digest('hex');
  };
  const accepts = (url: string, path: string, query = ''): boolean =>
    isSignatureOf({ ...vector, url }, { ...by, signature: signedOver(path, query) }, secret);

  it('a path is taken encoded once more, or once', () => {
    assert.ok(accepts('/jobs/a%20b', '/jobs/a%2520b/'));
    assert.ok(accepts('/jobs/a%20b', '/jobs/a%20b/'));
    assert.ok(accepts('/jobs/%E8%AE%A2', '/jobs/%25E8%25AE%25A2/'));
    assert.ok(accepts('/jobs/%E8%AE%A2', '/jobs/%E8%AE%A2/'));
    assert.ok(accepts("/jobs/a!*'()~", '/jobs/a%21%2A%27%28%29~/'));
    assert.ok(accepts('/jobs/%zz', '/jobs/%25zz/'));
    assert.ok(accepts('/jobs/', '/jobs/'));
    assert.ok(!accepts('/jobs/a%20b', '/jobs/a b/'));
    assert.ok(!accepts('/jobs/a', '/jobs/a'));
  });

  it('a query is sorted and encoded', () => {
    const url = '/jobs?limit=10&jobName=a%20b&offset=&jobName=%E8%AE%A2&x=1+2';
    assert.ok(accepts(url, '/jobs/', 'jobName=a%20b&jobName=%E8%AE%A2&limit=10&offset=&x=1%202'));
    assert.ok(!accepts(url, '/jobs/', 'limit=10&jobName=a%20b&offset=&jobName=%E8%AE%A2&x=1%202'));
  });
});
