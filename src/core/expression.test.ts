import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from './errors.ts';
import { parseExpression } from './expression.ts';

const names = ['EMP', 'EMPLOYEES', 'DEPT', 'emp', 'E_P', 'A%B', ''];

async function matching(text: string, ignoreCase = false): Promise<readonly string[]> {
  const predicate = await parseExpression(text, 'name_expressions');
  return names.filter((name) => predicate.matches(name, ignoreCase));
}

const accepted: readonly (readonly [string, readonly string[]])[] = [
  ["= 'EMP'", ['EMP']],
  ["!='EMP'", ['EMPLOYEES', 'DEPT', 'emp', 'E_P', 'A%B', '']],
  ["<> 'EMP'", ['EMPLOYEES', 'DEPT', 'emp', 'E_P', 'A%B', '']],
  ["LIKE 'EMP%'", ['EMP', 'EMPLOYEES']],
  ["NOT LIKE 'EMP%'", ['DEPT', 'emp', 'E_P', 'A%B', '']],
  ["LIKE 'E_P'", ['EMP', 'E_P']],
  ["LIKE 'E!_P' ESCAPE '!'", ['E_P']],
  ["LIKE 'A\\%B'", ['A%B']],
  ["LIKE '%'", names],
  ["LIKE ''", ['']],
  ["IN ('EMP', 'DEPT')", ['EMP', 'DEPT']],
  ["IN ( 'EMP' )", ['EMP']],
  ["not in ('EMP')", ['EMPLOYEES', 'DEPT', 'emp', 'E_P', 'A%B', '']],
  ["BETWEEN 'A' AND 'E'", ['DEPT', 'A%B']],
  ["NOT BETWEEN 'A' AND 'E'", ['EMP', 'EMPLOYEES', 'emp', 'E_P', '']],
  ["< 'E'", ['DEPT', 'A%B', '']],
  ["<= 'EMP'", ['EMP', 'DEPT', 'A%B', '']],
  ["> 'EMP'", ['EMPLOYEES', 'emp', 'E_P']],
  [">= 'EMP'", ['EMP', 'EMPLOYEES', 'emp', 'E_P']],
  ["= 'it''s'", []],
];

for (const [text, expected] of accepted) {
  test(`${text} matches ${expected.length} names`, async () => {
    assert.deepEqual(await matching(text), expected);
  });
}

test('letters compare without regard to case when asked to', async () => {
  assert.deepEqual(await matching("= 'emp'", true), ['EMP', 'emp']);
  assert.deepEqual(await matching("LIKE 'emp%'", true), ['EMP', 'EMPLOYEES', 'emp']);
  assert.deepEqual(await matching("IN ('Dept')", true), ['DEPT']);
});

test('an expression that names its values says so', async () => {
  assert.deepEqual((await parseExpression("IN ('A','B')", 'f')).named, ['A', 'B']);
  assert.deepEqual((await parseExpression("= 'A'", 'f')).named, ['A']);
  assert.equal((await parseExpression("LIKE 'A'", 'f')).named, null);
  assert.equal((await parseExpression("NOT IN ('A')", 'f')).named, null);
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['', /is empty/],
  ['LIKE', /syntax error at end of input/],
  ["IN ('a'", /syntax error at end of input/],
  ['; drop table t', /more than one statement/],
  ["= 'a'; drop table t", /more than one statement/],
  ["= 'a' OR 1=1", /bool expr/],
  ["= upper('x')", /func call/],
  ["= 'a' || 'b'", /a expr|not allowed/],
  ['= 5', /no string/],
  ['IS NULL', /null test/],
  ['IN (select 1)', /sub link/],
  ["= 'a' ORDER BY 1", /goes on after/],
  ["= 'a' LIMIT 1", /goes on after/],
  ["= 'a' UNION SELECT 1", /goes on after|is empty/],
  ["ILIKE 'a'", /not allowed/],
  ["SIMILAR TO 'a'", /not allowed/],
  ["~ 'a'", /not allowed/],
  [".x = 'a'", /must begin with an operator/],
  ["= 'a'::text", /type cast/],
  ["LIKE pg_catalog.like_escape('a', 'b')", /function/],
  ["LIKE 'a' ESCAPE 'xy'", /escape of more than one character/],
  ["LIKE 'a\\'", /ends with the escape/],
  ["= 'a\0'", /NUL/],
  [`= '${'x'.repeat(40_000)}'`, /longer than/],
];

for (const [text, problem] of refused) {
  test(`refuses ${JSON.stringify(text).slice(0, 60)}`, async () => {
    await assert.rejects(parseExpression(text, 'schema_expressions'), (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, 'expression-invalid');
      assert.equal(error.field, 'schema_expressions');
      assert.match(error.message, problem);
      assert.ok(error.hint.length > 0);
      return true;
    });
  });
}

test('any text is either a predicate on names or refused with expression-invalid', async () => {
  const fragment = fc.constantFrom(
    "'",
    "''",
    '"',
    ';',
    '--',
    '/*',
    '*/',
    '(',
    ')',
    ',',
    '=',
    '<>',
    'LIKE',
    'IN',
    'NOT',
    'BETWEEN',
    'AND',
    'OR',
    'SELECT',
    'DROP TABLE t',
    "'A'",
    "'B%'",
    '$1',
    '$$',
    "E'\\x'",
    "U&'\\0041'",
    '::text',
    'name',
    '1',
    'NULL',
    'ESCAPE',
    '\n',
    '\\',
    'é',
    '\u{1F600}',
  );
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(fragment, { maxLength: 8 }).map((parts) => parts.join(' ')),
  );
  await fc.assert(
    fc.asyncProperty(text, async (candidate) => {
      try {
        const predicate = await parseExpression(candidate, 'f');
        assert.equal(typeof predicate.matches('EMP', false), 'boolean');
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
        assert.equal(error.code, 'expression-invalid');
      }
    }),
    { numRuns: 3000 },
  );
});

test('LIKE agrees with a regular expression', async () => {
  const letters = fc
    .array(fc.constantFrom('a', 'b', '%', '_'), { maxLength: 8 })
    .map((parts) => parts.join(''));
  const name = fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(letters, name, async (like, candidate) => {
      const predicate = await parseExpression(`LIKE '${like}'`, 'f');
      const expected = new RegExp(`^${like.replaceAll('%', '.*').replaceAll('_', '.')}$`);
      assert.equal(predicate.matches(candidate, false), expected.test(candidate));
    }),
    { numRuns: 500 },
  );
});

test('what is nested deeper than the parser can take is refused', async () => {
  for (const text of [`= ${'('.repeat(10_000)}'A'${')'.repeat(10_000)}`, `= ${'- '.repeat(12_000)}'A'`]) {
    await assert.rejects(
      parseExpression(text, 'f'),
      (error) =>
        error instanceof AppError &&
        error.code === 'expression-invalid' &&
        /is nested too deep/.test(error.message),
    );
  }
  assert.deepEqual(
    await matching(`IN (${names.map((name) => `'${name}'`).join()}${", 'x'".repeat(4_000)})`),
    names,
  );
});
