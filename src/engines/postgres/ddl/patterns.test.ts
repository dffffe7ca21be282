import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopeArguments } from './patterns.ts';

const tables = (count: number, schema = 'app') =>
  Array.from({ length: count }, (_, i) => ({ schema, name: `table_${i}` }));

test('a dump is narrowed by mode', () => {
  assert.deepEqual(scopeArguments({ mode: 'full', schemas: ['a'], tables: tables(1) }, []), []);
  assert.deepEqual(scopeArguments({ mode: 'schema', schemas: ['a', 'B "'], tables: [] }, []), [
    '--schema="a"',
    '--schema="B """',
  ]);
  assert.deepEqual(
    scopeArguments({ mode: 'table', schemas: ['a'], tables: [{ schema: 'a.b', name: '"' }] }, []),
    ['--table="a.b".""""'],
  );
});

test('nothing in scope is no dump', () => {
  assert.equal(scopeArguments({ mode: 'schema', schemas: [], tables: tables(1) }, []), null);
  assert.equal(scopeArguments({ mode: 'table', schemas: ['a'], tables: [] }, []), null);
  assert.equal(scopeArguments({ mode: 'tablespace', schemas: [], tables: [] }, []), null);
});

test('a list too long for the program is made coarser', () => {
  assert.equal(scopeArguments({ mode: 'table', schemas: [], tables: tables(500) }, [])?.length, 500);
  assert.deepEqual(
    scopeArguments({ mode: 'tablespace', schemas: [], tables: [...tables(5_000), ...tables(1, 'b')] }, []),
    ['--schema="app"', '--schema="b"'],
  );
  const schemas = Array.from({ length: 5_000 }, (_, i) => `schema_${i}`);
  assert.deepEqual(scopeArguments({ mode: 'schema', schemas, tables: [] }, []), []);
});

test('tables that may not be read are left out', () => {
  const barred = [{ schema: 's', name: 'secret' }];
  const without = '--exclude-table="s"."secret"';
  assert.deepEqual(scopeArguments({ mode: 'full', schemas: ['s'], tables: [] }, barred), [without]);
  assert.deepEqual(scopeArguments({ mode: 'schema', schemas: ['s'], tables: [] }, barred), [
    '--schema="s"',
    without,
  ]);
  const chosen = [...barred, { schema: 's', name: 'open' }];
  assert.deepEqual(scopeArguments({ mode: 'table', schemas: ['s'], tables: chosen }, barred), [
    '--table="s"."open"',
  ]);
  assert.equal(scopeArguments({ mode: 'table', schemas: ['s'], tables: barred }, barred), null);
});
