import assert from 'node:assert/strict';
import test from 'node:test';
import type { AppError } from '../core/errors.ts';
import { readReadOptions } from './read-options.ts';

const table = 'hr.emp';
const place = { table, column: 'email' };

test('without options everything is read as it is', () => {
  assert.deepEqual(readReadOptions({}), {
    content: 'all',
    consistency: 'snapshot',
    include: [],
    exclude: [],
    queries: [],
    samples: [],
    excludeColumns: [],
    masks: [],
  });
});

test('options are taken as given, and null ones are absent', () => {
  assert.deepEqual(
    readReadOptions({
      content: 'data_only',
      consistency: 'table',
      include: [{ type: 'TABLE' }, { type: 'INDEX', nameExpression: "LIKE 'A%'" }],
      exclude: null,
      queries: [{ table, where: 'a = 1' }],
      samples: [{ percent: 5 }, { table, percent: 100 }],
      excludeColumns: [{ table, columns: ['a', 'b'] }],
      masks: [
        { ...place, method: 'null', value: null },
        { ...place, method: 'constant', value: '' },
        { ...place, method: 'hash' },
        { ...place, method: 'partial', keepLast: 4 },
      ],
    }),
    {
      content: 'data_only',
      consistency: 'table',
      include: [
        { type: 'TABLE', nameExpression: null },
        { type: 'INDEX', nameExpression: "LIKE 'A%'" },
      ],
      exclude: [],
      queries: [{ table, where: 'a = 1' }],
      samples: [
        { table: null, percent: 5 },
        { table, percent: 100 },
      ],
      excludeColumns: [{ table, columns: ['a', 'b'] }],
      masks: [
        { ...place, mask: { method: 'null' } },
        { ...place, mask: { method: 'constant', value: '' } },
        { ...place, mask: { method: 'hash' } },
        { ...place, mask: { method: 'partial', keepFirst: 0, keepLast: 4 } },
      ],
    },
  );
});

const percents = [0, -1, 100.1, Number.NaN, Number.POSITIVE_INFINITY, '5', true, null, undefined];
const kept = [-1, 1.5, 1001, '2', true];

const wrong: readonly (readonly [input: Readonly<Record<string, unknown>>, field: string])[] = [
  [{ content: 'rows' }, 'content'],
  [{ content: 7 }, 'content'],
  [{ consistency: 'none' }, 'consistency'],
  [{ include: 'INDEX' }, 'include'],
  [{ include: ['INDEX'] }, 'include[0]'],
  [{ include: [{}] }, 'include[0].type'],
  [{ include: [{ type: '' }] }, 'include[0].type'],
  [{ include: [{ type: 'x'.repeat(64) }] }, 'include[0].type'],
  [{ exclude: [{ type: 'INDEX', nameExpression: 7 }] }, 'exclude[0].name_expression'],
  [{ exclude: Array.from({ length: 1001 }, () => ({ type: 'INDEX' })) }, 'exclude'],
  [{ queries: {} }, 'query'],
  [{ queries: [null] }, 'query[0]'],
  [{ queries: [{ where: 'a = 1' }] }, 'query[0].table'],
  [{ queries: [{ table: 'x'.repeat(601), where: 'a = 1' }] }, 'query[0].table'],
  [{ queries: [{ table }] }, 'query[0].where'],
  [
    {
      queries: [
        { table, where: 'a = 1' },
        { table, where: 7 },
      ],
    },
    'query[1].where',
  ],
  [{ queries: [{ table, where: 'a = \0' }] }, 'query[0].where'],
  [{ queries: [{ table, where: 'x'.repeat(32_769) }] }, 'query[0].where'],
  [{ samples: [5] }, 'sample[0]'],
  [{ samples: [{ table: 7, percent: 5 }] }, 'sample[0].table'],
  ...percents.map((percent) => [{ samples: [{ percent }] }, 'sample[0].percent'] as const),
  [{ excludeColumns: [{ columns: ['a'] }] }, 'exclude_columns[0].table'],
  [{ excludeColumns: [{ table }] }, 'exclude_columns[0].columns'],
  [{ excludeColumns: [{ table, columns: [] }] }, 'exclude_columns[0].columns'],
  [{ excludeColumns: [{ table, columns: 'a' }] }, 'exclude_columns[0].columns'],
  [{ excludeColumns: [{ table, columns: ['a', 7] }] }, 'exclude_columns[0].columns[1]'],
  [{ masks: [{ column: 'email', method: 'hash' }] }, 'mask[0].table'],
  [{ masks: [{ table, method: 'hash' }] }, 'mask[0].column'],
  [{ masks: [place] }, 'mask[0].method'],
  [{ masks: [{ ...place, method: 'rot13' }] }, 'mask[0].method'],
  [{ masks: [{ ...place, method: 'constant' }] }, 'mask[0].value'],
  [{ masks: [{ ...place, method: 'constant', value: 7 }] }, 'mask[0].value'],
  [{ masks: [{ ...place, method: 'constant', value: 'x'.repeat(4097) }] }, 'mask[0].value'],
  [{ masks: [{ ...place, method: 'hash', value: 'x' }] }, 'mask[0].value'],
  [{ masks: [{ ...place, method: 'null', keepFirst: 1 }] }, 'mask[0].keep_first'],
  [{ masks: [{ ...place, method: 'constant', value: 'x', keepLast: 1 }] }, 'mask[0].keep_last'],
  ...kept.flatMap((count) => [
    [{ masks: [{ ...place, method: 'partial', keepFirst: count }] }, 'mask[0].keep_first'] as const,
    [{ masks: [{ ...place, method: 'partial', keepLast: count }] }, 'mask[0].keep_last'] as const,
  ]),
];

for (const [index, [input, field]] of wrong.entries()) {
  test(`case ${index}: ${field} is refused by name, with what to give instead`, () => {
    assert.throws(
      () => readReadOptions(input),
      (error: AppError) => {
        assert.deepEqual([error.code, error.field], ['field-invalid', field], error.message);
        assert.ok(error.message.includes(field), error.message);
        assert.notEqual(error.hint, '');
        assert.ok(error.message.length < 300, 'a long value is not repeated');
        return true;
      },
    );
  });
}
