import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import Database from 'better-sqlite3';
import { linkAbort } from '../../src/base/linked-abort.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Job } from '../../src/core/job.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import type { TaskContext } from '../../src/jobs/handler.ts';
import type { TaskRecord } from '../../src/jobs/job-store.ts';
import { cleanUpExport } from '../../src/operations/export-cleanup.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { bytesSource, listAll } from '../harness/byte-sources.ts';
import { bareLocal } from '../harness/local-storage.ts';
import { type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** Storages that refuse in the middle of an upload, and places that services of different stores share. */

let folder: TestFolder;

before(async () => {
  folder = await makeFolder();
  const source = new Database(folder.join('source.db'));
  source.exec(`CREATE TABLE large (id INTEGER PRIMARY KEY, pad TEXT);
    WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 50000)
    INSERT INTO large SELECT g, hex(randomblob(30)) FROM n;
    CREATE TABLE small (id INTEGER PRIMARY KEY); INSERT INTO small VALUES (1)`);
  source.close();
});
after(() => folder[Symbol.asyncDispose]());

const openAt = (wrapStorage: (storage: Storage) => Storage): Promise<OperationsFixture> =>
  openOperations({
    engine: sqliteEngine,
    databases: { source: `sqlite:${folder.join('source.db')}` },
    wrapStorage,
  });
const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
const exporting = { kind: 'export', database: 'source', encoding: 'text', selection };

/** Ends the upload of `large` as object storages do: the source is aborted with the storage's own error. */
const refusingInTheMiddle = (storage: Storage): Storage => ({
  ...storage,
  async put(name, source, options, context) {
    if (!name.includes('large')) return await storage.put(name, source, options, context);
    using link = linkAbort(context.signal);
    let chunks = 0;
    for await (const _ of source.open(link.signal)) {
      chunks += 1;
      if (chunks === 2) link.abort(new AppError('storage-full', { message: 'QuotaExceeded' }));
    }
    throw new AppError('internal', { message: 'The source went on after the abort.' });
  },
});

it('a storage that refuses in the middle of an upload fails the job, and no table is left out for it', async () => {
  await using operations = await openAt(refusingInTheMiddle);
  const { job } = await operations.run(exporting);
  assert.equal(job.state, 'failed');
  assert.equal(job.error?.code, 'storage-full');
});

it('of two services that write a set of one name to one place the second one ends, and the set of the first is whole', async () => {
  const shared = bareLocal(folder.join('bucket'));
  const name = 'SAME%U.DMP';
  const both = Promise.withResolvers<void>();
  let planned = 0;
  /** Both have found the place free before either writes. */
  const together = (): Storage => ({
    ...shared,
    async put(...call) {
      planned += 1;
      if (planned >= 2) both.resolve();
      await both.promise;
      return await shared.put(...call);
    },
  });
  await using one = await openAt(together);
  await using other = await openAt(together);
  const request = { ...exporting, filePattern: name, threads: 1 };
  const ends = (await Promise.all([one.run(request), other.run(request)])).map(({ job }) => job);
  const completed = ends.filter(({ state }) => state === 'completed');
  assert.ok(completed.length <= 1, 'both claim the set');
  for (const job of ends) {
    if (job.state === 'completed') continue;
    assert.equal(job.state, 'failed');
    assert.match(job.error?.code ?? '', /^(file-exists|dump-truncated|file-missing)$/);
  }
  if (completed.length === 1) {
    const verified = await one.run({ kind: 'verify', database: '', filePattern: name });
    assert.equal(verified.job.state, 'completed', JSON.stringify(verified.job.error));
  }
});

it('the cancel of a job that met the files of another removes its own alone', async () => {
  const storage = bareLocal(folder.join('met'));
  const context = recordingContext();
  for (const file of ['EXP01.DMP', 'EXP02.DMP', 'EXP03.DMP']) {
    await storage.put(file, bytesSource(Buffer.from(file)), { ifExists: 'fail' }, context);
  }
  const job = {
    plan: {
      kind: 'export',
      layout: { form: 'pattern', pattern: 'EXP%U.DMP' },
      files: ['EXP02.DMP', 'EXP03.DMP', 'EXP01.DMP'],
    },
  } as unknown as Job;
  const tasks = [
    { kind: 'data', state: 'failed', result: null, error: { code: 'file-exists' } },
    {
      kind: 'data',
      state: 'done',
      result: { written: { file: { name: 'EXP03.DMP' } }, failed: [] },
      error: null,
    },
  ] as unknown as TaskRecord[];
  const cleaning = { ...context, tasks: async () => tasks } as unknown as TaskContext;
  const environment = { storage: async () => storage } as never;
  await cleanUpExport(environment, {} as never, job, cleaning);
  const left = (await listAll(storage.list('', context))).map(({ name }) => name);
  assert.deepEqual(left, ['EXP01.DMP', 'EXP02.DMP']);
});
