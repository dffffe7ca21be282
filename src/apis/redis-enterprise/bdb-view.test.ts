import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import { sampleJob } from '../../../test/harness/ords-fixture.ts';
import { bdbSchema } from './bdb-schema.ts';
import { type BdbRuns, bdbView, slugOf } from './bdb-view.ts';

const never: BdbRuns = { newestExport: null, newestImport: null, lastExport: null, running: null };
const database = {
  name: 'harbor_cache',
  uid: 7,
  engine: 'redis',
  url: 'redis://cache.example.net:6379',
  shared: false,
  createdAt: Date.UTC(2026, 10, 21, 3, 4, 5, 678),
};
const facts = { version: '8.0.3', bytes: 4096 };
const schema = Compile(bdbSchema);

test('a database that was never exported has the 139 keys of a live one, and no more', () => {
  const bdb = bdbView(database, {}, never, facts);
  assert.equal(Object.keys(bdb).length, 139);
  const { uid, name, type, version, redis_version, status, memory_size, created_time, last_changed_time } =
    bdb;
  assert.deepEqual(
    { uid, name, type, version, redis_version, status, memory_size, created_time, last_changed_time },
    {
      uid: 7,
      name: 'harbor-cache',
      type: 'redis',
      version: '8.0.3',
      redis_version: '8.0',
      status: 'active',
      memory_size: 4096,
      created_time: '2026-11-21T03:04:05Z',
      last_changed_time: '2026-11-21T03:04:05Z',
    },
  );
  const absent = [
    'action_uid',
    'backup_location',
    'backup_interval_offset',
    'last_backup_time',
    'last_export_time',
    'tags',
  ];
  for (const key of absent) assert.equal(key in bdb, false, key);
  assert.deepEqual(bdb.endpoints, [
    {
      uid: '7:1',
      dns_name: 'cache.example.net',
      port: 6379,
      addr: [],
      addr_type: 'external',
      proxy_policy: 'single',
      oss_cluster_api_preferred_ip_type: 'internal',
      oss_cluster_api_preferred_endpoint_type: 'ip',
    },
  ]);
  assert.deepEqual([bdb.shard_list, bdb.background_op], [[7], [{ status: 'idle' }]]);
});

test('every state of a database is as its schema says', () => {
  const running = sampleJob('X', { id: '0123456789abcdefghjk' });
  const loading = sampleJob('Y', { kind: 'import', state: 'executing', seq: 9 });
  const done = sampleJob('Z', { state: 'completed', finishedAt: Date.UTC(2026, 10, 21, 9) });
  const views = [
    bdbView(database, {}, never, null),
    bdbView(database, { exportReset: 3, importReset: 3, backupReset: true }, never, facts),
    bdbView(database, {}, { ...never, newestExport: running, running }, facts),
    bdbView(database, {}, { ...never, newestImport: loading, running: loading }, facts),
    bdbView(
      database,
      { tags: [{ key: 'a', value: 'b' }] },
      { ...never, newestExport: done, lastExport: done },
      facts,
    ),
  ];
  for (const view of views) assert.deepEqual(schema.Errors(view), []);
  const [, reset, exporting, importing, succeeded] = views;
  assert.deepEqual(
    [reset?.export_status, reset?.import_status, reset?.backup_status],
    ['idle', 'idle', 'idle'],
  );
  assert.deepEqual([exporting?.export_status, exporting?.status], ['exporting', 'active']);
  assert.match(String(exporting?.action_uid), /^[0-9a-f-]{36}$/);
  assert.deepEqual([importing?.import_status, importing?.status], ['importing', 'import-pending']);
  assert.deepEqual(
    [succeeded?.export_status, succeeded?.last_export_time],
    ['succeeded', '2026-11-21T09:00:00Z'],
  );
  assert.equal('action_uid' in (succeeded ?? {}), false);
});

test('other engines carry a tag beside the tags of their own; files have no endpoint', () => {
  const sqlite = { ...database, engine: 'sqlite', url: 'sqlite:/srv/harbor.db' };
  const bdb = bdbView(sqlite, { tags: [{ key: 'team', value: 'quay' }] }, never, null);
  assert.deepEqual(bdb.tags, [
    { key: 'engine', value: 'sqlite' },
    { key: 'team', value: 'quay' },
  ]);
  assert.deepEqual([bdb.type, bdb.endpoints, bdb.version], ['sqlite', [], '']);
});

test('an address is an IP address or a name', () => {
  const [endpoint] = bdbView({ ...database, url: 'redis://[::1]:7000' }, {}, never, null)
    .endpoints as readonly Record<string, unknown>[];
  assert.deepEqual([endpoint?.dns_name, endpoint?.addr, endpoint?.port], ['::1', ['::1'], 7000]);
});

test('names are letters, digits and hyphens, and end in none', () => {
  assert.equal(slugOf('Harbor_cache-2'), 'Harbor-cache-2');
  assert.equal(slugOf('harbor__'), 'harbor');
});

test('why no mail comes is said as long as the run is the newest', () => {
  const silent = sampleJob('X', { apiData: { mailReason: 'The option smtp-url is not set.', notes: [] } });
  assert.equal(
    bdbView(database, {}, { ...never, newestExport: silent }, null).email_notification_status,
    'The option smtp-url is not set.',
  );
});
