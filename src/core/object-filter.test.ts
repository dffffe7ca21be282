import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DdlObject } from './catalogue.ts';
import { AppError } from './errors.ts';
import { compileObjectFilters } from './object-filter.ts';
import type { ObjectFilter } from './request.ts';

const object = (
  type: string,
  schema: string | null,
  name: string,
  table: string | null = null,
): DdlObject => ({
  section: 'pre',
  type,
  schema,
  name,
  table,
  owner: null,
  sql: '',
});

const all: readonly DdlObject[] = [
  object('ROLE', null, 'clerk'),
  object('SCHEMA', null, 'hr'),
  object('TABLE', 'hr', 'emp'),
  object('SEQUENCE', 'hr', 'emp_id_seq', 'emp'),
  object('SEQUENCE', 'hr', 'counter'),
  object('SEQUENCE SET', 'hr', 'counter'),
  object('TABLE', 'hr', 'tmp_1'),
  object('INDEX', 'hr', 'emp_ix', 'emp'),
  object('COMMENT', 'hr', 'emp_ix', 'emp'),
  object('CONSTRAINT', 'hr', 'emp_pk', 'emp'),
  object('FK CONSTRAINT', 'hr', 'emp_fk', 'emp'),
  object('ACL', 'hr', 'emp', 'emp'),
  object('FUNCTION', 'hr', 'raise(integer, text)'),
  object('ACL', 'hr', 'raise(integer, text)'),
  object('SCHEMA', null, 'shop'),
  object('VIEW', 'shop', 'names'),
];
const tables = [
  { schema: 'hr', name: 'emp' },
  { schema: 'hr', name: 'tmp_1' },
  { schema: 'shop', name: 'cart' },
];

const filter = (type: string, nameExpression: string | null = null): ObjectFilter => ({
  type,
  nameExpression,
});

async function passing(include: readonly ObjectFilter[], exclude: readonly ObjectFilter[] = []) {
  const filters = await compileObjectFilters(include, exclude);
  return {
    objects: filters.objects(all).map(({ type, name }) => `${type} ${name}`),
    rows: filters.tables(tables).map(({ name }) => name),
  };
}

const nothing: readonly ObjectFilter[] = [];

test('without filters everything passes', async () => {
  const { objects, rows } = await passing(nothing);
  assert.equal(objects.length, all.length);
  assert.deepEqual(rows, ['emp', 'tmp_1', 'cart']);
  assert.equal((await compileObjectFilters(nothing, nothing)).isEmpty, true);
});

test('include TABLE brings what belongs to tables, and the rows', async () => {
  const { objects, rows } = await passing([filter('table', "= 'EMP'")]);
  assert.deepEqual(objects, [
    'SCHEMA hr',
    'TABLE emp',
    'SEQUENCE emp_id_seq',
    'INDEX emp_ix',
    'COMMENT emp_ix',
    'CONSTRAINT emp_pk',
    'FK CONSTRAINT emp_fk',
    'ACL emp',
  ]);
  assert.deepEqual(rows, ['emp']);
});

test('include INDEX brings indexes, their comments, and no rows', async () => {
  assert.deepEqual(await passing([filter('INDEX')]), {
    objects: ['SCHEMA hr', 'INDEX emp_ix', 'COMMENT emp_ix'],
    rows: [],
  });
});

test('exclude takes along what makes no sense alone', async () => {
  const { objects, rows } = await passing(nothing, [
    filter('TABLE', "LIKE 'EMP%'"),
    filter('SEQUENCE'),
    filter('FUNCTION', "= 'RAISE'"),
    filter('schema', "= 'shop'"),
    filter('USER'),
  ]);
  assert.deepEqual(objects, ['SCHEMA hr', 'TABLE tmp_1']);
  assert.deepEqual(rows, ['tmp_1']);
});

test('include first, then exclude', async () => {
  const { objects, rows } = await passing([filter('TABLE')], [filter('CONSTRAINT'), filter('OBJECT_GRANT')]);
  assert.deepEqual(objects, [
    'SCHEMA hr',
    'TABLE emp',
    'SEQUENCE emp_id_seq',
    'TABLE tmp_1',
    'INDEX emp_ix',
    'COMMENT emp_ix',
  ]);
  assert.deepEqual(rows, ['emp', 'tmp_1', 'cart']);
});

test('TABLE_DATA is about the rows alone', async () => {
  assert.deepEqual(await passing([filter('TABLE_DATA', "LIKE 'E%'")]), { objects: [], rows: ['emp'] });
  const { objects, rows } = await passing(nothing, [filter('table_data', "= 'emp'")]);
  assert.equal(objects.length, all.length);
  assert.deepEqual(rows, ['tmp_1', 'cart']);
});

test("Data Pump's words mean the engine's", async () => {
  assert.deepEqual((await passing([filter('ref_constraint')])).objects, [
    'SCHEMA hr',
    'FK CONSTRAINT emp_fk',
  ]);
  assert.deepEqual((await passing([filter('Constraint')])).objects, [
    'SCHEMA hr',
    'CONSTRAINT emp_pk',
    'FK CONSTRAINT emp_fk',
  ]);
  assert.deepEqual((await passing([filter('GRANT')])).objects, [
    'SCHEMA hr',
    'ACL emp',
    'ACL raise(integer, text)',
  ]);
});

test('letters count where two names differ in case alone', async () => {
  const filters = await compileObjectFilters([filter('TABLE', "= 'EMP'")], nothing);
  const both = [object('TABLE', 'hr', 'emp'), object('TABLE', 'hr', 'EMP')];
  assert.deepEqual(filters.objects(both), [both[1]]);
});

test('an unknown type or a bad expression is an error that names its field', async () => {
  await assert.rejects(
    compileObjectFilters(nothing, [filter('TABLE'), filter('PACKAGE')]),
    (error: AppError) =>
      error.code === 'field-invalid' && error.field === 'exclude[1].type' && / INDEX, /.test(error.hint),
  );
  await assert.rejects(
    compileObjectFilters([filter('TABLE', 'LIKE 1')], nothing),
    (error: AppError) => error instanceof AppError && error.field === 'include[0].name_expression',
  );
});

test('what is included and excluded by its type alone is refused, by name it is not', async () => {
  const all = (type: string) => ({ type, nameExpression: null });
  await assert.rejects(
    compileObjectFilters([all('VIEW')], [all('INDEX'), all('view')]),
    (error: AppError) => error.code === 'field-invalid' && error.field === 'exclude[1].type',
  );
  await compileObjectFilters([all('VIEW')], [{ type: 'VIEW', nameExpression: "= 'V'" }]);
});
