import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import { AppError } from '../../src/core/errors.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** The end of an import whose connection is cut after the receipts are gone, and before anybody heard of it. */

let folder: TestFolder;
let operations: OperationsFixture;
let calls = 0;

const cutAfterForgetting: Engine = {
  ...sqliteEngine,
  async openTarget(target, context) {
    const session = await sqliteEngine.openTarget(target, context);
    return {
      ...session,
      async forget(...call) {
        await session.forget(...call);
        calls += 1;
        if (calls === 1) throw new AppError('database-unreachable', { message: 'The connection was cut.' });
      },
    };
  },
};

before(async () => {
  folder = await makeFolder();
  const source = new Database(folder.join('source.db'));
  source.exec('CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3)');
  source.close();
  operations = await openOperations({
    engine: cutAfterForgetting,
    databases: { source: `sqlite:${folder.join('source.db')}`, target: `sqlite:${folder.join('target.db')}` },
  });
});
after(async () => {
  await operations?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

test('the rows are still known to be there', async () => {
  const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
  const exported = await operations.run({ kind: 'export', database: 'source', encoding: 'text', selection });
  const filePattern = exported.job.name;
  const { job } = await operations.run({ kind: 'import', database: 'target', filePattern, selection: null });
  assert.deepEqual([job.state, job.errorCount], ['completed', 0], JSON.stringify(job.error));
  assert.deepEqual((job.result as { readonly rows: number }).rows, 3);
  assert.equal(calls, 2);
});
