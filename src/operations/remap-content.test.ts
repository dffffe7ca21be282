import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DdlObject } from '../core/catalogue.ts';
import type { AppError } from '../core/errors.ts';
import { noRemaps, type Remaps } from '../core/request.ts';
import { postgresEngine } from '../engines/postgres/engine.ts';
import { sqliteEngine } from '../engines/sqlite/engine.ts';
import { checkTableRemap, remapContent, resolveRemaps } from './remap-content.ts';

const tableObject = (schema: string, name: string): DdlObject => ({
  section: 'pre',
  type: 'TABLE',
  schema,
  name,
  table: null,
  owner: 'scott',
  sql: `CREATE TABLE ${schema}.${name} (a integer);`,
});
const content = {
  tables: [
    { schema: 'hr', name: 'emp', tablespace: 'fast' },
    { schema: 'hr', name: 'Emp2' },
    { schema: 'shop', name: 'emp' },
  ],
  objects: [tableObject('hr', 'emp'), tableObject('shop', 'emp'), tableObject('shop', 'parts')],
};
const resolve = (remaps: Partial<Remaps>) => resolveRemaps({ ...noRemaps, ...remaps }, content);

test('schemas are found without regard to case, and targets take the style of what was found', () => {
  const { schemas } = resolve({
    schemas: [
      { source: 'HR', target: 'BLAKE' },
      { source: 'shop', target: 'STORE' },
      { source: 'gone', target: 'x' },
    ],
  });
  assert.deepEqual(schemas, [
    { source: 'hr', target: 'blake' },
    { source: 'shop', target: 'STORE' },
  ]);
});

test('a table without a schema is meant in all of them; tables without rows count too', () => {
  assert.deepEqual(resolve({ tables: [{ table: 'EMP', target: 'STAFF' }] }).tables, [
    { schema: 'hr', name: 'emp', target: 'staff' },
    { schema: 'shop', name: 'emp', target: 'staff' },
  ]);
  assert.deepEqual(resolve({ tables: [{ table: 'shop.parts', target: 'Pieces' }] }).tables, [
    { schema: 'shop', name: 'parts', target: 'Pieces' },
  ]);
  assert.throws(
    () => resolve({ tables: [{ table: 'hr.gone', target: 'x' }] }),
    (error: AppError) => error.code === 'field-invalid' && error.field === 'remap_tables',
  );
});

test('tablespaces and owners that only definitions name are taken as they are given', () => {
  const { tablespaces, owners } = resolve({
    tablespaces: [
      { source: 'FAST', target: 'SLOW' },
      { source: 'INDEXES', target: 'FAST' },
    ],
    owners: [{ source: 'SCOTT', target: 'tiger' }],
  });
  assert.deepEqual(tablespaces, [
    { source: 'fast', target: 'slow' },
    { source: 'INDEXES', target: 'FAST' },
    { source: 'indexes', target: 'fast' },
  ]);
  assert.deepEqual(owners, [{ source: 'scott', target: 'tiger' }]);
});

test('tables and definitions get their new names, and no two the same', async () => {
  const remaps: Remaps = {
    ...noRemaps,
    schemas: [{ source: 'hr', target: 'people' }],
    tables: [{ table: 'hr.emp', target: 'staff' }],
  };
  const { tables, objects } = await remapContent(postgresEngine, remaps, content);
  assert.deepEqual(tables[0], { schema: 'people', name: 'staff', tablespace: 'fast' });
  assert.deepEqual(tables[2], { schema: 'shop', name: 'emp' });
  assert.ok(objects.some(({ sql }) => sql.includes('people.staff')));
  await assert.rejects(
    remapContent(postgresEngine, { ...noRemaps, schemas: [{ source: 'hr', target: 'shop' }] }, content),
    (error: AppError) => error.code === 'object-exists' && /shop\.emp/.test(error.message),
  );
});

test('a remap that the engine cannot do is refused by its field', async () => {
  await assert.rejects(
    remapContent(sqliteEngine, { ...noRemaps, owners: [{ source: 'a', target: 'b' }] }, content),
    (error: AppError) => error.code === 'unsupported' && error.field === 'remap_owner',
  );
});

test('a remap whose source is nowhere changes nothing, and is told with what there is', async () => {
  const remaps: Remaps = {
    ...noRemaps,
    schemas: [
      { source: 'nothere', target: 'x' },
      { source: 'HR', target: 'people' },
    ],
    tablespaces: [
      { source: 'fast', target: 'slow' },
      { source: 'gone', target: 'slow' },
    ],
    // The second is no owner, and a word of a definition.
    owners: [
      { source: 'nobody', target: 'x' },
      { source: 'parts', target: 'x' },
      { source: 'scott', target: 'scott' },
    ],
  };
  const { leftAlone } = await remapContent(postgresEngine, remaps, content);
  assert.deepEqual(leftAlone, [
    'remap_schemas nothere:x changes nothing: no schema nothere is among what is taken. There is hr, shop.',
    'remap_tablespaces gone:slow changes nothing: no tablespace gone is among what is taken. There is fast.',
    'remap_owner nobody:x changes nothing: no role nobody is among what is taken. There is scott.',
  ]);
  const only = { ...noRemaps, schemas: [{ source: 'nothere', target: 'x' }] };
  assert.equal((await remapContent(postgresEngine, only, content)).leftAlone.length, 1);
});

test('a table gets a name, and no schema', () => {
  checkTableRemap({ table: 'hr.emp', target: 'staff' });
  assert.throws(
    () => checkTableRemap({ table: 'hr.emp', target: 'people.staff' }),
    (error: AppError) =>
      error.code === 'field-invalid' && error.field === 'remap_tables' && /remap_schemas/.test(error.hint),
  );
});
