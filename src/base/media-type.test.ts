import assert from 'node:assert/strict';
import { test } from 'node:test';
import { essenceOf, isJson, negotiate } from './media-type.ts';

test('the most wanted of the offered types is chosen, the first among equals', () => {
  const offered = ['application/json', 'text/plain'];
  const cases: readonly (readonly [string | undefined, string | null])[] = [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/plain', 'text/plain'],
    ['Text/Plain; charset=utf-8', 'text/plain'],
    ['text/*', 'text/plain'],
    ['text/html, text/plain;q=0.5, application/json;q=0.4', 'text/plain'],
    ['application/json;q=0, */*', 'text/plain'],
    ['*/*;q=0.1, text/plain;q=0', 'application/json'],
    ['text/html', null],
    ['application/json;q=0', null],
  ];
  for (const [accept, expected] of cases) assert.equal(negotiate(accept, offered), expected, accept);
});

test('parameters and case do not count', () => {
  assert.equal(essenceOf('Application/JSON ; charset=utf-8'), 'application/json');
  assert.ok(isJson('application/problem+json'));
  assert.ok(isJson('application/vnd.oai.openapi+json;version=3.0'));
  assert.ok(!isJson('application/jsonp'));
});
