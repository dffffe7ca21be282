import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import { AppError } from '../../../core/errors.ts';
import {
  arithmeticOperators,
  comparisonOperators,
  type FilterFunction,
  filterFunctions,
  filterTypes,
  type RowFilter,
} from '../../../core/row-filter.ts';
import { parseRowFilter } from '../../../core/row-filter-parser.ts';
import { writeFilter } from './write-filter.ts';

const parse = (text: string): Promise<RowFilter> => parseRowFilter(text, 'query[0].where');

/** Names and strings that try to break out of their quotes. */
const nasty = fc.oneof(
  fc.constantFrom('a', 'A', 'select', "'", '"', '\\', "\\'", '$$', '--', '/*', 'ä€🎉', ' ', ';', "E'"),
  fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }).filter((text) => !text.includes('\0')),
);
// PostgreSQL's names are cut at 63 bytes.
const name = nasty.filter((text) => Buffer.byteLength(text) < 60 && text.isWellFormed());
const text = nasty.filter((each) => each.isWellFormed());

const leaf: fc.Arbitrary<RowFilter> = fc.oneof(
  fc.record({ kind: fc.constant('column' as const), table: fc.option(name), name }),
  fc.record({ kind: fc.constant('string' as const), value: fc.oneof(text, fc.constant('')) }),
  fc.record({
    kind: fc.constant('number' as const),
    text: fc.constantFrom(
      '0',
      '1',
      '-5',
      '2147483648',
      '1.50',
      '.5',
      '-1e10',
      '1E-3',
      '99999999999999999999',
    ),
  }),
  fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.constant({ kind: 'null' as const }),
  fc.record({
    kind: fc.constant('clock' as const),
    type: fc.constantFrom('date' as const, 'timestamp' as const, 'timestamptz' as const),
  }),
);

const filters: fc.Arbitrary<RowFilter> = fc.letrec<{ filter: RowFilter }>((tie) => {
  const part = tie('filter');
  const negated = fc.boolean();
  const pair = { left: part, right: part };
  const several = fc.array(part, { minLength: 1, maxLength: 3 });
  return {
    filter: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc
        .record({
          kind: fc.constantFrom('and' as const, 'or' as const),
          operands: fc.array(part, { minLength: 2, maxLength: 4 }),
        })
        // What the parser makes: no AND in an AND.
        .filter(({ kind, operands }) => operands.every((each) => each.kind !== kind)),
      fc.record({ kind: fc.constant('not' as const), operand: part }),
      fc.record({
        kind: fc.constant('compare' as const),
        operator: fc.constantFrom(...comparisonOperators),
        ...pair,
      }),
      fc.record({
        kind: fc.constant('arithmetic' as const),
        operator: fc.constantFrom(...arithmeticOperators),
        ...pair,
      }),
      // The grammar makes one constant of a sign and a number.
      fc.record({
        kind: fc.constant('minus' as const),
        operand: part.filter((each) => each.kind !== 'number'),
      }),
      fc.record({
        kind: fc.constant('is' as const),
        what: fc.constantFrom('null' as const, 'true' as const, 'false' as const, 'unknown' as const),
        negated,
        operand: part,
      }),
      fc.record({ kind: fc.constant('distinct' as const), negated, ...pair }),
      fc.record({ kind: fc.constant('in' as const), negated, operand: part, items: several }),
      fc.record({ kind: fc.constant('between' as const), negated, operand: part, low: part, high: part }),
      fc.record({
        kind: fc.constant('like' as const),
        negated,
        ignoreCase: fc.boolean(),
        operand: part,
        pattern: part,
        escape: fc.option(part),
      }),
      fc.record({
        kind: fc.constant('case' as const),
        operand: fc.option(part),
        branches: fc.array(fc.record({ condition: part, result: part }), { minLength: 1, maxLength: 2 }),
        otherwise: fc.option(part),
      }),
      fc.constantFrom(...(Object.keys(filterFunctions) as FilterFunction[])).chain((called) =>
        fc.record({
          kind: fc.constant('call' as const),
          name: fc.constant(called),
          args: fc.array(part, {
            minLength: filterFunctions[called][0],
            maxLength: Math.min(3, filterFunctions[called][1]),
          }),
        }),
      ),
      fc.record({
        kind: fc.constant('extract' as const),
        field: fc.constantFrom('year', 'epoch', 'dow'),
        operand: part,
      }),
      fc.record({ kind: fc.constant('cast' as const), type: fc.constantFrom(...filterTypes), operand: part }),
    ),
  };
}).filter;

describe('filter as SQL', () => {
  it('is parsed as the same filter again, whatever names and constants hold', async () => {
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        assert.deepEqual(await parse(writeFilter(filter)), JSON.parse(JSON.stringify(filter)));
      }),
      { numRuns: 500 },
    );
  });

  it('has no word in it that is not its own', () => {
    const column = { kind: 'column', table: null, name: 'a' } as const;
    for (const broken of [
      { kind: 'compare', operator: '= 1; DROP TABLE x; --', left: column, right: column },
      { kind: 'arithmetic', operator: '^', left: column, right: column },
      { kind: 'call', name: 'pg_sleep', args: [column] },
      { kind: 'cast', type: 'regclass', operand: column },
      { kind: 'number', text: '1) OR (1' },
      { kind: 'is', what: 'null or 1', negated: false, operand: column },
    ]) {
      assert.throws(() => writeFilter(broken as RowFilter), AppError);
    }
  });
});

