import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadModule, parseSync } from 'libpg-query';
import { isNestedTooDeep } from './sql-nesting.ts';

before(loadModule);

/** Each gives a text that is nested as deep as it is told. */
const shapes: Readonly<Record<string, (depth: number) => string>> = {
  brackets: (n) => `SELECT ${'('.repeat(n)}1${')'.repeat(n)}`,
  calls: (n) => `SELECT ${'f('.repeat(n)}1${')'.repeat(n)}`,
  elements: (n) => `SELECT ${'a['.repeat(n)}1${']'.repeat(n)}`,
  arrays: (n) => `SELECT ARRAY${'['.repeat(n)}1${']'.repeat(n)}`,
  subqueries: (n) => `SELECT ${'(SELECT '.repeat(n)}1${')'.repeat(n)}`,
  'queries in FROM': (n) => `SELECT FROM ${'(SELECT FROM '.repeat(n)}a${') x'.repeat(n)}`,
  rows: (n) => `SELECT ${'('.repeat(n)}1${', 1)'.repeat(n)}`,
  cases: (n) => `SELECT ${'CASE a WHEN '.repeat(n)}1${' THEN 1 END'.repeat(n)}`,
  sums: (n) => `SELECT a${' + a'.repeat(n)}`,
  casts: (n) => `SELECT a${'::int'.repeat(n)}`,
  signs: (n) => `SELECT ${'- '.repeat(n)}a`,
  joins: (n) => `SELECT FROM a${' CROSS JOIN a'.repeat(n)}`,
  unions: (n) => `SELECT a, b${' UNION SELECT a, b'.repeat(n)}`,
};

describe('a text that passes can be parsed, one of 100,000 levels does not pass', () => {
  for (const [name, shape] of Object.entries(shapes)) {
    test(name, () => {
      assert.equal(isNestedTooDeep(shape(100_000)), true);
      // The deepest that passes, to some hundred.
      let [passes, fails] = [0, 12_000];
      while (fails - passes > 200) {
        const middle = (passes + fails) >> 1;
        if (isNestedTooDeep(shape(middle))) fails = middle;
        else passes = middle;
      }
      assert.ok(passes >= 500, `only ${passes} levels`);
      try {
        parseSync(shape(passes));
      } catch (error) {
        // The grammar has a limit of its own, which does no harm.
        assert.match(String(error), /memory exhausted at or near/);
      }
    });
  }
});

test('what is long and not deep passes', () => {
  const list = (item: (i: number) => string, by = ', '): string =>
    Array.from({ length: 5_000 }, (_, i) => item(i)).join(by);
  for (const text of [
    `CREATE TABLE t (${list((i) => `c${i} numeric(10,2) DEFAULT (1 + 2) NOT NULL`)});`,
    `SELECT a WHERE a IN (${list((i) => `'${i}'`)})`,
    `SELECT ${list((i) => `(SELECT a FROM b WHERE (c = ${i}) AND d)`)}`,
    `${list((i) => `CREATE VIEW v${i} AS SELECT 1 UNION SELECT 2;`, '\n')}`,
    `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$${'('.repeat(100_000)}$$;`,
  ]) {
    assert.equal(isNestedTooDeep(text), false, text.slice(0, 60));
  }
});
