import assert from 'node:assert/strict';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { AppError } from '../../src/core/errors.ts';
import type { DryRunReport } from '../../src/core/job-report.ts';
import type { ImportResult } from '../../src/operations/plan-types.ts';
import { createKeyedEngine, type KeyedEngine, type Slate, slateFile } from '../harness/keyed-engine.ts';
import { type FinishedJob, type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** Imports of files of the engine's own format, into tables whose rows have keys. */

const files = {
  one: slateFile([
    ['db0', 'user:1', 'ann'],
    ['db0', 'user:2', 'bob'],
    ['db1', 'job:1', 'run'],
  ]),
  two: slateFile([['db0', 'user:3', 'cy']]),
};

let folder: TestFolder;
let keyed: KeyedEngine;
let operations: OperationsFixture;
let beforeWrite: () => Promise<void>;
/** Called before each reading of a file. */
let beforeRead: (name: string) => Promise<void>;
let target: Slate;
let databases = 0;

before(async () => {
  folder = await makeFolder();
  keyed = createKeyedEngine(() => beforeWrite());
  operations = await openOperations({
    engine: keyed.engine,
    databases: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`d${n}`, `slate://d${n}`])),
    wrapStorage: (storage) => ({
      ...storage,
      async *get(name, range, context) {
        await beforeRead(name);
        yield* storage.get(name, range, context);
      },
    }),
  });
  await mkdir(operations.dumps, { recursive: true });
  await writeFile(path.join(operations.dumps, 'one.slate'), files.one);
  await writeFile(path.join(operations.dumps, 'broken.slate'), files.one.slice(0, -6));
  await writeFile(folder.join('two.slate.gz'), gzipSync(files.two));
});
beforeEach(() => {
  beforeWrite = async () => undefined;
  beforeRead = async () => undefined;
  databases += 1;
  target = keyed.slate(`d${databases}`);
});
after(async () => {
  await operations?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const inDumps = { type: 'directory', directory: 'DUMPS' } as const;
const one = { location: inDumps, file: 'one.slate' };
const broken = { location: inDumps, file: 'broken.slate' };
const inFolder = (file: string) => ({
  location: { type: 'url', url: pathToFileURL(folder.path).href, credential: null } as const,
  file,
});
const two = () => inFolder('two.slate.gz');

const run = (body: Readonly<Record<string, unknown>>): Promise<FinishedJob> =>
  operations.run({
    kind: 'import',
    database: `d${databases}`,
    selection: null,
    ownFiles: [one, two()],
    ...body,
  });
const fill = (schema: string, rows: Readonly<Record<string, string>>) =>
  target.rows.set(schema, new Map(Object.entries(rows)));
const held = () =>
  Object.fromEntries([...target.rows].map(([schema, rows]) => [schema, Object.fromEntries(rows)]));
const all = { db0: { 'user:1': 'ann', 'user:2': 'bob', 'user:3': 'cy' }, db1: { 'job:1': 'run' } };
const messages = ({ log }: FinishedJob) => log.map(({ message }) => message);
const reportOf = async (body: Readonly<Record<string, unknown>>) => {
  const finished = await run({ ...body, dryRun: true });
  assert.equal(finished.job.state, 'completed');
  return finished;
};

test('files at several places, packed or not, are one source', async () => {
  const finished = await run({});
  assert.equal(finished.job.state, 'completed', finished.job.error?.message);
  assert.deepEqual(held(), all);
  assert.deepEqual(target.done.toSorted(), ['write db0 part', 'write db0 part', 'write db1 whole']);
  const { rows, tables, bytesRead } = finished.job.result as ImportResult;
  const stored = files.one.length + gzipSync(files.two).length;
  // Each is read once to see that it is right, and once for each of its tables.
  assert.deepEqual(
    { rows, tables, bytesRead },
    { rows: 4, tables: 2, bytesRead: 2 * stored + files.one.length },
  );
  const told = messages(finished).filter((message) => message.startsWith('File '));
  assert.match(
    told[0] ?? '',
    /^File 1 of 2, one\.slate: \d+ bytes read and found right, 3 rows of 2 tables\.$/,
  );
  assert.match(
    told[1] ?? '',
    /^File 2 of 2, two\.slate\.gz: \d+ bytes \(gzip\) read .* 1 rows of 1 table\.$/,
  );
});

test('nothing is touched when one of them is not right', async () => {
  const cut = gzipSync(files.two);
  await writeFile(folder.join('cut.slate.gz'), cut.subarray(0, cut.length - 9));
  await writeFile(folder.join('none.slate'), 'something else');
  await writeFile(folder.join('longer.slate.gz'), cut);
  await appendFile(folder.join('longer.slate.gz'), Buffer.alloc(2_000_000));
  const bad = [
    [broken, 'dump-truncated', /^broken\.slate: /],
    [inFolder('cut.slate.gz'), 'dump-truncated', /^cut\.slate\.gz: the file ends too early\.$/],
    [inFolder('none.slate'), 'dump-damaged', /^none\.slate: This is no slate\.$/],
    [inFolder('longer.slate.gz'), 'dump-damaged', /its content ends after \d+ of \d+ bytes\.$/],
    [inFolder('missing.slate'), 'file-missing', /^missing\.slate does not exist\.$/],
  ] as const;
  fill('db0', { 'user:1': 'old' });
  for (const [file, code, says] of bad) {
    for (const how of [{ erase: true }, { tableExistsAction: 'truncate' }]) {
      const { job } = await run({ ownFiles: [one, file], ...how });
      assert.equal(job.state, 'failed');
      assert.equal(job.error?.code, code);
      assert.match(job.error?.message ?? '', says);
    }
  }
  assert.deepEqual(held(), { db0: { 'user:1': 'old' } });
  assert.deepEqual(target.done, []);
});

test('a file that is a bomb is given up', async () => {
  const member = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  await writeFile(folder.join('bomb.gz'), Buffer.concat(Array.from({ length: 40 }, () => member)));
  const patient = {
    ...keyed.engine,
    async examineFile(bytes: AsyncIterable<Uint8Array>) {
      for await (const _chunk of bytes);
      return { serverVersion: '', tables: [], notes: [] };
    },
  };
  await using others = await openOperations({ engine: patient, databases: { d: 'slate://d' } });
  const ownFiles = [inFolder('bomb.gz')];
  const { job } = await others.run({ kind: 'import', database: 'd', selection: null, ownFiles });
  assert.equal(job.error?.code, 'dump-damaged');
  assert.match(job.error?.message ?? '', /unpacks to more than 800 times its size/);
});

test('a file that changes after it was checked is noticed', async () => {
  let readings = 0;
  beforeRead = async (name) => {
    if (name !== 'changing.slate') return;
    readings += 1;
    if (readings === 2) await writeFile(folder.join('changing.slate'), files.two.replace('cy', 'CY'));
  };
  await writeFile(folder.join('changing.slate'), files.two);
  const finished = await run({ ownFiles: [inFolder('changing.slate')] });
  assert.equal(finished.job.errorCount, 1);
  assert.ok(messages(finished).some((message) => message.includes('does not match its digest')));
  assert.deepEqual(held(), {});
});

test('what is resumed is neither examined again nor written twice', async () => {
  let writes = 0;
  beforeWrite = async () => {
    writes += 1;
    if (writes === 1) return;
    while (target.done.length === 0) await setImmediate();
    throw new AppError('internal', { message: 'The power went.' });
  };
  const { job } = await run({ tableExistsAction: 'skip' });
  assert.equal(job.state, 'failed');
  assert.equal(target.done.length, 1);
  const read: string[] = [];
  beforeRead = async (name) => void read.push(name);
  beforeWrite = async () => undefined;
  const resumed = await operations.resume(job.id);
  assert.equal(resumed.job.state, 'completed');
  assert.deepEqual(held(), all);
  assert.equal(target.done.length, 3);
  assert.ok(read.length <= 3);
});

test('rows that are there refuse the job, until it is said what becomes of them', async () => {
  fill('db0', { 'user:1': 'old', other: 'stays' });
  const refused = await run({});
  assert.equal(refused.job.error?.code, 'object-exists');
  assert.equal(
    refused.job.error?.message,
    `The table db0.keys of database d${databases} holds rows already.`,
  );
  assert.deepEqual(target.done, []);

  await run({ tableExistsAction: 'skip' });
  assert.deepEqual(held(), {
    db0: { ...all.db0, 'user:1': 'old', other: 'stays' },
    db1: all.db1,
  });
  await run({ tableExistsAction: 'replace' });
  assert.deepEqual(held(), { db0: { ...all.db0, other: 'stays' }, db1: all.db1 });
  await run({ tableExistsAction: 'truncate' });
  assert.deepEqual(held(), all);
});

test('only the tables that are brought are emptied, and everything is erased', async () => {
  fill('db0', { old: '0' });
  fill('db7', { old: '7' });
  await run({ tableExistsAction: 'truncate' });
  assert.deepEqual(held(), { ...all, db7: { old: '7' } });
  const finished = await run({ erase: true });
  assert.deepEqual(held(), all);
  assert.equal(target.done.filter((done) => done === 'erase').length, 1);
  assert.ok(target.done.indexOf('erase') < target.done.lastIndexOf('write db1 whole'));
  assert.ok(messages(finished).includes(`Everything that database d${databases} held was removed.`));
});

test('a dry run tells, and changes nothing', async () => {
  fill('db0', { 'user:1': 'old' });
  const before = held();
  const report = async (body: Readonly<Record<string, unknown>>): Promise<DryRunReport> => {
    const finished = await reportOf(body);
    assert.deepEqual(held(), before);
    return { ...(finished.job.result as DryRunReport), warnings: messages(finished) };
  };
  const plain = await report({});
  assert.ok(plain.warnings.some((line) => line.startsWith('The import would stop: The table db0.keys of')));
  const skipping = await report({ tableExistsAction: 'skip' });
  assert.ok(
    skipping.warnings.includes(
      'The table db0.keys: it holds rows already, and those whose key is there stay as they are.',
    ),
  );
  const erasing = await report({ erase: true });
  assert.ok(
    erasing.warnings.some((line) => line.startsWith(`Everything that database d${databases} holds is`)),
  );
  assert.ok(
    erasing.warnings.includes('Dry run, nothing was changed. Objects: none. Tables with rows: create 2.'),
  );
  assert.deepEqual(target.done, []);
});

test('parts are chosen, and schemas and keys get other names', async () => {
  const none = { schemas: [], tables: [], tablespaces: [], owners: [], keyPrefixes: [] };
  const selection = {
    mode: 'schema',
    schemaExpressions: ["= 'db0'"],
    nameExpressions: [],
    tablespaceExpressions: [],
  };
  const keyPrefixes = [
    { source: '', target: 'old:' },
    { source: 'user:', target: 'customer:' },
  ];
  const remaps = { ...none, schemas: [{ source: 'db0', target: 'db5' }], keyPrefixes };
  await run({ selection, remaps });
  assert.deepEqual(held(), { db5: { 'customer:1': 'ann', 'customer:2': 'bob', 'customer:3': 'cy' } });
  await run({ remaps: { ...none, keyPrefixes }, erase: true, ownFiles: [one] });
  assert.deepEqual(held(), {
    db0: { 'customer:1': 'ann', 'customer:2': 'bob' },
    db1: { 'old:job:1': 'run' },
  });
});
