import assert from 'node:assert/strict';
import test from 'node:test';
import type { DdlObject } from '../../../core/catalogue.ts';
import { libraryName } from './functions.ts';
import { refuseFunctions, remapFunctions, scheduleFunctions } from './functions-as-objects.ts';

const library = (name: string, sql: string, type = 'FUNCTION'): DdlObject => ({
  section: 'pre',
  type,
  schema: null,
  name,
  table: null,
  owner: null,
  sql,
});
const good = library('mylib', "#!lua name=mylib\nredis.register_function('f', function() return 1 end)");

test('finds the name of a library in its first line', () => {
  const names: readonly (readonly [string, string | null])[] = [
    ['#!lua name=mylib\nreturn 1', 'mylib'],
    ['#!lua name=mylib', 'mylib'],
    ['#!lua engine=x name=my_lib2 \n', 'my_lib2'],
    ['#!lua\nname=mylib', null],
    ['#!lua rename=mylib', null],
    ['lua name=mylib', null],
    ['', null],
  ];
  for (const [source, name] of names) assert.equal(libraryName(source), name, source);
});

test('refuses what is no library, or another one than it says', () => {
  const refused = refuseFunctions([
    good,
    library('other', good.sql),
    library('x', 'FLUSHALL'),
    library('t', good.sql, 'TABLE'),
  ]);
  assert.deepEqual(
    refused.map(({ object, message }) => [object.name, /another|begin|type/.exec(message)?.[0]]),
    [
      ['other', 'another'],
      ['x', 'begin'],
      ['t', 'type'],
    ],
  );
});

test('loads libraries before the keys, and keeps them as they are', () => {
  assert.deepEqual(scheduleFunctions([good]).before, [good]);
  const none = { tables: [], tablespaces: [], owners: [] };
  const remapped = remapFunctions([good], { ...none, schemas: [{ source: 'db0', target: 'db5' }] });
  assert.deepEqual(remapped, { objects: [good], leftAlone: [] });
  assert.throws(() => remapFunctions([], { ...none, schemas: [{ source: 'db0', target: 'five' }] }), {
    code: 'field-invalid',
  });
});
