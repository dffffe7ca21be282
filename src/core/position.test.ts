import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAfter, isPosition } from './position.ts';

describe('positions', () => {
  it('are compared as numbers, whatever their length and case', () => {
    const ascending = ['0/0', '0/9', '0/A', '0/1A2B3C4', '0/FFFFFFFF', '1/0', 'A/0', '10/1', 'FFFFFFFF/0'];
    for (const [at, one] of ascending.entries()) {
      for (const [place, other] of ascending.entries()) assert.equal(isAfter(one, other), at > place);
    }
    assert.equal(isAfter('0/1a', '0/1A'), false);
    assert.equal(isAfter('00000000/0000001B', '0/1A'), true);
  });

  it('are told from other texts', () => {
    assert.ok(isPosition('0/1A2B3C4'));
    for (const text of ['', '/', '0/', '/0', '4711', '0/G', '0/123456789', ' 0/1', '0/1\n', '0/1/2']) {
      assert.equal(isPosition(text), false, text);
      assert.throws(() => isAfter(text, '0/0'), RangeError);
    }
  });
});
