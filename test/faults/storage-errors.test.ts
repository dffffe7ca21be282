import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import type { ErrorCode } from '../../src/core/error-catalogue.ts';
import { AppError, canResumeHelp } from '../../src/core/errors.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { onApplyError } from '../../src/operations/import.ts';
import type { VerifyResult } from '../../src/operations/plan-types.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** What jobs make of the errors of their storage: those that last end them at once, and a resume goes on; the others are waited for. */

const lasting: readonly ErrorCode[] = [
  'storage-denied',
  'storage-full',
  'bucket-missing',
  'host-key-changed',
  'address-refused',
];
const passing: readonly ErrorCode[] = ['storage-unreachable', 'storage-throttled', 'storage-timeout'];

let folder: TestFolder;
let operations: OperationsFixture;
/** What the storage throws, and how often; null: it works. */
let fault: { readonly code: ErrorCode; readonly call: 'put' | 'get'; times: number; met: number } | null =
  null;

/** Longer than any machine takes for the faults that pass. */
let patienceMs = 120_000;

const faulty = (storage: Storage): Storage => {
  const meet = (call: 'put' | 'get'): void => {
    if (fault === null || fault.call !== call || fault.times === 0) return;
    fault.times -= 1;
    fault.met += 1;
    throw new AppError(fault.code, { message: `The storage says ${fault.code}.` });
  };
  return {
    ...storage,
    async put(...call) {
      // Small files first: the fault comes in the middle of the work.
      if (call[0].includes('t3')) meet('put');
      return await storage.put(...call);
    },
    async *get(name, range, context) {
      if (name.includes('t3')) meet('get');
      yield* storage.get(name, range, context);
    },
  };
};

const targets = [...lasting, ...passing, 'impatient'].map((code) => `into-${code}`);

before(async () => {
  folder = await makeFolder();
  const source = new Database(folder.join('source.db'));
  for (let table = 0; table < 6; table += 1)
    source.exec(`CREATE TABLE t${table} (id INTEGER PRIMARY KEY, name TEXT);
      WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 500)
      INSERT INTO t${table} SELECT g, 'row ' || g FROM n`);
  source.close();
  operations = await openOperations({
    engine: sqliteEngine,
    databases: Object.fromEntries(
      ['source', ...targets].map((name) => [name, `sqlite:${folder.join(`${name}.db`)}`]),
    ),
    wrapStorage: faulty,
    outage: {
      get patienceMs() {
        return patienceMs;
      },
      firstDelayMs: 10,
      maxDelayMs: 20,
    },
  });
});
after(async () => {
  await operations?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const everything = {
  selection: { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] },
};
const exporting = () =>
  operations.run({ kind: 'export', database: 'source', encoding: 'text', ...everything });
const importing = (code: string, set: string) =>
  operations.run({ kind: 'import', database: `into-${code}`, filePattern: set, ...everything });

function rowsOf(database: string): number {
  const opened = new Database(folder.join(`${database}.db`), { readonly: true });
  try {
    return opened
      .prepare('SELECT sum(n) FROM (SELECT count(*) AS n FROM t3 UNION ALL SELECT count(*) FROM t5)')
      .pluck()
      .get() as number;
  } finally {
    opened.close();
  }
}

describe('errors of the storage that last', () => {
  for (const code of lasting) {
    it(`${code}: the job fails at once, names it, and a resume goes on`, async () => {
      fault = { code, call: 'put', times: 1, met: 0 };
      const failed = await exporting();
      assert.equal(failed.job.state, 'failed');
      assert.equal(failed.job.error?.code, code);
      assert.match(failed.job.error?.message ?? '', new RegExp(`The storage says ${code}\\.`));
      assert.equal(fault.met, 1, 'it was tried again');
      assert.ok(canResumeHelp(code));
      const resumed = await operations.resume(failed.job.id);
      assert.equal(resumed.job.state, 'completed', JSON.stringify(resumed.job.error));

      fault = { code, call: 'get', times: 1, met: 0 };
      const stopped = await importing(code, failed.job.name);
      assert.equal(stopped.job.state, 'failed');
      assert.equal(stopped.job.error?.code, code);
      assert.equal(fault.met, 1, 'it was tried again');
      const completed = await operations.resume(stopped.job.id);
      assert.equal(completed.job.state, 'completed', JSON.stringify(completed.job.error));
      assert.equal(rowsOf(`into-${code}`), 1000);

      fault = { code, call: 'get', times: 1, met: 0 };
      const unverified = await operations.run({
        kind: 'verify',
        filePattern: failed.job.name,
        database: 'source',
      });
      assert.equal(unverified.job.state, 'failed', 'files that nobody could read were called damaged');
      assert.equal(unverified.job.error?.code, code);
      fault = null;
      const verified = await operations.resume(unverified.job.id);
      assert.equal(verified.job.state, 'completed');
      assert.deepEqual((verified.job.result as VerifyResult).damaged, []);
    });
  }

  it('in a unit of an import they are no fault of that unit alone', () => {
    for (const code of [...lasting, ...passing, 'credential-unknown', 'encryption-key-wrong'] as const)
      assert.equal(onApplyError('data', { code, message: 'x', hint: 'y' }), 'fail-job', code);
    for (const code of ['file-missing', 'dump-damaged', 'rows-differ'] as const)
      assert.equal(onApplyError('data', { code, message: 'x', hint: 'y' }), 'fail-task', code);
  });
});

describe('errors of the storage that pass', () => {
  for (const code of passing) {
    it(`${code}: the job waits, and goes on by itself`, async () => {
      fault = { code, call: 'put', times: 7, met: 0 };
      const { job, log } = await exporting();
      assert.equal(job.state, 'completed', JSON.stringify(job.error));
      assert.equal(fault.met, 7);
      const waits = log.filter(({ message }) => /The job waits, and tries again/.test(message));
      assert.ok(waits.length > 0);
      assert.match(waits[0]?.message ?? '', new RegExp(`The storage says ${code}\\.`));
      assert.ok(log.some(({ message }) => /The job goes on after/.test(message)));

      fault = { code, call: 'get', times: 7, met: 0 };
      const imported = await importing(code, job.name);
      assert.equal(imported.job.state, 'completed', JSON.stringify(imported.job.error));
      assert.equal(rowsOf(`into-${code}`), 1000);
    });
  }

  it('the job fails with it when the patience is at its end, and a resume goes on', async () => {
    patienceMs = 1000;
    fault = { code: 'storage-unreachable', call: 'put', times: Number.POSITIVE_INFINITY, met: 0 };
    const { job } = await exporting();
    assert.equal(job.state, 'failed');
    assert.equal(job.error?.code, 'storage-unreachable');
    assert.ok(fault.met > 2);
    fault = null;
    const resumed = await operations.resume(job.id);
    assert.equal(resumed.job.state, 'completed', JSON.stringify(resumed.job.error));
  });
});
