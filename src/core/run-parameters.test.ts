// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { loadModule, parseSync, scanSync } from 'libpg-query';
import {
  namesInSql,
  namesInText,
  substitute,
  substituteBody,
  substituteSql,
  substituteUrl,
  substituteWithin,
} from './run-parameters.ts';

before(() => loadModule());

test('values take the place of their names, everywhere within a JSON value', () => {
  const params = { day: '2026-02-14', größe: '7' };
  assert.equal(substitute('a ${day} ${größe} $day ${} {day}', params), 'a 2026-02-14 7 $day ${} {day}');
  assert.deepEqual(substituteWithin({ a: ['${day}', 1, null], '${day}': { b: true } }, params), {
    a: ['2026-02-14', 1, null],
    '${day}': { b: true },
  });
  assert.deepEqual(namesInText('${a} ${b.c-d} ${a} ${1}'), ['a', 'b.c-d']);
  assert.deepEqual(namesInSql("SELECT '${a}' -- ${b}\n, ${c} /* ${d} */"), ['a', 'c']);
});

test('a value is never read again, and inherited names are none', () => {
  assert.equal(substitute('${a}', { a: '${b} $& $1', b: 'x' }), '${b} $& $1');
  for (const name of ['missing', 'toString', '__proto__']) {
    assert.throws(() => substitute(`\${${name}}`, {}), {
      code: 'definition-invalid',
      message: `There is no parameter ${name}.`,
    });
  }
});

test('values in URLs and bodies are escaped as they need', () => {
  const params = { base: 'https://api.example.net/v1', name: 'a b/../?x=1#y', quote: 'say "hi"\n' };
  assert.equal(
    substituteUrl('${base}/items/${name}', params),
    'https://api.example.net/v1/items/a%20b%2F..%2F%3Fx%3D1%23y',
  );
  assert.equal(substituteBody('{"a":"${quote}"}', params, 'application/json'), '{"a":"say \\"hi\\"\\n"}');
  assert.equal(
    substituteBody('a=${name}', params, 'application/x-www-form-urlencoded; charset=utf-8'),
    `a=${encodeURIComponent(params.name)}`,
  );
  assert.equal(substituteBody('${quote}', params, 'text/plain'), 'say "hi"\n');
});

const fine: readonly (readonly [script: string, value: string, becomes: string])[] = [
  ["SELECT '${v}'", "O'Neil", "SELECT 'O''Neil'"],
  ["SELECT '%${v}%'", '; DROP TABLE t; --', "SELECT '%; DROP TABLE t; --%'"],
  ["SELECT 'it''s ${v}'", '\n', "SELECT 'it''s \n'"],
  ["SELECT E'a\\n ${v}'", 'x', "SELECT E'a\\n x'"],
  ['SELECT ${v}', '42', 'SELECT 42'],
  ['SELECT 5 -${v}', '-1.5', 'SELECT 5 - -1.5'],
  ['SELECT * FROM ${v}', 'orders', 'SELECT * FROM orders'],
  ['SELECT * FROM orders_${v}', '2026', 'SELECT * FROM orders_2026'],
  ['SELECT * FROM ${v}.t', 'hr', 'SELECT * FROM hr.t'],
  ['SELECT * FROM "${v}"', 'Orders', 'SELECT * FROM "Orders"'],
  ['SELECT 1::${v}', 'bigint', 'SELECT 1::bigint'],
  ['SELECT 1 -- ${v}', "x\n; DROP TABLE t; '", 'SELECT 1 -- ${v}'],
  ['SELECT 1 /* ${v} */', '*/ DROP', 'SELECT 1 /* ${v} */'],
];
for (const [script, value, becomes] of fine) {
  test(`${JSON.stringify(value)} into ${JSON.stringify(script)}`, () => {
    assert.equal(substituteSql(script, { v: value }), becomes);
  });
}

