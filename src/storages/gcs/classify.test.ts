import assert from 'node:assert/strict';
import test from 'node:test';
import { classify, type GcsOperation } from './classify.ts';

const json = (message: string, reason: string): string =>
  JSON.stringify({ error: { code: 0, message, errors: [{ message, domain: 'global', reason }] } });

const cases: readonly (readonly [number, string, GcsOperation, string, boolean, RegExp])[] = [
  [
    401,
    json('Invalid Credentials', 'authError'),
    'get',
    'storage-denied',
    false,
    /refuses the token \(authError/,
  ],
  [401, json('Anonymous caller', 'required'), 'get', 'storage-denied', false, /not public/],
  [401, '', 'get', 'storage-denied', false, /refuses the token \(HTTP 401\)/],
  [403, json('No access', 'forbidden'), 'put', 'storage-denied', false, /may not do this \(forbidden/],
  [403, json('Held', 'retentionPolicyNotMet'), 'remove', 'storage-denied', false, /retention policy/],
  [403, '', 'put', 'storage-denied', false, /may not be accessed/],
  [403, json('Slow down', 'userRateLimitExceeded'), 'put', 'storage-throttled', true, /fewer requests/],
  [403, json('Quota', 'quotaExceeded'), 'put', 'storage-full', false, /quota/],
  [404, json('The specified bucket does not exist.', 'notFound'), 'put', 'bucket-missing', false, /notFound/],
  [404, json('The specified bucket does not exist.', 'notFound'), 'list', 'bucket-missing', false, /bucket/],
  [404, json('No such object: b/x', 'notFound'), 'get', 'file-missing', false, /does not exist/],
  [404, 'No such object: b/x', 'get', 'file-missing', false, /does not exist/],
  [404, '', 'put', 'storage-failed', true, /session has ended/],
  [410, '', 'put', 'storage-failed', true, /session has ended/],
  [412, json('Pre-conditions', 'conditionNotMet'), 'put', 'file-exists', false, /exists already/],
  [412, '', 'put', 'file-exists', false, /exists already/],
  [416, 'Requested range not satisfiable', 'get', 'dump-truncated', false, /shorter/],
  [429, json('Too many', 'rateLimitExceeded'), 'put', 'storage-throttled', true, /fewer requests/],
  [500, json('Backend', 'backendError'), 'put', 'storage-failed', true, /backendError/],
  [502, '<html>\nBad Gateway', 'put', 'storage-failed', true, /gateway/],
  [503, '', 'put', 'storage-throttled', true, /busy/],
  [503, json('Backend', 'backendError'), 'put', 'storage-failed', true, /backendError/],
  [504, '', 'put', 'storage-timeout', true, /gateway/],
  [
    400,
    json('Invalid argument.\nMore', 'invalid'),
    'put',
    'storage-failed',
    false,
    /Invalid argument \(invalid/,
  ],
  [302, '', 'get', 'storage-failed', false, /the storage failed \(HTTP 302\)/],
];

for (const [status, body, operation, code, temporary, message] of cases) {
  test(`${status} ${body.slice(0, 60)} of ${operation} is ${code}`, () => {
    const error = classify(status, body, operation, 'gs://b/x');
    assert.equal(error.code, code);
    assert.equal(error.temporary, temporary);
    assert.match(error.message, message);
    assert.match(error.message, /^gs:\/\/b\/x: [^\n]+\.$/);
    assert.equal(error.operation, operation);
    assert.notEqual(error.hint, '');
  });
}
