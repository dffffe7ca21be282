import assert from 'node:assert/strict';
import test from 'node:test';
import { shownKey } from './shown-key.ts';

test('shows text as text, and other bytes escaped', () => {
  assert.equal(shownKey(Buffer.from('user:müller')), 'user:müller');
  assert.equal(shownKey(Buffer.from([0x61, 0xff, 0x0a])), 'a\\xff\\x0a');
  assert.equal(shownKey(Buffer.from('a\u001b[31m')), 'a\\x1b[31m');
});

test('cuts what is long, also within a character', () => {
  assert.equal(shownKey(Buffer.alloc(500, 'a')), `${'a'.repeat(100)}... (500 bytes)`);
  assert.match(shownKey(Buffer.from(`a${'ü'.repeat(300)}`)), /^aü+.*\.\.\. \(601 bytes\)$/);
});
