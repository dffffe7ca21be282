import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRepeats } from './repeats.ts';

test('what was said is news again after a while', () => {
  let now = 0;
  const isNews = createRepeats(1000, () => now);
  assert.equal(isNews('a'), true);
  assert.equal(isNews('a'), false);
  assert.equal(isNews('b'), true);
  now = 1000;
  assert.equal(isNews('a'), false);
  now = 1001;
  assert.equal(isNews('a'), true);
  assert.equal(isNews('a'), false);
});
