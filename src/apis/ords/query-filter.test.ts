import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../core/errors.ts';
import { type Columns, parseQueryFilter } from './query-filter.ts';
import { compareRows, like, matches, type Row } from './query-match.ts';

const columns: Columns = { name: 'string', size: 'number', made: 'date' };

const select = (filter: unknown, rows: readonly Row[]): readonly Row[] => {
  const { where, order } = parseQueryFilter(JSON.stringify(filter), columns);
  return rows.filter((row) => matches(where, row, columns)).sort((a, b) => compareRows(a, b, order, columns));
};

const rows: readonly Row[] = [
  { name: 'Ann', size: 1, made: '2026-02-14T09:30:07.000Z' },
  { name: 'bob', size: 2, made: '2026-02-15T09:30:07.000Z' },
  { name: 'b%b', size: 2, made: null },
  { name: null, size: 4, made: '2025-01-01T00:00:00.000Z' },
];
const namesOf = (filter: unknown): readonly unknown[] => select(filter, rows).map(({ name }) => name);

describe('the operators of q', () => {
  const cases: readonly [unknown, readonly unknown[]][] = [
    [{}, ['Ann', 'bob', 'b%b', null]],
    [{ name: 'Ann' }, ['Ann']],
    [{ NAME: 'Ann' }, ['Ann']],
    [{ name: { $eq: 'Ann' } }, ['Ann']],
    [{ name: { $ne: 'Ann' } }, ['bob', 'b%b']],
    [{ size: 2, name: 'bob' }, ['bob']],
    [{ size: { $lt: 2 } }, ['Ann']],
    [{ size: { $lte: 2 } }, ['Ann', 'bob', 'b%b']],
    [{ size: { $gt: 2 } }, [null]],
    [{ size: { $gte: 2 } }, ['bob', 'b%b', null]],
    [{ size: { $between: [2, 3] } }, ['bob', 'b%b']],
    [{ size: { $between: [null, 1] } }, ['Ann']],
    [{ size: { $between: [3, null] } }, [null]],
    [{ size: [{ $gt: 1 }, { $lt: 4 }] }, ['bob', 'b%b']],
    [{ size: [1, 4] }, ['Ann', null]],
    [{ size: { $gt: 1, $lt: 4 } }, ['bob', 'b%b']],
    [{ size: { $or: [{ $lt: 2 }, { $gt: 3 }] } }, ['Ann', null]],
    [{ size: { $and: [{ $gt: 1 }, { $lt: 4 }] } }, ['bob', 'b%b']],
    [{ $or: [{ name: 'Ann' }, { size: 4 }] }, ['Ann', null]],
    [{ $and: [{ size: 2 }, { $or: [{ name: 'bob' }, { name: 'Ann' }] }] }, ['bob']],
    [{ name: { $instr: 'b' } }, ['bob', 'b%b']],
    [{ name: { $instr: 'B' } }, []],
    [{ name: { $ninstr: 'b' } }, ['Ann']],
    [{ name: { $like: 'b%' } }, ['bob', 'b%b']],
    [{ name: { $like: 'B%' } }, []],
    [{ name: { $like: '_nn' } }, ['Ann']],
    [{ name: { $null: null } }, [null]],
    [{ name: { $notnull: null } }, ['Ann', 'bob', 'b%b']],
    [{ made: { $date: '2026-02-14T09:30:07Z' } }, ['Ann']],
    [{ made: { $date: '2026-02-14T10:30:07+01:00' } }, ['Ann']],
    [{ made: { $gt: { $date: '2026-02-14T09:30:07Z' } } }, ['bob']],
    [{ made: { $between: [null, { $date: '2026-01-01' }] } }, [null]],
    [{ $orderby: { size: 'DESC', name: 1 } }, [null, 'b%b', 'bob', 'Ann']],
    [{ $orderby: { name: 'asc' } }, ['Ann', 'b%b', 'bob', null]],
    [{ $orderby: { name: '-1' } }, [null, 'bob', 'b%b', 'Ann']],
    [{ $orderby: { made: 'desc' }, size: 2 }, ['b%b', 'bob']],
  ];
  for (const [filter, expected] of cases) {
    it(JSON.stringify(filter), () => assert.deepEqual(namesOf(filter), expected));
  }
});

