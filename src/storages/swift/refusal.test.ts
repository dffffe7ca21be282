import assert from 'node:assert/strict';
import test from 'node:test';
import { wordsOf } from './refusal.ts';

const cases: readonly (readonly [number, string, string])[] = [
  [404, '<html><h1>Not Found</h1><p>The resource could not be found.</p></html>', 'Not Found'],
  [413, 'Upload exceeds quota.', 'Upload exceeds quota'],
  [
    401,
    '{"error":{"code":401,"message":"The request requires authentication.","title":"Unauthorized"}}',
    'The request requires authentication',
  ],
  [400, '{"Errors": [["c/x", "Etag Mismatch"]]}', '{"Errors": [["c/x", "Etag Mismatch"]]}'],
  [400, '{"error":', '{"error":'],
  [400, '<p>Some\r\n  lines\0of <b>words</b></p>', 'Some lines of words'],
  [500, '', 'Internal Server Error'],
  [498, '', 'without a word'],
  [500, 'x'.repeat(1000), 'x'.repeat(160)],
];

for (const [status, body, words] of cases) {
  test(`the words of ${status} ${JSON.stringify(body.slice(0, 60))}`, () => {
    assert.equal(wordsOf(status, body), words);
  });
}
