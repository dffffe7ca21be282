import assert from 'node:assert/strict';
import test from 'node:test';
import type { WebOperation } from '../../web/status.ts';
import { classifyOci } from './classify.ts';

const cases: readonly (readonly [number, string | null, WebOperation, string, boolean])[] = [
  [404, 'BucketNotFound', 'put', 'bucket-missing', false],
  [404, 'NamespaceNotFound', 'list', 'bucket-missing', false],
  [404, 'ObjectNotFound', 'get', 'file-missing', false],
  [404, 'NotAuthorizedOrNotFound', 'put', 'storage-denied', false],
  [401, 'NotAuthenticated', 'get', 'storage-denied', false],
  [403, 'NotAuthorized', 'remove', 'storage-denied', false],
  [412, 'IfNoneMatchFailed', 'put', 'file-exists', false],
  [400, 'QuotaExceeded', 'put', 'storage-full', false],
  [409, 'ConcurrentObjectUpdate', 'put', 'storage-failed', true],
  [429, 'TooManyRequests', 'get', 'storage-throttled', true],
  [500, 'InternalServerError', 'put', 'storage-failed', true],
  [503, null, 'put', 'storage-failed', true],
  [400, 'InvalidParameter', 'put', 'storage-failed', false],
];

for (const [status, ownCode, operation, code, temporary] of cases) {
  test(`${status} ${ownCode} of ${operation} is ${code}`, () => {
    const error = classifyOci(status, ownCode, operation, 'https://host/o/x');
    assert.equal(error.code, code);
    assert.equal(error.temporary, temporary);
    assert.match(error.message, /^https:\/\/host\/o\/x .+\.$/);
    assert.ok(error.message.includes(ownCode ?? String(status)));
  });
}