describe('a malformed q is refused by name', () => {
  const cases: readonly [string, RegExp][] = [
    ['{state', /^The filter object in q is not valid JSON\.$/],
    ['', /not valid JSON/],
    ['[1]', /must be a JSON object, not \[1\]/],
    ['"x"', /must be a JSON object/],
    ['null', /must be a JSON object/],
    ['{"colour":1}', /unknown column "colour"/],
    ['{"__proto__":1}', /unknown column "__proto__"/],
    ['{"constructor":1}', /unknown column "constructor"/],
    ['{"$nor":[]}', /no operator "\$nor"/],
    ['{"$asof":{"$date":"2026-01-01"}}', /asks for \$asof/],
    ['{"$orderby":"size"}', /\$orderby in q must be an object/],
    ['{"$orderby":{"colour":1}}', /unknown column "colour"/],
    ['{"$orderby":{"size":"UP"}}', /size must be "ASC", "DESC", 1 or -1, not "UP"/],
    ['{"$orderby":{"size":2}}', /not 2/],
    ['{"size":"2"}', /\$eq of size takes a number, not "2"/],
    ['{"name":2}', /\$eq of name takes a string, not 2/],
    ['{"name":null}', /takes a string, not null/],
    ['{"name":true}', /takes a string, not true/],
    ['{"name":{}}', /the object of name is empty/],
    ['{"name":[]}', /the array of name is empty/],
    ['{"name":{"$in":["a"]}}', /unknown operator "\$in"/],
    ['{"name":{"$nlike":"a"}}', /unknown operator "\$nlike"/],
    ['{"name":{"$not":{"$eq":"a"}}}', /unknown operator "\$not"/],
    ['{"name":{"$lt":"a"}}', /\$lt compares numbers and dates, and name is a string/],
    ['{"name":{"$between":["a","b"]}}', /\$between compares numbers and dates/],
    ['{"size":{"$like":"a"}}', /\$like tests strings, and size is a number/],
    ['{"name":{"$instr":1}}', /\$instr of name takes a string, not 1/],
    ['{"size":{"$between":[1]}}', /array of two values/],
    ['{"size":{"$between":[null,null]}}', /null on both sides/],
    ['{"size":{"$between":["1",2]}}', /\$between of size takes a number/],
    ['{"size":{"$null":1}}', /\$null of size takes null/],
    ['{"made":"2026-01-01"}', /takes a date, not "2026-01-01"/],
    ['{"made":{"$date":"yesterday"}}', /takes a date/],
    ['{"made":{"$date":"2026-13-45"}}', /takes a date/],
    ['{"made":{"$date":"2026-01-01","x":1}}', /takes a date/],
    ['{"size":{"$date":"2026-01-01"}}', /takes a number/],
    ['{"$or":{"size":1}}', /\$or in q takes an array/],
    ['{"$and":[]}', /at least one element/],
    ['{"$and":[1]}', /\$and in q takes objects, not 1/],
    ['{"$and":[{}]}', /holds an empty object/],
    [`${'{"$and":['.repeat(40)}{"size":1}${']}'.repeat(40)}`, /nested deeper than 32/],
    [`{"size":${'['.repeat(40)}1${']'.repeat(40)}}`, /nested deeper than 32/],
  ];
  for (const [text, message] of cases) {
    it(text.slice(0, 60), () => {
      assert.throws(
        () => parseQueryFilter(text, columns),
        (error) =>
          error instanceof AppError &&
          error.code === 'filter-invalid' &&
          error.field === 'q' &&
          message.test(error.message),
      );
    });
  }
});

/** A filter with the predicate that it stands for, written down independently of the parser. */
interface Sample {
  readonly filter: Record<string, unknown>;
  readonly holds: (row: Row) => boolean;
}

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '%', '_'), maxLength: 4 });
const number = fc.integer({ min: -3, max: 3 });
const known = (value: Row[string]): value is string | number => value !== null && value !== undefined;

