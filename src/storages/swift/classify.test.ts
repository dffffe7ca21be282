import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../../core/errors.ts';
import { classify, type SwiftOperation } from './classify.ts';
import { SwiftRefusal } from './refusal.ts';

const cases: readonly (readonly [number, string, SwiftOperation, string, boolean])[] = [
  [400, 'Bad Request', 'put', 'storage-failed', false],
  [401, 'Unauthorized', 'sign in', 'storage-denied', false],
  [401, 'Unauthorized', 'get', 'storage-denied', false],
  [403, 'Forbidden', 'sign in', 'storage-denied', false],
  [403, 'Forbidden', 'put', 'storage-denied', false],
  [404, 'Not Found', 'sign in', 'location-invalid', false],
  [404, 'Not Found', 'get', 'file-missing', false],
  [404, 'Not Found', 'put', 'bucket-missing', false],
  [404, 'Not Found', 'list', 'bucket-missing', false],
  [404, 'Not Found', 'sweep', 'bucket-missing', false],
  [405, 'Method Not Allowed', 'sign in', 'location-invalid', false],
  [405, 'Method Not Allowed', 'put', 'storage-failed', false],
  [408, 'Request Timeout', 'put', 'storage-timeout', true],
  [409, 'Conflict', 'put', 'storage-failed', true],
  [409, 'Conflict', 'get', 'dump-damaged', false],
  [412, 'Precondition Failed', 'put', 'file-exists', false],
  [413, 'Upload exceeds quota', 'put', 'storage-full', false],
  [413, 'Your request is too large', 'put', 'storage-failed', false],
  [416, 'Requested Range Not Satisfiable', 'get', 'dump-truncated', false],
  [422, 'Unprocessable Entity', 'put', 'storage-failed', true],
  [429, 'Too Many Requests', 'put', 'storage-throttled', true],
  [498, 'Slow down', 'put', 'storage-throttled', true],
  [500, 'Internal Error', 'get', 'storage-failed', true],
  [502, 'Bad Gateway', 'get', 'storage-failed', true],
  [503, 'Service Unavailable', 'sign in', 'storage-throttled', true],
  [503, 'Service Unavailable', 'list', 'storage-throttled', true],
  [504, 'Gateway Timeout', 'get', 'storage-timeout', true],
  [507, 'Insufficient Storage', 'put', 'storage-full', false],
];

for (const [status, words, operation, code, temporary] of cases) {
  test(`${status} ${words} of ${operation} is ${code}`, () => {
    const cause = new SwiftRefusal(status, words);
    const error = classify(cause, operation, 'swift://dumps/x');
    assert.equal(error.code, code);
    assert.equal(error.temporary, temporary);
    assert.match(error.message, /^swift:\/\/dumps\/x .+\.$/);
    assert.ok(error.message.endsWith(` (${status} ${words}).`), error.message);
    assert.equal(error.operation, operation);
    assert.deepEqual(error.context, { status });
    assert.equal(error.cause, cause);
    assert.notEqual(error.hint, '');
  });
}

test('an AppError stays as it is, an abort is one, anything else is storage-failed', () => {
  const own = new AppError('storage-unreachable', { message: 'Nobody answers.' });
  assert.equal(classify(own, 'put', 'x'), own);
  assert.equal(classify(new DOMException('stop', 'AbortError'), 'put', 'x').code, 'aborted');
  const other = classify('a text', 'put', 'x');
  assert.deepEqual([other.code, other.message, other.temporary], ['storage-failed', 'x: a text.', false]);
});
