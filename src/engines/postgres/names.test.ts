import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { columnList, quoteIdentifier, quoteLiteral, quoteQualified } from './names.ts';

describe('names', () => {
  it('quotes identifiers, doubling quotes', () => {
    assert.equal(quoteIdentifier('a'), '"a"');
    assert.equal(quoteIdentifier('a"; DROP TABLE t; --'), '"a""; DROP TABLE t; --"');
    assert.equal(quoteQualified({ schema: 'S"x', name: 'Ünï 漢' }), '"S""x"."Ünï 漢"');
  });

  it('quotes literals, and says so when there is a backslash', () => {
    assert.equal(quoteLiteral("it's"), "'it''s'");
    assert.equal(quoteLiteral("\\' or 1=1"), "E'\\\\'' or 1=1'");
  });

  it('leaves the column list out when there are no columns', () => {
    assert.equal(columnList(['a', 'select']), ' ("a", "select")');
    assert.equal(columnList([]), '');
  });
});
