import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layoutForExport } from './layout.ts';
import { namesOfSet, setsOverlap } from './overlap.ts';

const at = (place: string, filePattern: string | null) => ({
  place,
  layout: layoutForExport(filePattern, 'JOB'),
});

test('sets overlap when a file of one may have the name of a file of the other', () => {
  const overlap = (a: string | null, b: string | null) => setsOverlap(at('file:///d', a), at('file:///d', b));
  assert.equal(overlap('A%U.DMP', 'A%u.DMP'), true);
  assert.equal(overlap('A%U.DMP', 'A01.DMP'), true);
  assert.equal(overlap('A%U.DMP', 'A0%U.DMP'), false);
  assert.equal(overlap('%U1.DMP', '1%U.DMP'), true);
  assert.equal(overlap('one.dmp', 'one.dmp'), true);
  assert.equal(overlap(null, 'JOB'), true);
  assert.equal(overlap(null, 'OTHER'), false);
  assert.equal(overlap('A%U.DMP', 'B%U.DMP'), false);
  assert.equal(overlap('A%I_%N.rdb', 'A%i_%n.rdb'), true);
  assert.equal(overlap('A%I_%N.rdb', 'A7_of.rdb'), false);
  assert.equal(overlap('A%I_%N.rdb', 'A7_9.rdb'), true);
  assert.equal(overlap('A7_%U.rdb', 'A%I_%N.rdb'), true);
  assert.equal(overlap('A%I_%N.rdb', 'B%I_%N.rdb'), false);
});

test('a place counts, and a folder may be one itself', () => {
  assert.equal(setsOverlap(at('file:///d', 'one.dmp'), at('file:///e', 'one.dmp')), false);
  const whole = (place: string) => ({ place, layout: { form: 'folder', folder: '' } as const });
  assert.equal(setsOverlap(at('s3://b/p', 'JOB'), whole('s3://b/p/JOB')), true);
  assert.equal(setsOverlap(at('s3://b/p/', null), whole('s3://b/p/JOB/')), true);
  assert.equal(setsOverlap(at('s3://b/p', 'OTHER'), whole('s3://b/p/JOB')), false);
});

test('sets that overlap are found by what their names begin with', () => {
  const part = fc.constantFrom('A', 'A0', '1', '01', 'x');
  const pattern = fc.oneof(
    fc.constant(null),
    part,
    fc.tuple(part, part).map(([before, after]) => `${before}%U${after}`),
    fc.tuple(part, part).map(([before, after]) => `${before}%I_%N${after}`),
  );
  const set = fc
    .tuple(fc.constantFrom('s3://b', 's3://b/', 's3://b/JOB', 's3://b/A'), pattern)
    .map(([place, name]) => at(place, name));
  fc.assert(
    fc.property(set, set, (a, b) => {
      if (!setsOverlap(a, b)) return;
      const [one, other] = [namesOfSet(a), namesOfSet(b)];
      assert.ok(
        one.top === other.top ||
          (one.isPattern && other.top.startsWith(one.top)) ||
          (other.isPattern && one.top.startsWith(other.top)),
      );
    }),
    { numRuns: 3000 },
  );
});
