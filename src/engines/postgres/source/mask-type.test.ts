import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashBits, maskTypeOf, takesMask } from './mask-type.ts';

describe('mask type', () => {
  it('is read off the name that the server gives a type', () => {
    for (const [type, expected] of [
      ['text', { family: 'text', limit: null, foldsCase: false }],
      ['bpchar', { family: 'text', limit: null, foldsCase: false }],
      ['character varying', { family: 'text', limit: null, foldsCase: false }],
      ['character varying(20)', { family: 'text', limit: 20, foldsCase: false }],
      ['character(3)', { family: 'text', limit: 3, foldsCase: false }],
      ['public.citext', { family: 'text', limit: null, foldsCase: true }],
      ['smallint', { family: 'integer', bits: 15 }],
      ['bigint', { family: 'integer', bits: 63 }],
      ['numeric', { family: 'numeric', digits: null, scale: 0 }],
      ['numeric(10,2)', { family: 'numeric', digits: 10, scale: 2 }],
      ['numeric(3,-2)', { family: 'numeric', digits: 3, scale: -2 }],
      ['uuid', { family: 'uuid' }],
      ['bytea', { family: 'bytes' }],
    ] as const) {
      assert.deepEqual(maskTypeOf(type), expected, type);
      assert.ok(takesMask(maskTypeOf(type), { method: 'hash' }), type);
    }
  });

  it('has no hash and no part for what is not known', () => {
    for (const type of [
      'text[]',
      '"char"',
      'date',
      'jsonb',
      'hr.text',
      'real',
      'character varying(20)[]',
      'hr."x.citext"',
    ]) {
      const known = maskTypeOf(type);
      assert.deepEqual(known, { family: 'other' }, type);
      assert.ok(!takesMask(known, { method: 'hash' }));
      assert.ok(!takesMask(known, { method: 'partial', keepFirst: 1, keepLast: 1 }));
      assert.ok(takesMask(known, { method: 'null' }));
      assert.ok(takesMask(known, { method: 'constant', value: '' }));
    }
    assert.ok(!takesMask(maskTypeOf('bigint'), { method: 'partial', keepFirst: 1, keepLast: 1 }));
  });

  it('says how many values a hash can have, unless it keeps all apart', () => {
    assert.equal(hashBits(maskTypeOf('character(3)')), 12);
    assert.equal(hashBits(maskTypeOf('text')), 256);
    assert.equal(hashBits(maskTypeOf('integer')), null);
    assert.equal(hashBits(maskTypeOf('numeric(18,4)')), null);
    assert.ok((hashBits(maskTypeOf('numeric(19,4)')) ?? 0) > 59);
  });
});
