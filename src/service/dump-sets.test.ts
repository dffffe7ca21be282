import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { bareLocal } from '../../test/harness/local-storage.ts';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';
import { type LocationRequest, noRemaps } from '../core/request.ts';
import { layoutForSet } from '../dump/layout.ts';
import { writeMaster } from '../dump/master.ts';
import type { Service } from './service.ts';

let fixture: ServiceFixture;
let service: Service;

/** An empty dump set of `database` in DATA_PUMP_DIR. */
async function writeSet(pattern: string | null, job: string, database: string): Promise<void> {
  const { signal } = fixture.as(localAdministrator);
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const column = { name: 'id', type: 'INTEGER' };
  const table = {
    schema: 'main',
    tablespace: null,
    columns: [column],
    encoding: 'text' as const,
    units: [],
    inlineUnits: [],
  };
  await writeMaster(
    bareLocal(fixture.dumps),
    layoutForSet(pattern, job),
    {
      job: { id: `id-${job}`, name: job },
      createdAt: '2026-11-21T09:30:07.000Z',
      source: { engine: 'sqlite', serverVersion: '3.50.0', database },
      mode: 'full',
      encoding: 'text',
      coding: { compression: 'zstd', cipher: null },
      consistency: { kind: 'snapshot', note: '' },
      tables: [
        { ...table, name: 'customer', error: null },
        { ...table, name: 'line', error: 'unreadable' },
      ],
      objects: [],
      files: [],
    },
    [],
    { ifExists: 'fail' },
    { signal, log },
  );
}

before(async () => {
  fixture = await openServiceFixture();
  service = fixture.service;
  await writeSet(null, 'NIGHTLY', 'orders');
  await writeSet('TIDE%U.DMP', 'TIDE', 'empty');
  await writeSet('one.dmp', 'ONE', 'orders');
  await writeFile(join(fixture.dumps, 'notes.txt'), 'no dump');
});
after(() => fixture[Symbol.asyncDispose]());

const here: LocationRequest = { type: 'directory', directory: 'DATA_PUMP_DIR' };
const administrator = () => fixture.as(localAdministrator);
const developer = (...databases: string[]) => fixture.as(callerOf('dev', 'developer', databases));

test('dump sets are listed with what to give to import them', async () => {
  const sets = await service.listDumpSets(administrator(), here);
  assert.deepEqual(
    sets
      .map(({ filePattern, form, job, engine, database, tables, rows, errors }) => [
        filePattern,
        form,
        job,
        engine,
        database,
        tables,
        rows,
        errors,
      ])
      .sort(),
    [
      ['NIGHTLY', 'folder', 'NIGHTLY', 'sqlite', 'orders', 2, 0, 1],
      ['TIDE%U.DMP', 'pattern', 'TIDE', 'sqlite', 'empty', 2, 0, 1],
      ['one.dmp', 'file', 'ONE', 'sqlite', 'orders', 2, 0, 1],
    ],
  );
  for (const { filePattern } of sets) {
    const manifest = await service.showDumpSet(administrator(), here, filePattern);
    assert.equal(manifest.createdAt, '2026-11-21T09:30:07.000Z');
  }
});

test('a developer reads the sets of his databases, and imports no other', async () => {
  const names = async (...databases: string[]) =>
    (await service.listDumpSets(developer(...databases), here)).map(({ job }) => job).sort();
  assert.deepEqual(await names('orders'), ['NIGHTLY', 'ONE']);
  assert.deepEqual(await names('empty'), ['TIDE']);
  assert.deepEqual(await names(), []);
  assert.deepEqual(await names('*'), ['NIGHTLY', 'ONE', 'TIDE']);

  const refused = {
    code: 'forbidden',
    field: 'file_pattern',
    message: 'The dump set holds data of database orders, on which user dev has no grant.',
  };
  const input = { database: 'empty', filePattern: 'one.dmp' };
  const native = { api: 'native' };
  await assert.rejects(service.showDumpSet(developer('empty'), here, 'one.dmp'), refused);
  await assert.rejects(service.startImport(developer('empty'), input, native), refused);
  await assert.rejects(service.startVerify(developer('empty'), input, native), refused);
  await service.startImport(developer('empty', 'orders'), input, native);
  await service.startImport(developer('*'), input, native);
  await service.startVerify(developer('orders'), input, native);
});

test('an import takes everything in the set unless filtered', async () => {
  const start = async (input: object) =>
    (
      await service.startImport(
        administrator(),
        { database: 'empty', filePattern: 'NIGHTLY', ...input },
        { api: 'native' },
      )
    ).job.request;
  const request = await start({});
  assert.deepEqual(request, {
    kind: 'import',
    database: 'empty',
    selection: null,
    location: here,
    filePattern: 'NIGHTLY',
    ownFiles: null,
    erase: false,
    content: 'all',
    include: [],
    exclude: [],
    remaps: noRemaps,
    tableExistsAction: null,
    globals: false,
    encryptionKey: null,
    dryRun: false,
    threads: 1,
  });
  const filtered = await start({ nameExpressions: ["= 'customer'"] });
  assert.equal(filtered.kind === 'import' && filtered.selection?.mode, 'full');
});

test('a verification concerns no database', async () => {
  fixture.now = Date.UTC(2027, 0, 1);
  const { job } = await service.startVerify(
    administrator(),
    { filePattern: 'TIDE%U.DMP' },
    { api: 'native' },
  );
  assert.equal(job.name, 'VERIFY_20270101000000');
  assert.equal(job.database, '');
  assert.deepEqual(job.request, {
    kind: 'verify',
    database: '',
    location: here,
    filePattern: 'TIDE%U.DMP',
    threads: 1,
  });
});

test('a set that is not there is an error of the file pattern', async () => {
  for (const pattern of ['none', 'none%U.dmp', 'notes.txt', null]) {
    await assert.rejects(service.showDumpSet(administrator(), here, pattern), { field: 'file_pattern' });
  }
  await assert.rejects(service.listDumpSets(administrator(), { type: 'directory', directory: 'NONE' }), {
    code: 'directory-unknown',
  });
});
