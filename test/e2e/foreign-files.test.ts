import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { streamingEngine } from '../harness/streaming-engine.ts';
import { withFolder } from '../harness/with-folder.ts';

/* Exports in whose way a file of somebody else comes to stand after their plan has looked. */

const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
const theirs = 'theirs';

/** Somebody else writes `name` right before the job does, once. */
const withIntruder = (isMeant: (name: string) => boolean) => {
  let name: string | null = null;
  const wrapStorage = (storage: Storage): Storage => ({
    ...storage,
    async put(...put) {
      if (name === null && isMeant(put[0])) {
        [name] = put;
        const other = { open: () => [Buffer.from(theirs)] as unknown as AsyncIterable<Uint8Array> };
        await storage.put(name, other, { ifExists: 'fail' }, put[3]);
      }
      return await storage.put(...put);
    },
  });
  return { wrapStorage, fileOf: ({ dumps }: OperationsFixture) => path.join(dumps, name ?? 'none') };
};

const withTables = (work: (url: string) => Promise<void>) =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'source.db');
    const database = new Database(file);
    for (const table of ['a', 'b', 'c']) {
      database.exec(
        `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO ${table} VALUES (1, '${table}')`,
      );
    }
    database.close();
    await work(`sqlite:${file}`);
  });

const forms = [
  ['a file without a manifest', 'x-%I_of_%N.txt', (name: string) => name.startsWith('x-2')],
  ['a data file of a folder', null, (name: string) => name.endsWith('.txt') || name.includes('/data/')],
  ['the manifest of a folder', null, (name: string) => name.endsWith('/manifest.json')],
  ['a data file of a pattern', 'SET%U.DMP', (name: string) => name === 'SET02.DMP'],
  ['the master of a pattern', 'SET%U.DMP', (name: string) => name === 'SET01.DMP'],
  ['the single file', 'ALL.DMP', (name: string) => name === 'ALL.DMP'],
] as const;

for (const [what, filePattern, isMeant] of forms) {
  const withFailed = (work: (operations: OperationsFixture, id: string, file: string) => Promise<void>) =>
    withTables(async (url) => {
      const intruder = withIntruder(isMeant);
      const isBare = filePattern?.includes('%I') === true;
      await using operations = await openOperations({
        engine: isBare ? streamingEngine({ streamOf: (table) => table }) : sqliteEngine,
        databases: { source: url },
        wrapStorage: intruder.wrapStorage,
      });
      const request = { kind: 'export', database: 'source', selection, encoding: 'text', filePattern };
      const { job } = await operations.run(request);
      assert.deepEqual([job.state, job.error?.code], ['failed', 'file-exists']);
      const file = intruder.fileOf(operations);
      assert.equal(await readFile(file, 'utf8'), theirs);
      await work(operations, job.id, file);
    });

  test(`a file of somebody else where ${what} belongs outlives every try, and the job goes on when it is gone`, () =>
    withFailed(async (operations, id, file) => {
      for (let tries = 0; tries < 3; tries += 1) {
        const { job } = await operations.resume(id);
        assert.deepEqual([job.state, job.error?.code], ['failed', 'file-exists']);
        assert.equal(await readFile(file, 'utf8'), theirs);
      }
      await rm(file);
      const { job } = await operations.resume(id);
      assert.deepEqual([job.state, job.error], ['completed', null]);
      const verified = await operations.run({
        kind: 'verify',
        database: 'source',
        filePattern: filePattern ?? job.name,
      });
      if (filePattern?.includes('%I') !== true) assert.equal(verified.job.error, null);
      assert.notEqual(await readFile(file, 'utf8'), theirs);
    }));

  test(`a file of somebody else where ${what} belongs outlives a cancel, also after another try`, () =>
    withFailed(async (operations, id, file) => {
      await operations.resume(id);
      const { job } = await operations.cancel(id);
      assert.equal(job.state, 'cancelled');
      assert.equal(await readFile(file, 'utf8'), theirs);
    }));
}