const numberTest: fc.Arbitrary<Sample> = fc.oneof(
  number.map((n): Sample => ({ filter: { size: n }, holds: ({ size }) => size === n })),
  number.map(
    (n): Sample => ({
      filter: { size: { $ne: n } },
      holds: ({ size }) => typeof size === 'number' && size !== n,
    }),
  ),
  number.map(
    (n): Sample => ({
      filter: { size: { $gte: n } },
      holds: ({ size }) => typeof size === 'number' && size >= n,
    }),
  ),
  number.map(
    (n): Sample => ({
      filter: { size: { $lt: n } },
      holds: ({ size }) => typeof size === 'number' && size < n,
    }),
  ),
  fc.tuple(number, number).map(
    ([a, b]): Sample => ({
      filter: { size: { $between: [a, b] } },
      holds: ({ size }) => typeof size === 'number' && size >= a && size <= b,
    }),
  ),
  fc.constant<Sample>({ filter: { size: { $null: null } }, holds: ({ size }) => !known(size) }),
);
const textTest: fc.Arbitrary<Sample> = fc.oneof(
  word.map((w): Sample => ({ filter: { name: w }, holds: ({ name }) => name === w })),
  fc
    .array(word, { minLength: 1, maxLength: 3 })
    .map(
      (w): Sample => ({ filter: { name: w }, holds: ({ name }) => w.includes(String(name)) && known(name) }),
    ),
  word.map(
    (w): Sample => ({
      filter: { name: { $instr: w } },
      holds: ({ name }) => typeof name === 'string' && name.includes(w),
    }),
  ),
  word.map(
    (w): Sample => ({
      filter: { name: { $like: w } },
      holds: ({ name }) => typeof name === 'string' && likePattern(w).test(name),
    }),
  ),
  fc.constant<Sample>({ filter: { name: { $notnull: null } }, holds: ({ name }) => known(name) }),
);
const likePattern = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('%', '[^]*').replaceAll('_', '[^]')}$`);

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 4 },
    numberTest,
    textTest,
    fc.array(tie('sample'), { minLength: 1, maxLength: 3 }).map(
      (parts): Sample => ({
        filter: { $and: parts.map(({ filter }) => filter) },
        holds: (row) => parts.every(({ holds }) => holds(row)),
      }),
    ),
    fc.array(tie('sample'), { minLength: 1, maxLength: 3 }).map(
      (parts): Sample => ({
        filter: { $or: parts.map(({ filter }) => filter) },
        holds: (row) => parts.some(({ holds }) => holds(row)),
      }),
    ),
  ),
}));
const anyRow: fc.Arbitrary<Row> = fc.record({
  name: fc.option(word, { nil: null }),
  size: fc.option(number, { nil: null }),
  made: fc.constant(null),
});

describe('any filter', () => {
  it('selects what its parts say', () => {
    fc.assert(
      fc.property(sample, fc.array(anyRow, { maxLength: 12 }), ({ filter, holds }, some) => {
        assert.deepEqual(select(filter, some), some.filter(holds));
      }),
    );
  });

  it('throws nothing but filter-invalid', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          parseQueryFilter(text, columns);
        } catch (error) {
          assert.ok(error instanceof AppError && error.code === 'filter-invalid');
        }
      }),
    );
  });

  it('sorts by all keys, and keeps the order of equals', () => {
    fc.assert(
      fc.property(fc.array(anyRow), (some) => {
        const sorted = select({ $orderby: { size: 'DESC', name: 'ASC' } }, some);
        for (const [index, row] of sorted.slice(1).entries()) {
          const before = sorted[index] as Row;
          const larger = (value: Row[string]) => (known(value) ? Number(value) : Number.POSITIVE_INFINITY);
          assert.ok(larger(before.size) >= larger(row.size));
          if (before.size === row.size && known(before.name) && known(row.name))
            assert.ok(before.name <= row.name);
          if (before.size === row.size && !known(before.name)) assert.ok(!known(row.name));
        }
      }),
    );
  });
});

describe('like', () => {
  it('does not blow up on hostile patterns', () => {
    assert.equal(like('a'.repeat(2000), `${'%a'.repeat(500)}b`), false);
  });
});
