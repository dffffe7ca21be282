import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from './errors.ts';
import { findTables, parseTableReference, type Referable } from './table-reference.ts';

const tables: readonly Referable[] = [
  { schema: 'hr', name: 'emp' },
  { schema: 'sales', name: 'emp' },
  { schema: 'hr', name: 'a.b' },
  { schema: 'hr', name: 'say "hi"' },
  {
    schema: 'hr',
    name: 'orders_2024_01',
    partOf: [
      { schema: 'hr', name: 'orders_2024' },
      { schema: 'hr', name: 'orders' },
    ],
  },
  { schema: 'hr', name: 'orders_2023', partOf: [{ schema: 'hr', name: 'orders' }] },
];
const find = (text: string, among = tables): string[] =>
  findTables(parseTableReference(text, 'f'), among, 'f').map(({ schema, name }) => `${schema}/${name}`);

describe('table reference', () => {
  it('is a name with or without a schema, in quotes or not', () => {
    assert.deepEqual(parseTableReference('hr.emp', 'f'), { text: 'hr.emp', schema: 'hr', name: 'emp' });
    assert.deepEqual(parseTableReference(' EMP ', 'f'), { text: ' EMP ', schema: null, name: 'EMP' });
    assert.equal(parseTableReference('"Odd" . name$1', 'f').schema, 'Odd');
    assert.deepEqual(parseTableReference('"a.b"', 'f'), { text: '"a.b"', schema: null, name: 'a.b' });
    assert.equal(parseTableReference('"say ""hi"""', 'f').name, 'say "hi"');
    assert.equal(parseTableReference('Größe', 'f').name, 'Größe');
  });

  it('is refused when it is something else', () => {
    for (const text of [
      '',
      '.',
      'a.b.c',
      'a b',
      '"a',
      '""',
      'a;b',
      '1a',
      'a.',
      '"a"b',
      'a\0',
      'x'.repeat(2_000),
    ]) {
      assert.throws(
        () => parseTableReference(text, 'query[0].table'),
        (error: unknown) =>
          error instanceof AppError && error.code === 'field-invalid' && error.field === 'query[0].table',
        text,
      );
    }
  });

  it('finds the table in its schema, or in every schema', () => {
    assert.deepEqual(find('hr.emp'), ['hr/emp']);
    assert.deepEqual(find('emp'), ['hr/emp', 'sales/emp']);
    assert.deepEqual(find('"a.b"'), ['hr/a.b']);
    assert.deepEqual(find('HR."say ""hi"""'), ['hr/say "hi"']);
  });

  it('finds all parts of a partitioned table, at every level', () => {
    assert.deepEqual(find('orders'), ['hr/orders_2024_01', 'hr/orders_2023']);
    assert.deepEqual(find('hr.orders_2024'), ['hr/orders_2024_01']);
  });

  it('compares without regard to case until names differ in case alone', () => {
    assert.deepEqual(find('Hr.EMP'), ['hr/emp']);
    const both = [...tables, { schema: 'hr', name: 'EMP' }];
    assert.deepEqual(find('hr.EMP', both), ['hr/EMP']);
    assert.deepEqual(find('hr.emp', both), ['hr/emp']);
    assert.throws(() => find('hr.Emp', both), AppError);
    // Other schemas do not matter to a name that is looked up in one.
    assert.deepEqual(find('sales.Emp', both), ['sales/emp']);
  });

  it('says what there is when nothing matches', () => {
    assert.throws(
      () => find('hr.nope'),
      (error: unknown) =>
        error instanceof AppError && /No table hr\.nope .* There are hr\.emp, sales\.emp/.test(error.message),
    );
    const many = Array.from({ length: 12 }, (_, i) => ({ schema: 's', name: `t${i}` }));
    assert.throws(
      () => find('t99', many),
      (error: unknown) => error instanceof AppError && error.message.endsWith('s.t9 and 2 more.'),
    );
  });
});
