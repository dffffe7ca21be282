import assert from 'node:assert/strict';
import test from 'node:test';
import { retryAfter } from './retry-after.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

test('Retry-After is read in seconds and as a date', () => {
  const cases: readonly (readonly [string | undefined, object])[] = [
    ['0', { retryAfterMs: 0 }],
    ['120', { retryAfterMs: 120_000 }],
    [' 7 ', { retryAfterMs: 7000 }],
    ['Thu, 01 Jan 2026 00:00:30 GMT', { retryAfterMs: 30_000 }],
    ['Wed, 31 Dec 2025 23:00:00 GMT', { retryAfterMs: 0 }],
    ['soon', {}],
    ['', {}],
    [undefined, {}],
  ];
  for (const [text, expected] of cases)
    assert.deepEqual(retryAfter(text === undefined ? {} : { 'retry-after': text }, now), expected, text);
});