/** Filters without parentheses, so that the order in which operators bind is put to the test. */
const numbers: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      fc.constantFrom('+', '-', '*'),
      fc.constantFrom('a', 'b', '-a', '3', '-2', 'coalesce(b, 1)', 'abs(a)'),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) =>
    parts.map(([operator, operand], i) => (i === 0 ? operand : `${operator} ${operand}`)).join(' '),
  );
const predicates: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(numbers, fc.constantFrom('=', '<>', '<', '>=', 'IS DISTINCT FROM'), numbers)
    .map((parts) => parts.join(' ')),
  fc.tuple(numbers, numbers, numbers).map(([one, low, high]) => `${one} BETWEEN ${low} AND ${high}`),
  fc.tuple(numbers, numbers).map(([one, other]) => `${one} NOT IN (${other}, 1)`),
  fc.constantFrom(
    'b IS NULL',
    "c LIKE '%x%'",
    "c || 'x' LIKE 'y%'",
    'd',
    "lower(c) > 'm'",
    'd IS NOT TRUE',
    "a::text ILIKE '1_'",
  ),
);
const conditions = fc
  .array(fc.tuple(fc.constantFrom('AND', 'OR'), fc.constantFrom('', 'NOT '), predicates), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parts.map(([word, not, one], i) => `${i === 0 ? '' : `${word} `}${not}${one}`).join(' '));

describe('filter in the server', () => {
  let server: PostgresServer;
  let client: pg.Client;

  before(async () => {
    server = await startPostgres({ version: 13 });
    client = new pg.Client(server.url());
    await client.connect();
    await client.query(`
      CREATE TABLE t (a int, b int, c text, d boolean, e timestamptz, f numeric(10,2), "g ""h" date, u uuid, i interval);
      INSERT INTO t SELECT n % 7 - 3, nullif(n % 5, 0), chr(110 + n % 13) || 'x' || n, (n % 3 = 0) OR NULL,
        timestamptz '2024-01-01 00:00+00' + n * interval '13 hours', n / 3.0, date '2024-01-01' + n,
        ('00000000-0000-0000-0000-0000000000' || lpad(n::text, 2, '0'))::uuid, n * interval '1 hour'
        FROM generate_series(0, 99) n;
      SET TimeZone = 'UTC'; SET search_path = ''`);
  });
  after(async () => {
    await client?.end();
    await server?.[Symbol.asyncDispose]();
  });

  const rowsOf = async (condition: string): Promise<unknown[]> =>
    (await client.query(`SELECT ctid FROM public.t WHERE ${condition}`)).rows;

  it('chooses the rows that the text would have chosen', async () => {
    await fc.assert(
      fc.asyncProperty(conditions, async (condition) => {
        assert.deepEqual(await rowsOf(writeFilter(await parse(condition))), await rowsOf(condition));
      }),
      { numRuns: 150 },
    );
  });

  it('means the same for every function, type and construct', async () => {
    for (const condition of [
      "e >= timestamptz '2024-01-10' AND e < timestamp '2024-02-01' - interval '1 day'",
      "extract(month from e) = 2 AND date_part('day', e) < 10",
      "date_trunc('month', e) = date '2024-01-01'",
      '"g ""h" BETWEEN date \'2024-01-05\' AND \'2024-01-09\'',
      "substring(c from 1 for 2) = 'px' OR left(c, 1) = 'o' OR right(c, 1) = '7' OR substr(c, 3) = '11'",
      "position('1' in c) > 0 AND trim(both 'n' from c) <> '' AND strpos(c, 'x') = 2",
      "upper(c) LIKE 'N%' OR c ILIKE 'Z!_%' ESCAPE '!' OR length(c) = 3 OR char_length(c) > 3",
      'round(f, 1) = 1.3 OR floor(f) = 5 OR ceil(f) = 7 OR ceiling(f) = 9 OR trunc(f) = 11 OR round(f) = 20',
      'mod(a, 2) = 1 OR a % 3 = 2 OR abs(a) = 3',
      'greatest(a, b) = 4 OR least(a, b) = -3 OR nullif(a, 2) IS NULL',
      "CASE WHEN a > 1 THEN 'x' WHEN a < 0 THEN c ELSE NULL END = 'x'",
      'CASE b WHEN 1 THEN true WHEN 2 THEN d END',
      "u IN ('00000000-0000-0000-0000-000000000007', uuid '00000000-0000-0000-0000-000000000042')",
      "i > interval '3 days' AND i NOT BETWEEN '80 hours' AND '90 hours'",
      "cast(a as text) = '1' OR cast(c as varchar) = 'px2' OR a::numeric = 2.0 OR a::float8 < -2.5 OR a::bigint = 0",
      "ltrim(c, 'n') = 'x0' OR rtrim(c, '0') = 'nx' OR btrim(c) = 'ox1'",
      'e < now() AND "g ""h" <= current_date AND e < current_timestamp AND e < localtimestamp',
      'd IS TRUE OR d IS UNKNOWN OR d IS NOT FALSE',
      'b IS NOT DISTINCT FROM NULL',
      'a = -3 AND - -a = a AND -(-3) = 3',
      'true',
    ]) {
      const expected = await rowsOf(condition);
      assert.ok(expected.length > 0, condition);
      assert.deepEqual(await rowsOf(writeFilter(await parse(condition))), expected, condition);
    }
  });
});
