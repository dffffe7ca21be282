import assert from 'node:assert/strict';
import test from 'node:test';
import { readWriteOptions } from './write-options.ts';

const remap = (source: unknown, target: unknown) => [{ source, target }];

test('without options nothing is renamed, and tables that exist are in the way', () => {
  assert.deepEqual(readWriteOptions({}), {
    remaps: { schemas: [], tables: [], tablespaces: [], owners: [], keyPrefixes: [] },
    tableExistsAction: null,
    globals: false,
  });
});

test('options are taken as given; remaps to the same name are dropped', () => {
  assert.deepEqual(
    readWriteOptions({
      remapSchemas: [...remap('a', 'b'), ...remap('c', 'c'), ...remap('d', 'b')],
      remapTables: [{ table: 'a.t', target: 'u' }],
      remapTablespaces: remap('slow', 'fast'),
      remapOwners: remap('ann', 'bob'),
      remapKeys: [...remap('', 'old:'), ...remap('tmp:', ''), ...remap('a', 'a')],
      tableExistsAction: 'replace',
      globals: true,
    }),
    {
      remaps: {
        schemas: [
          { source: 'a', target: 'b' },
          { source: 'd', target: 'b' },
        ],
        tables: [{ table: 'a.t', target: 'u' }],
        tablespaces: [{ source: 'slow', target: 'fast' }],
        owners: [{ source: 'ann', target: 'bob' }],
        keyPrefixes: [
          { source: '', target: 'old:' },
          { source: 'tmp:', target: '' },
        ],
      },
      tableExistsAction: 'replace',
      globals: true,
    },
  );
});

const remapCases = (key: string, field: string) =>
  [
    [{ [key]: {} }, field],
    [{ [key]: ['a:b'] }, `${field}[0]`],
    [{ [key]: remap(undefined, 'b') }, `${field}[0].source`],
    [{ [key]: remap('', 'b') }, `${field}[0].source`],
    [{ [key]: remap('a', null) }, `${field}[0].target`],
    [{ [key]: remap('a', 'b'.repeat(256)) }, `${field}[0].target`],
    [{ [key]: [...remap('a', 'b'), ...remap('a', 'c')] }, field],
    [{ [key]: Array.from({ length: 1001 }, (_, index) => ({ source: `${index}`, target: 'b' })) }, field],
  ] as const;

const wrong: readonly (readonly [input: Readonly<Record<string, unknown>>, field: string])[] = [
  ...remapCases('remapSchemas', 'remap_schemas'),
  ...remapCases('remapTablespaces', 'remap_tablespaces'),
  ...remapCases('remapOwners', 'remap_owner'),
  [{ remapKeys: [{ source: 'a' }] }, 'remap_keys[0].target'],
  [{ remapKeys: [{ target: 'a' }] }, 'remap_keys[0].source'],
  [{ remapKeys: remap('a'.repeat(1025), 'b') }, 'remap_keys[0].source'],
  [{ remapKeys: [...remap('', 'b'), ...remap('', 'c')] }, 'remap_keys'],
  [{ remapTables: 'a' }, 'remap_tables'],
  [{ remapTables: [{ target: 'b' }] }, 'remap_tables[0].table'],
  [{ remapTables: [{ table: 'a', target: '' }] }, 'remap_tables[0].target'],
  [{ remapTables: [1, 2].map((n) => ({ table: 'a', target: `b${n}` })) }, 'remap_tables'],
  [{ tableExistsAction: 'drop' }, 'table_exists_action'],
  [{ tableExistsAction: true }, 'table_exists_action'],
  [{ globals: 'yes' }, 'globals'],
  [{ globals: 1 }, 'globals'],
];

for (const [index, [input, field]] of wrong.entries()) {
  test(`case ${index}: ${field} is refused by name`, () => {
    assert.throws(() => readWriteOptions(input), { code: 'field-invalid', field });
  });
}