const refused: readonly (readonly [script: string, value: string])[] = [
  ['SELECT ${v}', '1; DROP TABLE t'],
  ['SELECT ${v}', "'x'"],
  ['SELECT ${v}', ''],
  ['SELECT ${v}', '1 OR 1=1'],
  ['SELECT ${v}', '1--'],
  ['SELECT ${v}', '0x10'],
  ['SELECT ${v}', '1e5'],
  ['SELECT ${v}', 'a.b'],
  ['SELECT ${v}', 'NaN()'],
  ['DELETE FROM t WHERE ${v} a', 'NOT'],
  ['DELETE FROM t WHERE a ${v} b', 'or'],
  ['DELETE FROM t WHERE a o${v} b', 'r'],
  ["SELECT '${v}'", "\\'; DROP TABLE t; --"],
  ["SELECT E'${v}'", "\\'; DROP TABLE t; --"],
  ["SELECT '${v}'", 'a\0b'],
  ["SELECT ${v}'abc'", 'E'],
  ["SELECT ${v}&'abc'", 'U'],
  ["SELECT 'abc'${v}", 'x'],
  ['SELECT "${v}"', 'a"; DROP TABLE t; --'],
  ['SELECT "a ${v}"', 'b c'],
  ['SELECT t.${v}', '5'],
  ['SELECT 1${v}', 'e5'],
  ['SELECT t${v}', '1.5'],
  ['SELECT t${v}', '-1'],
  ['SELECT 𝒳${v}', '1.5'],
  ['SELECT ?${v}', '1'],
  ['SELECT :${v}', 'x'],
  ['DO $$ BEGIN ${v}; END $$', 'x'],
  ["DO $x$ BEGIN RAISE '${v}'; END $x$", 'x'],
  ['SELECT $${v}$', 'x'],
  ['SELECT `${v}`', 'x'],
  ['SELECT [${v}]', 'x'],
  // Read differently by one database and another.
  ["SELECT [it's], ${v}", 'x'],
  ["SELECT E'a\\'b ${v}'", 'x'],
  ["SELECT '\\', ${v}, '", 'x'],
  ["/* /* */ ' */ SELECT '${v}'", 'x'],
  ["-- a\r' \n SELECT '${v}'", 'x'],
];
for (const [script, value] of refused) {
  test(`${JSON.stringify(value)} is refused in ${JSON.stringify(script)}`, () => {
    assert.throws(
      () => substituteSql(script, { v: value }),
      (error: Error & { readonly code?: string }) => {
        assert.equal(error.code, 'definition-invalid');
        assert.match(error.message, /^The parameter v in line \d of the script /);
        assert.ok(value.length < 4 || !error.message.includes(value), 'the value may be a secret');
        return true;
      },
    );
  });
}

test('a refusal names the line', () => {
  assert.throws(() => substituteSql('SELECT 1;\nSELECT 2,\n  ${v}', { v: "'" }), { message: /in line 3/ });
});

const scripts = [
  "INSERT INTO t VALUES ('${v}')",
  "SELECT 'a' || '${v}' || E'\\n' -- '${v}",
  'SELECT ${v}, 5 -${v}, 5*${v} FROM t WHERE a = ${v} OR b',
  'SELECT a FROM ${v} WHERE "${v}" = 1 AND c = -${v}',
  'SELECT t_${v}.a, ${v}.b FROM t_${v}, ${v}',
  "SELECT /* '${v}' */ x'00', '${v}', ${v}",
];
/** The scanner cannot write other control characters down. */
const isScannable = (text: string): boolean =>
  text.isWellFormed() && [...text].every((character) => character >= ' ' || character === '\n');
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    "'",
    "''",
    '"',
    '\\',
    "\\'",
    '--',
    '/*',
    '*/',
    '$$',
    ';',
    '\n',
    '\r',
    '-1',
    '- 1',
    '.5',
    '1.',
    'E',
    'or',
    'NOT',
  ),
  fc.stringMatching(/^['"\\$\-/*;.,()a-zA-Z0-9 \n]{0,12}$/),
);

/** Kinds of the tokens of a script, with comments left out: what the statement is made of. */
const shape = (script: string) =>
  scanSync(script)
    .tokens.filter(({ tokenName }) => !tokenName.includes('COMMENT'))
    // A sign before a number is one of its own, and a name may be made of a word with another meaning elsewhere.
    .map(({ tokenName, keywordName }) =>
      tokenName === 'FCONST' ? 'ICONST' : keywordName === 'UNRESERVED_KEYWORD' ? 'IDENT' : tokenName,
    );

test('no value changes what a statement is made of (PostgreSQL)', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.constantFrom(...scripts), hostile.filter(isScannable), (script, value) => {
      let text: string;
      try {
        text = substituteSql(script, { v: value });
      } catch (error) {
        assert.equal((error as { readonly code?: string }).code, 'definition-invalid', String(error));
        return;
      }
      taken += 1;
      const isNumber = /^-?[\d.]+$/.test(value);
      const harmless = substituteSql(script, { v: isNumber ? (value.startsWith('-') ? '-7' : '7') : 'x' });
      assert.deepEqual(shape(text), shape(harmless), text);
    }),
    { numRuns: 2000 },
  );
  assert.ok(taken > 100, 'many values are harmless');
});

test('a value in quotes comes back as it was, and nothing else happens (SQLite, PostgreSQL)', () => {
  const database = new Database(':memory:');
  database.exec('CREATE TABLE t (a TEXT)');
  fc.assert(
    fc.property(hostile, (value) => {
      fc.pre(!/[\\\0]/.test(value) && value.isWellFormed());
      const text = substituteSql("SELECT '${v}' AS v", { v: value });
      assert.deepEqual(database.prepare(text).get(), { v: value });
      const [statement, second] = parseSync(text).stmts ?? [];
      assert.equal(second, undefined);
      assert.ok(JSON.stringify(statement).includes(JSON.stringify(value).slice(1, -1)));
    }),
    { numRuns: 500 },
  );
  assert.deepEqual(database.prepare('SELECT count(*) AS n FROM t').get(), { n: 0 });
  database.close();
});
