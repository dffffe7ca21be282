import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canResumeHelp } from './errors.ts';

test('a resume is offered where the world may have changed, and not where the request is wrong', () => {
  for (const code of [
    'database-unreachable',
    'object-exists',
    'database-privilege',
    'preflight-failed',
    'internal',
  ]) {
    assert.equal(canResumeHelp(code), true, code);
  }
  for (const code of [
    'selection-empty',
    'field-invalid',
    'unsupported',
    'remap-impossible',
    'definitions-changed',
    'dump-damaged',
  ]) {
    assert.equal(canResumeHelp(code), false, code);
  }
  assert.equal(canResumeHelp('of-a-later-version'), true);
});
