import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyPrefixOf } from './key-prefix.ts';

for (const [url, prefix] of [
  ['s3://bucket', ''],
  ['s3://bucket/', ''],
  ['s3://bucket/a', 'a/'],
  ['s3://bucket/a/b/', 'a/b/'],
  ['s3://bucket/a%20b%2541/%C3%BC', 'a b%41/ü/'],
  ['s3://bucket/a%2Fb%3F', 'a/b?/'],
] as const) {
  test(`${url} has the prefix ${JSON.stringify(prefix)}`, () => {
    assert.equal(keyPrefixOf(new URL(url)), prefix);
  });
}

for (const url of ['s3://bucket/a//b', 's3://bucket/a%2F..%2Fb', 's3://bucket/%E0', 's3://bucket/a%00']) {
  test(`${url} is refused`, () => {
    assert.throws(() => keyPrefixOf(new URL(url)), { code: 'location-invalid' });
  });
}
