import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createMemoryLog } from '../../../test/harness/http-fixture.ts';
import { bareLocal } from '../../../test/harness/local-storage.ts';
import { type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';
import { writeDataFile } from '../../dump/data-file.ts';
import { writeMaster } from '../../dump/master.ts';
import type { JobView } from './job-view.ts';

let fixture: NativeFixture;
/** An export whose files are there and whose plan tells so. */
let job: JobView;

before(async () => {
  fixture = await openNativeFixture();
  const started = await fixture.call({
    method: 'POST',
    url: '/api/v1/jobs',
    body: { kind: 'export', database: 'orders', file_pattern: 'nightly é' },
  });
  job = started.json();
  const files = await writeSet();
  const claimed = await fixture.store.claimTask('worker');
  assert.ok(claimed !== null);
  await fixture.store.completeTask(claimed.lease, {
    result: null,
    plan: { kind: 'export', layout: { form: 'folder', folder: 'nightly é' }, files },
    jobResult: {
      files: files.map((name) => ({ name, bytes: 1 })),
      tables: 1,
      rows: 3,
      bytes: 9,
      failedTables: ['"main"."x"'],
    },
  });
});
after(() => fixture[Symbol.asyncDispose]());

/** One table with three rows, in a folder. */
async function writeSet(): Promise<readonly string[]> {
  const storage = bareLocal(fixture.dumps);
  const context = { signal: AbortSignal.timeout(60_000), log: createMemoryLog().log };
  const layout = { form: 'folder', folder: 'nightly é' } as const;
  const name = 'nightly é/data/main.line.0001.text.zst';
  const source = {
    id: 'main.line/1',
    open: () => ({
      bytes: (async function* () {
        yield Buffer.from('1\n2\n3\n');
      })(),
      summary: Promise.resolve({ rows: 3, variant: '' }),
    }),
  };
  const written = await writeDataFile(
    storage,
    name,
    [source],
    { ifExists: 'fail', coding: { compression: 'zstd', cipher: null }, expectedBytes: 6 },
    context,
  );
  const table = {
    schema: 'main',
    name: 'line',
    tablespace: null,
    columns: [{ name: 'id', type: 'INTEGER' }],
  };
  const manifest = await writeMaster(
    storage,
    layout,
    {
      job: { id: job.id, name: job.name },
      createdAt: '2026-11-21T09:30:07.000Z',
      source: { engine: 'sqlite', serverVersion: '3.50.0', database: 'orders' },
      mode: 'full',
      encoding: 'text',
      coding: { compression: 'zstd', cipher: null },
      consistency: { kind: 'snapshot', note: '' },
      tables: [
        {
          ...table,
          encoding: 'text',
          error: null,
          units: written.units,
          inlineUnits: [],
          reduced: ['sampled', 'columns'],
        },
      ],
      objects: [
        {
          section: 'pre',
          type: 'TABLE',
          schema: 'main',
          name: 'line',
          table: null,
          owner: null,
          sql: 'CREATE TABLE line (id INTEGER PRIMARY KEY);',
        },
      ],
      files: [written.file],
    },
    [],
    { ifExists: 'fail' },
    context,
  );
  return manifest.files.map((file) => file.name);
}

test('the dump sets of a directory or a location', async () => {
  const inDirectory = (await fixture.call('/api/v1/dump-sets')).json();
  assert.equal(inDirectory.items.length, 1);
  const { bytes, ...set } = inDirectory.items[0];
  assert.ok(bytes > 0);
  assert.deepEqual(set, {
    file_pattern: 'nightly é',
    form: 'folder',
    job: job.name,
    engine: 'sqlite',
    database: 'orders',
    created_at: '2026-11-21T09:30:07.000Z',
    tables: 1,
    rows: 3,
    encrypted: false,
    error_count: 0,
    consistency: 'snapshot',
    reduced_tables: 1,
  });
  const url = encodeURIComponent(pathToFileURL(fixture.dumps).href);
  assert.deepEqual((await fixture.call(`/api/v1/dump-sets?location=${url}`)).json(), inDirectory);
  const unknown = await fixture.call('/api/v1/dump-sets?directory=NOWHERE');
  assert.deepEqual([unknown.statusCode, unknown.json().code], [404, 'directory-unknown']);
  const both = await fixture.call(`/api/v1/dump-sets?directory=DATA_PUMP_DIR&location=${url}`);
  assert.deepEqual([both.statusCode, both.json().field], [400, 'location']);
});

test('what a dump set holds', async () => {
  const shown = await fixture.call(`/api/v1/dump-sets/show?file_pattern=${encodeURIComponent('nightly é')}`);
  assert.equal(shown.statusCode, 200, shown.body);
  const { tables, objects, rows, raw_bytes, source, consistency } = shown.json();
  assert.deepEqual([rows, raw_bytes, consistency.kind, source.engine], [3, 6, 'snapshot', 'sqlite']);
  assert.deepEqual(tables, [
    {
      schema: 'main',
      name: 'line',
      rows: 3,
      raw_bytes: 6,
      status: 'complete',
      error: null,
      reduced: ['sampled', 'columns'],
    },
  ]);
  assert.deepEqual(objects, [{ type: 'TABLE', count: 1 }]);
  const missing = await fixture.call('/api/v1/dump-sets/show?file_pattern=none');
  assert.ok(missing.statusCode >= 400 && missing.statusCode < 500, missing.body);
  assert.equal(missing.json().field, 'file_pattern');
});

test('the files of an export, one by one', async () => {
  const { items } = (await fixture.call(job.links.files)).json();
  assert.ok(items.some(({ name }: { name: string }) => name === 'nightly é/data/main.line.0001.text.zst'));
  for (const { href, bytes, name } of items) {
    const answer = await fixture.call(href);
    assert.equal(answer.statusCode, 200, name);
    assert.equal(answer.rawPayload.length, bytes);
    assert.equal(answer.headers['content-length'], String(bytes));
    assert.match(
      String(answer.headers['content-disposition']),
      /^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''/,
    );
    const head = await fixture.call({ method: 'HEAD', url: href });
    assert.equal(head.headers['content-length'], String(bytes));
  }
  for (const name of ['nightly%20%C3%A9/none', '..%2F..%2Fwallet.key', '../../wallet.key', 'manifest.json']) {
    const answer = await fixture.call(`${job.links.files}/${name}`);
    assert.equal(answer.statusCode, 404, name);
  }
});

test('the result of a job is summed up', async () => {
  const { result } = (await fixture.call(job.links.self)).json();
  assert.deepEqual(
    { ...result, files: null },
    {
      tables: 1,
      rows: 3,
      bytes: 9,
      bytes_read: null,
      files: null,
      failed_tables: ['"main"."x"'],
      damaged_files: [],
      backup: null,
      tag: null,
      removed_backups: [],
      message: null,
      old: null,
      nodes: null,
      items: [],
    },
  );
});
