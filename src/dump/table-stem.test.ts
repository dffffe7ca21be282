import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { tableKey } from '../core/catalogue.ts';
import { checkFileName } from '../storages/file-name.ts';
import { escapeName, tableStems } from './table-stem.ts';

const tableName = fc.record({
  schema: fc.oneof(fc.constantFrom('public', 'Public', 'main', ''), fc.string({ unit: 'grapheme' })),
  name: fc.oneof(
    fc.constantFrom('emp', 'EMP', 'Emp', 'a.b', 'a', '..', '/', '%2E', '~', 'CON'),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'grapheme', minLength: 100, maxLength: 300 }),
  ),
});

test('escaping is reversible and leaves only safe characters', () => {
  assert.equal(escapeName('Größe "x"/y'), 'Gr%C3%B6%C3%9Fe%20%22x%22%2Fy');
  assert.equal(escapeName('plain_Name-1'), 'plain_Name-1');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      assert.match(escapeName(name), /^[A-Za-z0-9_%-]*$/);
      assert.equal(decodeURIComponent(escapeName(name)), name);
    }),
  );
});

test('every table has a stem of its own, on case-insensitive file systems too, that fits any file system', () => {
  fc.assert(
    fc.property(fc.array(tableName, { maxLength: 30 }), (tables) => {
      const stems = tableStems(tables);
      const keys = new Set(tables.map(tableKey));
      assert.equal(stems.size, keys.size);
      assert.equal(new Set([...stems.values()].map((stem) => stem.toLowerCase())).size, keys.size);
      for (const stem of stems.values()) {
        checkFileName(`${stem}.0001.binary.zst`);
        assert.match(stem, /^[A-Za-z0-9_%.~-]+$/);
        assert.ok(stem.length <= 180);
      }
    }),
  );
});

test('a stem is plain where it can be, and does not depend on the order of tables', () => {
  const tables = [
    { schema: 'hr', name: 'emp' },
    { schema: 'hr', name: 'Jobs' },
    { schema: 'hr', name: 'jobs' },
  ];
  const stems = tableStems(tables);
  assert.equal(stems.get(tableKey({ schema: 'hr', name: 'emp' })), 'hr.emp');
  assert.match(stems.get(tableKey({ schema: 'hr', name: 'Jobs' })) ?? '', /^hr\.Jobs~[0-9a-f]{16}$/);
  assert.match(stems.get(tableKey({ schema: 'hr', name: 'jobs' })) ?? '', /^hr\.jobs~[0-9a-f]{16}$/);
  const reversed = tableStems(tables.toReversed());
  for (const [key, stem] of stems) assert.equal(reversed.get(key), stem);
});
