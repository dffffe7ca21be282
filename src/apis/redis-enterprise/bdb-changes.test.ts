import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChanges } from './bdb-changes.ts';
import { bdbView } from './bdb-view.ts';
import { Refusal } from './refusal.ts';

const now = bdbView(
  { name: 'harbor', uid: 7, engine: 'redis', url: 'redis://h:1', shared: false, createdAt: 0 },
  {},
  { newestExport: null, newestImport: null, lastExport: null, running: null },
  { version: '8.0.0', bytes: 1 },
);
const source = { type: 'url', url: 'ftp://vault.example/a.rdb' };

test('what can be kept is kept', () => {
  assert.deepEqual(readChanges({ skip_import_analyze: 'enabled' }, now), { skipImportAnalyze: 'enabled' });
  assert.deepEqual(readChanges({ dataset_import_sources: [source] }, now), { sources: [source] });
  assert.deepEqual(readChanges({ dataset_import_sources: null }, now), { sources: null });
  assert.deepEqual(readChanges({ tags: [{ key: 'a', value: 'b' }] }, now), {
    tags: [{ key: 'a', value: 'b' }],
  });
});

test('an object that is sent back as it came changes nothing', () => {
  assert.deepEqual(readChanges(now, now), {});
  assert.deepEqual(readChanges({ backup: false, backup_interval: 86_400, memory_size: 1 }, now), {});
});

const refused: readonly (readonly [Record<string, unknown>, number, string, RegExp])[] = [
  [{ colour: 'blue' }, 400, 'invalid_schema', /colour/],
  [{ memory_size: '1' }, 400, 'invalid_schema', /memory_size must be a number, not a string/],
  [{ skip_import_analyze: 'perhaps' }, 400, 'invalid_schema', /enabled or disabled/],
  [
    { dataset_import_sources: [{ type: 'url' }] },
    400,
    'invalid_schema',
    /dataset_import_sources\[0\]\.url is missing/,
  ],
  [{ tags: 'a' }, 400, 'invalid_schema', /tags must be an array/],
  [{ tags: [{ key: 'a', value: 'b', more: 1 }] }, 400, 'invalid_schema', /more/],
  [
    {
      tags: [
        { key: 'a', value: '1' },
        { key: 'a', value: '2' },
      ],
    },
    406,
    'invalid_bdb_tags',
    /same key/,
  ],
  [{ memory_size: 2 }, 406, 'not_supported', /memory_size cannot be changed/],
  [{ name: 'other' }, 406, 'not_supported', /name cannot be changed/],
  [{ backup: true }, 406, 'missing_backup_interval', /backup_interval/],
  [{ backup: true, backup_interval: 3600 }, 406, 'not_supported', /Scheduled backups are not there yet/],
  [{ backup_location: source }, 406, 'not_supported', /Scheduled backups/],
];

test('the rest is refused by name', () => {
  for (const [body, status, code, words] of refused) {
    assert.throws(
      () => readChanges(body, now),
      (error: unknown) => {
        assert.ok(error instanceof Refusal, String(error));
        assert.deepEqual([error.status, error.errorCode], [status, code], error.message);
        assert.match(error.message, words);
        return true;
      },
    );
  }
});
