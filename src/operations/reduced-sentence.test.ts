import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Reduction } from '../core/read-rules.ts';
import { reducedLines, reducedSentence } from './reduced-sentence.ts';

const table = (name: string, ...reduced: readonly Reduction[]) => ({ schema: 'hr', name, reduced });

describe('what a set does not hold of its source', () => {
  it('is nothing when every row and column went as it was', () => {
    assert.equal(reducedSentence([table('emp'), { schema: 'hr', name: 'dept' }]), null);
    assert.deepEqual(reducedLines([table('emp')]), []);
  });

  it('is counted by kind, and the tables are named', () => {
    const tables = [
      table('a', 'filtered', 'masked'),
      table('b', 'filtered', 'sampled'),
      table('c', 'columns'),
    ];
    assert.equal(
      reducedSentence([...tables, table('whole')]),
      'Rows of 2 tables are filtered, of 1 sampled; columns of 1 table are masked, of 1 left out: hr.a, hr.b, hr.c.',
    );
    assert.equal(reducedSentence([table('c', 'columns')]), 'Columns of 1 table are left out: hr.c.');
  });

  it('names ten tables at most', () => {
    const tables = Array.from({ length: 12 }, (_, i) => table(`t${i}`, 'sampled'));
    assert.match(
      reducedSentence(tables) ?? '',
      /^Rows of 12 tables are sampled: hr\.t0, .*hr\.t9 and 2 more\.$/,
    );
  });

  it('is a warning for who imports the set', () => {
    const [line] = reducedLines([table('c', 'masked')]);
    assert.deepEqual(
      [line?.level, line?.message],
      ['warn', 'The dump set does not hold all that its source had. Columns of 1 table are masked: hr.c.'],
    );
  });
});
