import assert from 'node:assert/strict';
import { test } from 'node:test';
import { etagMatches, etagOf } from './etag.ts';

test('a tag is 88 characters of base64 in quotes and follows the representation', () => {
  assert.match(etagOf({ a: 1 }), /^"[A-Za-z0-9+/]{86}=="$/);
  assert.equal(etagOf({ a: 1 }), etagOf('{"a":1}'));
  assert.notEqual(etagOf({ a: 1 }), etagOf({ a: 2 }));
});

test('lists, weak marks and * match; other tags and unquoted words do not', () => {
  for (const header of ['"a"', 'W/"a"', '"x", "a"', '"x",W/"a"', ' * ']) {
    assert.ok(etagMatches(header, '"a"'), header);
    assert.ok(etagMatches(header, 'W/"a"'), header);
  }
  for (const header of ['"b"', 'a', '', '"a', '"a,b"']) assert.ok(!etagMatches(header, '"a"'), header);
});
