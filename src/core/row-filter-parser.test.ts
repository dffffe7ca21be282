import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from './errors.ts';
import { bothFilters, pinClock, type RowFilter } from './row-filter.ts';
import { parseRowFilter } from './row-filter-parser.ts';

const parse = (text: string): Promise<RowFilter> => parseRowFilter(text, 'query[0].where');
const column = (name: string): RowFilter => ({ kind: 'column', table: null, name });
const number = (text: string): RowFilter => ({ kind: 'number', text });
const string = (value: string): RowFilter => ({ kind: 'string', value });

async function refusal(text: string): Promise<AppError> {
  try {
    const filter = await parse(text);
    return assert.fail(`${text.slice(0, 80)} became ${JSON.stringify(filter).slice(0, 200)}`);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, 'expression-invalid');
    assert.equal(error.field, 'query[0].where');
    return error;
  }
}

describe('row filter', () => {
  it('is the tree of a predicate', async () => {
    assert.deepEqual(
      await parse("salary > 1000 AND (emp.dept IN (1, -2) AND NOT name LIKE 'A!%' ESCAPE '!')"),
      {
        kind: 'and',
        operands: [
          { kind: 'compare', operator: '>', left: column('salary'), right: number('1000') },
          {
            kind: 'in',
            negated: false,
            operand: { kind: 'column', table: 'emp', name: 'dept' },
            items: [number('1'), number('-2')],
          },
          {
            kind: 'not',
            operand: {
              kind: 'like',
              negated: false,
              ignoreCase: false,
              operand: column('name'),
              pattern: string('A!%'),
              escape: string('!'),
            },
          },
        ],
      },
    );
  });

  it('takes names as SQL does, and constants of every kind', async () => {
    assert.deepEqual(await parse('Active'), column('active'));
    assert.deepEqual(await parse('"Active"'), column('Active'));
    assert.deepEqual(await parse("E'a\\nb' <> 'it''s'"), {
      kind: 'compare',
      operator: '<>',
      left: string('a\nb'),
      right: string("it's"),
    });
    for (const [text, filter] of [
      ['0', number('0')],
      ['1.50e3', number('1.50e3')],
      ['99999999999999999999', number('99999999999999999999')],
      ['true', { kind: 'boolean', value: true }],
      ['false', { kind: 'boolean', value: false }],
      ['null', { kind: 'null' }],
      ["date '2024-01-01'", { kind: 'cast', type: 'date', operand: string('2024-01-01') }],
      ["'5'::bigint", { kind: 'cast', type: 'int8', operand: string('5') }],
    ] as const) {
      assert.deepEqual(await parse(text), filter, text);
    }
  });

  it('has everything that is on the list', async () => {
    for (const text of [
      'a = 1 or b <> 2 or not c',
      'a is null and b is not null and c is true and d is not unknown',
      'a is distinct from b or a is not distinct from 3',
      'a between 1 and 2 or a not between 3 and 4',
      "a not in ('x', 'y') or a ilike '%x' or a not like 'y_'",
      'a + b * 2 - c / d % 3 > -e',
      "a || 'x' = b",
      "case when a > 1 then 'x' else b end = 'x' and case a when 1 then true end",
      "coalesce(a, b, 'x') = nullif(b, '') and greatest(a, b) > least(c, d)",
      "lower(a) = upper(b) and length(a) > 3 and trim(a) = trim(leading 'x' from b)",
      "substring(a from 1 for 2) = left(b, 2) or substr(a, 2) = right(b, 1) or position('x' in a) > 0",
      'abs(a) > round(b, 2) or mod(a, 2) = floor(b) or ceil(a) = trunc(b)',
      "date_trunc('month', a) = date '2024-01-01' and extract(year from a) = 2024 and date_part('day', a) < 3",
      'a < now() and b < current_date and c < current_timestamp and d < localtimestamp',
      "a > timestamp '2024-01-01' - interval '3 days' or b = timestamptz '2024-01-01 00:00+02'",
      'cast(a as integer) = 1 and b::numeric > 2 and c::text = d::uuid::text',
      '/* a comment */ a = 1 -- and another',
    ]) {
      await parse(text);
    }
  });

  it('refuses everything else by its name', async () => {
    for (const [text, message] of [
      ['', /is empty/],
      ['a = 1; DROP TABLE x', /more than one statement/],
      ['a = 1 GROUP BY b', /goes on after the predicate \(groupClause\)/],
      ['a = 1 UNION SELECT 1', /./],
      ['a = 1 LIMIT 1', /goes on after the predicate/],
      ['a = 1 FOR UPDATE', /goes on after the predicate/],
      ['a = (SELECT 1)', /a sub-select, which is not allowed, at character 5/],
      ['EXISTS (SELECT FROM pg_shadow)', /a sub-select/],
      ["pg_read_file('x') = ''", /calls the function pg_read_file, which is not allowed, at character 1/],
      ["public.lower(a) = 'x'", /calls the function public\.lower/],
      ["__proto__(a) = 'x'", /calls the function __proto__/],
      ['count(*) > 1', /count/],
      ['lower(DISTINCT a) = b', /agg_distinct/],
      ["lower(a) OVER () = 'x'", /over/],
      ['lower(a, b) = c', /calls lower with 2 arguments/],
      ['a OPERATOR(public.=) b', /the operator public\.=/],
      ['a OPERATOR(pg_catalog.=) b', /the operator pg_catalog\.=/],
      ["a ~ 'x'", /the operator ~,/],
      ['a @> b', /the operator @>/],
      ['+ a = 1', /the operator \+/],
      ['a = $1', /a parameter/],
      ['a COLLATE "C" = b', /a collation/],
      ['a = ANY (ARRAY[1])', /ANY/],
      ['(a, b) = (1, 2)', /a row of values/],
      ['a[1] = 2', /a subscript/],
      ['(a).b = 2', /a subscript or a field/],
      ['a.b.c = 1', /neither COLUMN nor TABLE\.COLUMN/],
      ['a.* IS NULL', /neither COLUMN nor TABLE\.COLUMN/],
      ["a SIMILAR TO 'x'", /SIMILAR TO/],
      ['a BETWEEN SYMMETRIC 1 AND 2', /BETWEEN SYMMETRIC/],
      ["b'101' = a", /bits/],
      ['a = 0x1FFFFFFFFFFFFFFFF', /0x1F/],
      ["'x'::regclass IS NULL", /the type regclass, which is not allowed/],
      ["'x'::public.int4 = 1", /the type public\.int4/],
      ['a::int[] IS NULL', /with a length, precision, unit or dimension/],
      ['a::numeric(10,2) = 1', /with a length/],
      ["interval '1' day = a", /with a length, precision, unit/],
      ['CURRENT_USER = a', /uses CURRENT_USER/],
      ['CURRENT_TIMESTAMP(3) = a', /uses CURRENT_TIMESTAMP with a precision/],
      ["extract('x; y' from a) = 1", /something else than a field/],
      ["a AT TIME ZONE 'utc' = b", /calls the function timezone/],
      ['a IS JSON', /JsonIsPredicate/],
      ['a = 1\0', /NUL/],
      ['f(x => 1)', /function f/],
    ] as const) {
      assert.match((await refusal(text)).message, message, text);
    }
  });

  it('says where a syntax error is, in characters', async () => {
    assert.match((await refusal("'ä' = a AND = 3")).message, /syntax error at or near "=", character 13\./);
    assert.match((await refusal("'ä' = a AND b = (SELECT 1)")).message, /at character 17\./);
    assert.match((await refusal("a = 'x")).message, /unterminated quoted string/);
    assert.match((await refusal('a =')).message, /syntax error at end of input/);
  });

  it('is bounded in length, words and depth', async () => {
    assert.match((await refusal(`a = ${'1'.repeat(40_000)}`)).message, /longer than/);
    for (const [open, middle, close] of [
      ['(', 'a', ')'],
      ['not ', 'a', ''],
      ['lower(', 'a', ')'],
      ['', 'a', '+a'],
      ['- ', 'a', ''],
      ['case when ', 'a', ' then b end'],
      ['', 'a', '::text'],
    ]) {
      for (const times of [300, 2_000, 3_000]) {
        await refusal(`${open?.repeat(times)}${middle}${close?.repeat(times)} ++`);
      }
    }
    assert.match((await refusal(`${'not '.repeat(300)}a`)).message, /nested deeper than 100/);
    assert.match((await refusal(`a${'+a'.repeat(2_000)} = 1`)).message, /more than 2000 words/);
    const long = await parse(`a IN (${Array.from({ length: 5_000 }, (_, i) => i).join(',')})`);
    assert.equal(long.kind === 'in' ? long.items.length : 0, 5_000);
    await parse(Array.from({ length: 300 }, (_, i) => `a = ${i}`).join(' OR '));
  });

  it('stops its clocks at one instant', async () => {
    const now = new Date('2024-02-29T23:59:59.500Z');
    assert.deepEqual(
      pinClock(await parse('a < now()'), now),
      await parse("a < timestamptz '2024-02-29T23:59:59.500Z'"),
    );
    assert.deepEqual(
      pinClock(await parse('a IN (current_date, localtimestamp)'), now),
      await parse("a IN (date '2024-02-29', timestamp '2024-02-29T23:59:59.500')"),
    );
  });

  it('is added to another', async () => {
    const [one, other] = [await parse('a = 1 AND b'), await parse('c OR d')];
    assert.deepEqual(bothFilters(null, one), one);
    assert.deepEqual(bothFilters(one, other), await parse('a = 1 AND b AND (c OR d)'));
  });
});
