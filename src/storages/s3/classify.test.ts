import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { classify, faultOf } from './classify.ts';

/** As the client library throws it. */
const libraryError = (
  name: string,
  status: number,
  more: { readonly message?: string; readonly [field: string]: unknown } = {},
): Error => {
  const { message = 'Something is wrong.', ...fields } = more;
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status }, ...fields });
};

describe('errors of S3', () => {
  const table: readonly (readonly [string, number, ErrorCode, boolean])[] = [
    ['NoSuchBucket', 404, 'bucket-missing', false],
    ['NoSuchKey', 404, 'file-missing', false],
    ['NotFound', 404, 'file-missing', false],
    ['PreconditionFailed', 412, 'file-exists', false],
    ['InvalidRange', 416, 'dump-truncated', false],
    ['InvalidAccessKeyId', 403, 'storage-denied', false],
    ['SignatureDoesNotMatch', 403, 'storage-denied', false],
    ['AccessDenied', 403, 'storage-denied', false],
    ['RequestTimeTooSkewed', 403, 'storage-denied', false],
    ['ExpiredToken', 400, 'storage-denied', false],
    ['InvalidObjectState', 403, 'storage-denied', false],
    ['QuotaExceeded', 403, 'storage-full', false],
    ['EntityTooLarge', 413, 'storage-full', false],
    ['XMinioStorageFull', 507, 'storage-full', false],
    ['SlowDown', 503, 'storage-throttled', true],
    ['ServiceUnavailable', 503, 'storage-throttled', true],
    ['TooManyRequests', 429, 'storage-throttled', true],
    ['InternalError', 500, 'storage-failed', true],
    ['NoSuchUpload', 404, 'storage-failed', true],
    ['ConditionalRequestConflict', 409, 'storage-failed', true],
    ['BadDigest', 400, 'storage-failed', true],
    ['RequestTimeout', 400, 'storage-unreachable', true],
    ['PermanentRedirect', 301, 'location-invalid', false],
    ['VirtualHostDomainRequired', 403, 'location-invalid', false],
    ['InvalidBucketName', 400, 'location-invalid', false],
    ['InvalidStorageClass', 400, 'location-invalid', false],
    ['SomethingNew', 400, 'storage-failed', false],
    ['SomethingNew', 502, 'storage-failed', true],
    ['SomethingNew', 503, 'storage-throttled', true],
    ['constructor', 400, 'storage-failed', false],
  ];
  for (const [name, status, code, temporary] of table) {
    it(`${name} with ${status} is ${code}${temporary ? ', temporary' : ''}`, () => {
      const error = classify(libraryError(name, status), 'put', 's3://bucket/x');
      assert.equal(error.code, code);
      assert.equal(error.temporary, temporary);
      assert.equal(
        error.message,
        `s3://bucket/x cannot be written: the storage says ${name} (${status}): Something is wrong.`,
      );
    });
  }

  it('an answer without a body is told by its status', () => {
    const codes: readonly (readonly [number, ErrorCode, boolean])[] = [
      [401, 'storage-denied', false],
      [403, 'storage-denied', false],
      [404, 'file-missing', false],
      [429, 'storage-throttled', true],
      [500, 'storage-failed', true],
      [502, 'storage-failed', true],
      [503, 'storage-throttled', true],
      [504, 'storage-failed', true],
      [507, 'storage-full', false],
    ];
    for (const [status, code, temporary] of codes) {
      const bodyless = libraryError('Unknown', status, { message: 'UnknownError' });
      const error = classify(bodyless, 'stat', 's3://bucket/x');
      assert.equal(error.code, code);
      assert.equal(error.temporary, temporary);
      assert.equal(error.message, `s3://bucket/x cannot be looked at: the storage says ${status}.`);
    }
  });

  it('a bucket elsewhere is told with its region, from the document or the header', () => {
    const told = [
      libraryError('PermanentRedirect', 301, { Region: 'eu-west-1' }),
      libraryError('AuthorizationHeaderMalformed', 400, { Region: 'eu-west-1' }),
      libraryError('Unknown', 301, { $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } }),
      libraryError('400', 400, { $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } }),
    ];
    for (const error of told) {
      const { code, hint } = classify(error, 'list', 's3://bucket');
      assert.equal(code, 'location-invalid');
      assert.match(hint, /region=eu-west-1/);
    }
    const malformed = libraryError('AuthorizationHeaderMalformed', 400);
    assert.equal(classify(malformed, 'list', 's3://bucket').code, 'storage-denied');
  });

  it('says a wrong clock, and what to do', () => {
    assert.match(classify(libraryError('RequestTimeTooSkewed', 403), 'get', 's3://b/x').hint, /clock/);
  });

  for (const name of ['CredentialsProviderError', 'ProviderError']) {
    it(`${name}: keys that cannot be found are a denial, with the remedy`, () => {
      const { code, message, hint, temporary } = classify(
        Object.assign(new Error('Nobody has any'), { name }),
        'put',
        's3://b/x',
      );
      assert.equal(code, 'storage-denied');
      assert.equal(message, `s3://b/x cannot be written: no keys were found (${name}): Nobody has any.`);
      assert.match(hint, /give the machine a role/);
      assert.equal(temporary, false);
    });
  }

  it('is one sentence, whatever the server writes', () => {
    const odd = libraryError('InternalError', 500, { message: `We are\n sorry.\r\n${'x'.repeat(1000)}...` });
    const { message } = classify(odd, 'put', 's3://b/x');
    assert.match(message, /^[^\n]+\.$/);
    assert.ok(message.length < 500);
  });

  it('leaves out words that may quote the request', () => {
    const echoes = [
      'GET / HTTP/1.1 Host: h Authorization: AWS4-HMAC-SHA256 Credential=AKIAECHO/20260101',
      'You sent x-amz-content-sha256: UNSIGNED',
      'The canonical request is b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
      'The key AKIAECHO does not exist',
    ];
    for (const message of echoes) {
      const error = classify(libraryError('Teapot', 418, { message }), 'list', 's3://b', 'AKIAECHO');
      assert.equal(error.message, 's3://b cannot be listed: the storage says Teapot (418).');
    }
  });

  it('holds nothing of the request: a session token stands in the documents of some errors', () => {
    const error = classify(
      libraryError('SignatureDoesNotMatch', 403, { CanonicalRequest: 'x-amz-security-token:TOKEN' }),
      'put',
      's3://b/x',
    );
    assert.ok(!JSON.stringify([error.message, error.hint, error.context]).includes('TOKEN'));
    assert.equal(error.cause, undefined);
  });

  it('passes an AppError on, and takes anything', () => {
    const known = new AppError('file-exists', { message: 'x' });
    assert.equal(classify(known, 'put', 's3://b/x'), known);
    for (const odd of [null, undefined, 'text', 7, {}, new Error('boom')]) {
      assert.equal(classify(odd, 'get', 's3://b/x').code, 'storage-failed');
      assert.equal(faultOf(odd).status, null);
    }
  });
});
