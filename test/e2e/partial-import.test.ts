import assert from 'node:assert/strict';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import type { FrameRef, Manifest } from '../../src/core/manifest.ts';
import { openDumpSet } from '../../src/dump/read-set.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import type { ImportResult } from '../../src/operations/plan-types.ts';
import type { ByteRange, Storage } from '../../src/storages/storage.ts';
import { bareLocal } from '../harness/local-storage.ts';
import { type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** One table out of a large set: only what is needed of it is read, whatever the form of the set. */

interface Read extends ByteRange {
  readonly file: string;
}

let folder: TestFolder;
let operations: OperationsFixture;
/** What was read of the storage since the last {@link readsOf}; `end` infinite: to the end. */
let reads: Read[] = [];

const recording = (storage: Storage): Storage => ({
  ...storage,
  get(name, range, context) {
    reads.push({ file: name, start: range?.start ?? 0, end: range?.end ?? Number.POSITIVE_INFINITY });
    return storage.get(name, range, context);
  },
});

before(async () => {
  folder = await makeFolder();
  const source = new Database(folder.join('source.db'));
  for (let table = 0; table < 20; table += 1) {
    source.exec(`CREATE TABLE t${table} (id INTEGER PRIMARY KEY, noise BLOB); CREATE INDEX ix${table} ON t${table} (noise);
      WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 2000)
      INSERT INTO t${table} SELECT g, randomblob(100) FROM n`);
  }
  source.close();
  operations = await openOperations({
    engine: sqliteEngine,
    databases: Object.fromEntries(
      ['source', 'folder', 'pattern', 'file', 'whole', 'dry', 'without', 'damaged'].map((name) => [
        name,
        `sqlite:${folder.join(`${name}.db`)}`,
      ]),
    ),
    wrapStorage: recording,
    unitBytes: 1024 * 1024,
  });
});
after(async () => {
  await operations?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const selection = (mode: string, name: string | null) => ({
  mode,
  nameExpressions: name === null ? [] : [`= '${name}'`],
  schemaExpressions: [],
  tablespaceExpressions: [],
});

/** Exports everything, and gives the set's name and manifest. */
async function exported(filePattern: string | null) {
  const { job } = await operations.run({
    kind: 'export',
    database: 'source',
    selection: selection('full', null),
    encoding: 'text',
    filePattern,
  });
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  const set = filePattern ?? job.name;
  return { set, manifest: (await openDumpSet(dumps(), set, recordingContext())).manifest };
}

const dumps = (): Storage => bareLocal(operations.dumps);

const rowsOf = (database: string, table: string): number => {
  const db = new Database(folder.join(`${database}.db`), { readonly: true });
  try {
    return db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
  } finally {
    db.close();
  }
};

const setBytes = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

const unitsOf = (manifest: Manifest, table: string) =>
  manifest.tables.flatMap(({ name, units }) => (name === table ? units : []));

const importOne = (database: string, filePattern: string, more: Readonly<Record<string, unknown>> = {}) =>
  operations.run({ kind: 'import', database, filePattern, selection: selection('table', 't7'), ...more });

/** A packed master is read from its end, in a block of this size at least. */
const tailBytes = 64 * 1024;

for (const [form, pattern] of [
  ['folder', null],
  ['pattern', 'SET%U.DMP'],
  ['file', 'set.dmp'],
] as const) {
  test(`one table is read from its own frames, form ${form}`, async () => {
    const { set, manifest } = await exported(pattern);
    const sizes = new Map(manifest.files.map(({ name, bytes }) => [name, bytes]));
    reads = [];
    const { job, log } = await importOne(form, set);
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    assert.equal(job.errorCount, 0);
    assert.equal(rowsOf(form, 't7'), 2000);

    const touches = ({ file, start, end }: Read, unit: FrameRef): boolean =>
      file === unit.file && start < unit.offset + unit.length && end >= unit.offset;
    const foreign = manifest.tables
      .filter(({ name }) => name !== 't7')
      .flatMap(({ units }) => units)
      .filter((unit) => reads.some((read) => touches(read, unit)))
      .filter(
        (unit) => form !== 'file' || unit.offset + unit.length < (sizes.get(unit.file) ?? 0) - tailBytes,
      );
    assert.deepEqual(foreign, []);

    // Each frame is read twice: checked before anything is written, then written.
    for (const unit of unitsOf(manifest, 't7'))
      assert.equal(reads.filter((read) => touches(read, unit)).length, 2);

    const { bytesRead } = job.result as ImportResult;
    const length = reads.reduce(
      (sum, { file, start, end }) => sum + Math.min(end + 1, sizes.get(file) ?? 0) - start,
      0,
    );
    assert.equal(bytesRead, length);
    assert.ok(bytesRead < setBytes(manifest) / 4, `${bytesRead} of ${setBytes(manifest)}`);
    const line = `Read ${bytesRead} of ${setBytes(manifest)} bytes of the dump set.`;
    assert.ok(log.some(({ message }) => message === line));
  });
}

test('a dry run reads no rows', async () => {
  const { set, manifest } = await exported(null);
  reads = [];
  const { job } = await importOne('dry', set, { dryRun: true });
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  const data = new Set(manifest.tables.flatMap(({ units }) => units.map(({ file }) => file)));
  assert.deepEqual(
    reads.filter(({ file }) => data.has(file)),
    [],
  );
  // SQLite makes an empty file for a database that it opens to look into.
  assert.equal((await stat(folder.join('dry.db'))).size, 0);
});

test('the files of other tables may be missing; a damaged frame of its own is found before anything is written', async () => {
  const { set, manifest } = await exported(null);
  const [other] = unitsOf(manifest, 't3');
  const [own] = unitsOf(manifest, 't7');
  assert.ok(other && own);
  await rm(path.join(operations.dumps, other.file));
  const { job } = await importOne('without', set);
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  assert.equal(rowsOf('without', 't7'), 2000);

  const file = path.join(operations.dumps, own.file);
  const bytes = await readFile(file);
  bytes[own.offset + 1000] = ~(bytes[own.offset + 1000] ?? 0) & 0xff;
  await writeFile(file, bytes);
  const damaged = await importOne('damaged', set);
  assert.equal(damaged.job.error?.code, 'dump-damaged');
  assert.throws(() => rowsOf('damaged', 't7'), /no such table|unable to open/);

  const whole = await operations.run({
    kind: 'import',
    database: 'whole',
    filePattern: set,
    selection: null,
  });
  assert.equal(whole.job.error?.code, 'file-missing');
});

test('an import of everything reads every file to check it, then its frames', async () => {
  const { set, manifest } = await exported('ALL%U.DMP');
  const { job } = await operations.run({
    kind: 'import',
    database: 'whole',
    filePattern: set,
    selection: null,
  });
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  assert.equal(rowsOf('whole', 't19'), 2000);
  const { bytesRead } = job.result as ImportResult;
  const frames = manifest.tables.flatMap(({ units }) => units).reduce((sum, unit) => sum + unit.length, 0);
  assert.ok(bytesRead >= setBytes(manifest) + frames, `${bytesRead}`);
});
