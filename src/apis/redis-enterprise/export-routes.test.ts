import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportPattern } from './export-routes.ts';
import { readSources } from './import-routes.ts';
import { secondOf } from './start-run.ts';

test('files are called as the database (30 characters), the second, and their number', () => {
  const second = secondOf('EXPORT_20261121093007');
  assert.equal(second, '2026-11-21T093007Z');
  assert.equal(
    exportPattern('harbor_cache', second, { ownFileExtension: 'rdb' }),
    'harbor-cache-2026-11-21T093007Z-%I_of_%N.rdb.gz',
  );
  assert.equal(
    exportPattern('a'.repeat(40), second, { ownFileExtension: null }),
    `${'a'.repeat(30)}-2026-11-21T093007Z-1_of_1.dmp`,
  );
});

const source = (file: string) => ({ type: 'url', url: `ftp://vault.example/${file}` });

test('descriptions among the sources are skipped', () => {
  const { sources, skipped } = readSources([source('a-1_of_1.rdb.gz'), source('a.JSON')]);
  assert.deepEqual([sources.map(({ file }) => file), skipped], [['a-1_of_1.rdb.gz'], ['a.JSON']]);
});

test('a list without a file, or of another form, is refused', () => {
  assert.throws(() => readSources([]), /names no file/);
  assert.throws(() => readSources([source('a.json')]), /names no file/);
  assert.throws(() => readSources('a'), /must be an array/);
  assert.throws(() => readSources([source('a.rdb'), 'b']), /dataset_import_sources\[1\] must be an object/);
});
