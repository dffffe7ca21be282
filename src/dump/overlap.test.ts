import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layoutForExport } from './layout.ts';
import { layoutsOverlap } from './overlap.ts';

const overlap = (a: string | null, b: string | null) =>
  layoutsOverlap(layoutForExport(a, 'JOB'), layoutForExport(b, 'JOB'));

test('sets overlap when a file of one may have the name of a file of the other', () => {
  assert.equal(overlap('A%U.DMP', 'A%u.DMP'), true);
  assert.equal(overlap('A%U.DMP', 'A01.DMP'), true);
  assert.equal(overlap('A%U.DMP', 'A0%U.DMP'), false);
  assert.equal(overlap('%U1.DMP', '1%U.DMP'), true);
  assert.equal(overlap('one.dmp', 'one.dmp'), true);
  assert.equal(overlap(null, 'JOB'), true);
  assert.equal(overlap(null, 'OTHER'), false);
  assert.equal(overlap('A%U.DMP', 'B%U.DMP'), false);
});
