import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../core/errors.ts';
import {
  parseExcludedColumn,
  parseFileSize,
  parseKeyRemap,
  parseMask,
  parseObjectFilter,
  parseQuery,
  parseRemap,
  parseSample,
  parseTableRemap,
} from './option-values.ts';

const refused =
  (field: string, says: RegExp) =>
  (error: unknown): boolean =>
    error instanceof AppError && error.code === 'usage' && error.field === field && says.test(error.message);

test('objects by type, and by name behind a colon', () => {
  assert.deepEqual(parseObjectFilter('INDEX'), { type: 'INDEX' });
  assert.deepEqual(parseObjectFilter("FK CONSTRAINT:LIKE 'a:b%'"), {
    type: 'FK CONSTRAINT',
    name_expression: "LIKE 'a:b%'",
  });
});

test('predicates may hold colons and dots, quoted names too', () => {
  assert.deepEqual(parseQuery("hr.emp:at > '10:30' AND rate > 0.5"), {
    table: 'hr.emp',
    where: "at > '10:30' AND rate > 0.5",
  });
  assert.deepEqual(parseQuery('"a:b"."c.d":x::int = 1'), { table: '"a:b"."c.d"', where: 'x::int = 1' });
  assert.throws(() => parseQuery('hr.emp'), refused('query', /--query takes TABLE:PREDICATE, not "hr.emp"/));
  assert.throws(() => parseQuery(':a = 1'), refused('query', /TABLE:PREDICATE/));
});

test('samples of all tables or of one', () => {
  assert.deepEqual(parseSample('10'), { percent: 10 });
  assert.deepEqual(parseSample('hr.log:0.5'), { table: 'hr.log', percent: 0.5 });
  assert.deepEqual(parseSample('"a:b":1e-3'), { table: '"a:b"', percent: 0.001 });
  for (const text of ['', 'many', 'emp:', 'emp:x'])
    assert.throws(() => parseSample(text), refused('sample', /PERCENT/));
});

test('a column is the last part of a dotted name', () => {
  assert.deepEqual(parseExcludedColumn('emp.notes'), { table: 'emp', columns: ['notes'] });
  assert.deepEqual(parseExcludedColumn('hr.emp.notes'), { table: 'hr.emp', columns: ['notes'] });
  assert.deepEqual(parseExcludedColumn('"a.b"."c.d"."e ""x"".y"'), {
    table: '"a.b"."c.d"',
    columns: ['e "x".y'],
  });
  for (const text of ['notes', 'emp.', '.notes', '"emp.notes"'])
    assert.throws(() => parseExcludedColumn(text), refused('exclude_columns', /TABLE\.COLUMN/));
});

test('masks with their arguments', () => {
  const place = { table: 'hr.emp', column: 'phone' };
  assert.deepEqual(parseMask('hr.emp.phone:null'), { ...place, method: 'null' });
  assert.deepEqual(parseMask('hr.emp.phone:hash'), { ...place, method: 'hash' });
  assert.deepEqual(parseMask('hr.emp.phone:constant:+49:0'), {
    ...place,
    method: 'constant',
    value: '+49:0',
  });
  assert.deepEqual(parseMask('hr.emp.phone:constant:'), { ...place, method: 'constant', value: '' });
  assert.deepEqual(parseMask('hr.emp.phone:partial'), { ...place, method: 'partial' });
  assert.deepEqual(parseMask('hr.emp.phone:partial:2'), { ...place, method: 'partial', keep_first: 2 });
  assert.deepEqual(parseMask('hr.emp.phone:partial:2:3'), {
    ...place,
    method: 'partial',
    keep_first: 2,
    keep_last: 3,
  });
  const wrong = [
    'hr.emp.phone',
    'phone:hash',
    'a.b:rot13',
    'a.b:hash:1',
    'a.b:constant',
    'a.b:partial:x',
    'a.b:partial:1:2:3',
  ];
  for (const text of wrong)
    assert.throws(() => parseMask(text), refused('mask', /--mask takes TABLE\.COLUMN:null/), text);
});

test('remaps', () => {
  assert.deepEqual(parseRemap('a:b', 'remap_owner', '--remap-owner'), { source: 'a', target: 'b' });
  assert.deepEqual(parseRemap('"a:b":"C ""d"""', 'remap_schemas', '--remap-schema'), {
    source: 'a:b',
    target: 'C "d"',
  });
  assert.deepEqual(parseRemap('a"b:c', 'remap_schemas', '--remap-schema'), { source: 'a"b', target: 'c' });
  for (const text of ['a', 'a:', ':b', 'a:b:c', '"a":b:c'])
    assert.throws(
      () => parseRemap(text, 'remap_owner', '--remap-owner'),
      refused('remap_owner', /--remap-owner takes SOURCE:TARGET/),
    );
  assert.deepEqual(parseTableRemap('hr."e:mp":old'), { table: 'hr."e:mp"', target: 'old' });
  assert.deepEqual(parseTableRemap('emp:"New one"'), { table: 'emp', target: 'New one' });
  assert.throws(() => parseTableRemap('emp'), refused('remap_tables', /TABLE:NAME/));
});

test('sizes of files in bytes or larger units', () => {
  assert.equal(parseFileSize('500MB'), 500 * 1024 ** 2);
  assert.equal(parseFileSize('1048576'), 1024 ** 2);
  assert.throws(
    () => parseFileSize('5 files'),
    refused('file_size', /--file-size takes a size such as 500MB/),
  );
});

test('beginnings of keys, in quotes where they hold colons or are empty', () => {
  assert.deepEqual(parseKeyRemap('old-:new-'), { source: 'old-', target: 'new-' });
  assert.deepEqual(parseKeyRemap('"user:":"customer:"'), { source: 'user:', target: 'customer:' });
  assert.deepEqual(parseKeyRemap('"":"prod:"'), { source: '', target: 'prod:' });
  assert.deepEqual(parseKeyRemap(':prod-'), { source: '', target: 'prod-' });
  assert.deepEqual(parseKeyRemap('tmp-:'), { source: 'tmp-', target: '' });
  assert.deepEqual(parseKeyRemap('"say ""hi"":":b'), { source: 'say "hi":', target: 'b' });
  for (const text of ['user::customer:', 'a', 'a:b:c', '"a:b', '', '"a"b:c']) {
    assert.throws(() => parseKeyRemap(text), refused('remap_keys', /^--remap-keys takes OLD:NEW/), text);
  }
});
