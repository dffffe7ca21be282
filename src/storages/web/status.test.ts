import assert from 'node:assert/strict';
import test from 'node:test';
import { classifyStatus, ownCodeOf, type WebOperation } from './status.ts';

const cases: readonly (readonly [number, WebOperation, string, boolean])[] = [
  [400, 'put', 'storage-failed', false],
  [401, 'put', 'storage-denied', false],
  [403, 'get', 'storage-denied', false],
  [404, 'get', 'file-missing', false],
  [404, 'put', 'storage-unwritable', false],
  [405, 'put', 'storage-unwritable', false],
  [405, 'remove', 'storage-failed', false],
  [407, 'get', 'storage-denied', false],
  [408, 'put', 'storage-timeout', true],
  [409, 'put', 'storage-unwritable', false],
  [409, 'remove', 'storage-failed', false],
  [410, 'get', 'file-missing', false],
  [411, 'put', 'unsupported', false],
  [412, 'put', 'file-exists', false],
  [413, 'put', 'storage-unwritable', false],
  [414, 'put', 'file-name-invalid', false],
  [416, 'get', 'dump-truncated', false],
  [418, 'get', 'storage-failed', false],
  [423, 'put', 'storage-failed', true],
  [429, 'get', 'storage-throttled', true],
  [500, 'put', 'storage-failed', true],
  [501, 'put', 'storage-unwritable', false],
  [502, 'get', 'storage-failed', true],
  [503, 'get', 'storage-failed', true],
  [504, 'get', 'storage-timeout', true],
  [505, 'get', 'storage-failed', false],
  [507, 'put', 'storage-full', false],
];

for (const [status, operation, code, temporary] of cases) {
  test(`${status} of ${operation} is ${code}`, () => {
    const error = classifyStatus(status, operation, 'https://host/x');
    assert.equal(error.code, code);
    assert.equal(error.temporary, temporary);
    assert.match(error.message, new RegExp(`^https://host/x .+\\(${status}\\b[^)]*\\)\\.$`));
    assert.equal(error.operation, operation);
    assert.notEqual(error.hint, '');
  });
}

test("the message holds the server's own code", () => {
  const error = classifyStatus(403, 'put', 'https://host/x', 'SignatureDoesNotMatch');
  assert.match(error.message, /\(403 Forbidden, SignatureDoesNotMatch\)\.$/);
});

const documents: readonly (readonly [string, string | null])[] = [
  ['{"code":"BucketNotFound","message":"it is not there"}', 'BucketNotFound'],
  ['<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>', 'AccessDenied'],
  [
    '<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>Sabre\\DAV\\Exception\\NotFound</s:exception></d:error>',
    'Sabre\\DAV\\Exception\\NotFound',
  ],
  ['<html><body>403 Forbidden</body></html>', null],
  ['{"code":"with spaces and a secret"}', null],
  ['', null],
];

for (const [text, code] of documents) {
  test(`the own code of ${JSON.stringify(text.slice(0, 40))} is ${code}`, () => {
    assert.equal(ownCodeOf(text), code);
  });
}
