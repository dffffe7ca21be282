import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { flipByte } from '../harness/damage.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/* Encrypted sets, sizes of files, copies and removals of dump sets, through the whole service. */

let folder: TestFolder;
let app: TestApp;
let spare: string;

before(async () => {
  folder = await makeFolder();
  createSampleDatabase(folder.join('shop.db'), { orderItems: 8_000 });
  const noise = new Database(folder.join('noise.db'));
  noise.exec(`CREATE TABLE one (id INTEGER PRIMARY KEY, noise BLOB); CREATE TABLE other (id INTEGER PRIMARY KEY, noise BLOB);
    WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 6000) INSERT INTO one SELECT g, randomblob(1000) FROM n;
    INSERT INTO other SELECT id, randomblob(1000) FROM one WHERE id <= 500`);
  noise.close();
  app = await startApp({
    databases: Object.fromEntries(
      ['shop', 'noise', ...targets].map((name) => [name, `sqlite:${folder.join(`${name}.db`)}`]),
    ),
    flags: { unitBytes: '65536' },
  });
  spare = folder.join('spare');
  await post('directories', { name: 'SPARE', path: spare });
  await post('credentials', { name: 'key', type: 'encryption', secret: 'correct horse battery staple' });
  await post('credentials', { name: 'other-key', type: 'encryption', secret: 'something else' });
});
after(async () => {
  await app?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const targets = ['folder', 'pattern', 'file', 'part', 'refused', 'copied', 'sized'];
const forms = [
  ['folder', undefined],
  ['pattern', 'ENC%U.DMP'],
  ['file', 'enc.dmp'],
] as const;

const post = <T>(resource: string, body: unknown): Promise<T> =>
  app.json<T>({ method: 'POST', path: `/api/v1/${resource}`, body });
async function run(body: Readonly<Record<string, unknown>>): Promise<TestJob & { readonly result: Result }> {
  const { id } = await post<{ readonly id: string }>('jobs', body);
  return (await app.settled(id)) as TestJob & { readonly result: Result };
}
type Result = NonNullable<TestJob['result']> & { readonly bytes: number; readonly bytes_read: number | null };
async function done(body: Readonly<Record<string, unknown>>) {
  const job = await run(body);
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  assert.equal(job.error_count, 0);
  return job;
}
const exported = async (body: Readonly<Record<string, unknown>>): Promise<string> => {
  const job = await done({ kind: 'export', mode: 'full', threads: 3, ...body });
  return (body.file_pattern as string | undefined) ?? job.name;
};
/** Status and problem of a start that is refused. */
async function refusal(body: Readonly<Record<string, unknown>>) {
  const answer = await app.call({ method: 'POST', path: '/api/v1/jobs', body });
  const { code, field } = JSON.parse(answer.body) as { readonly code: string; readonly field: string };
  return { status: answer.status, code, field };
}
const filesBelow = async (place: string): Promise<readonly string[]> =>
  (await readdir(place, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(place, path.join(entry.parentPath, entry.name)))
    .sort();
function rowsOf(name: string, table: string): number {
  const database = new Database(folder.join(`${name}.db`), { readonly: true });
  try {
    return database.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
  } finally {
    database.close();
  }
}

describe('encrypted sets', () => {
  for (const [form, pattern] of forms) {
    test(`form ${form}: no name but those of the manifest is to be read, and all comes back with the key`, async () => {
      const naming = pattern === undefined ? {} : { file_pattern: pattern };
      const set = await exported({ database: 'shop', encryption_key: 'key', ...naming });
      const files = (await filesBelow(app.dumps)).filter(
        (name) => name.startsWith(set.slice(0, 3)) || name.startsWith(`${set}/`),
      );
      assert.ok(files.length > 0);
      for (const name of files) {
        const bytes = await readFile(path.join(app.dumps, name));
        if (name.endsWith('manifest.json')) continue;
        assert.equal(bytes.toString('latin1', 0, 4), 'PHE1', name);
        // A zstd frame behind the envelope's head would show by its magic number.
        assert.equal(bytes.subarray(0, 64).includes(Buffer.from('28b52ffd', 'hex')), false, name);
      }
      await done({ kind: 'verify', file_pattern: set });
      const importing = { kind: 'import', database: form, file_pattern: set, threads: 3 };
      for (const [more, code] of [
        [{}, 'encryption-key-missing'],
        [{ encryption_key: 'other-key' }, 'encryption-key-wrong'],
        [{ encryption_key: 'other-key', dry_run: true }, 'encryption-key-wrong'],
      ] as const) {
        assert.deepEqual(await refusal({ ...importing, ...more }), {
          status: 400,
          code,
          field: 'encryption_key',
        });
      }
      await assert.rejects(stat(folder.join(`${form}.db`)), { code: 'ENOENT' });
      await done({ ...importing, encryption_key: 'key' });
      const comparison = compareDatabases(folder.join('shop.db'), folder.join(`${form}.db`));
      assert.ok(comparison.equal, JSON.stringify(comparison));

      const [listed] = (
        await app.json<{ items: { file_pattern: string; encrypted: boolean }[] }>({
          method: 'GET',
          path: '/api/v1/dump-sets',
        })
      ).items.filter(({ file_pattern }) => file_pattern === set);
      assert.equal(listed?.encrypted, true);
    });
  }

  test('one table out of it reads the frames of that table and no more', async () => {
    const set = await exported({ database: 'noise', encryption_key: 'key', file_pattern: 'PART%U.DMP' });
    const job = await done({
      ...{ kind: 'import', database: 'part', file_pattern: set, encryption_key: 'key' },
      ...{ mode: 'table', name_expressions: ["= 'other'"] },
    });
    assert.equal(rowsOf('part', 'other'), 500);
    const sizes = await Promise.all(
      (await filesBelow(app.dumps))
        .filter((name) => name.startsWith('PART'))
        .map(async (name) => (await stat(path.join(app.dumps, name))).size),
    );
    const all = sizes.reduce((sum, size) => sum + size, 0);
    // Half a megabyte of rows, read twice, of more than six.
    assert.ok((job.result.bytes_read ?? all) < all / 3, `${job.result.bytes_read} of ${all}`);
  });
});

describe('copies of dump sets', () => {
  for (const [form, pattern] of forms) {
    test(`form ${form}: byte by byte, verified, and imported from there`, async () => {
      const naming = pattern === undefined ? {} : { file_pattern: `COPY-${pattern}` };
      const set = await exported({ database: 'shop', encryption_key: 'key', ...naming });
      const job = await done({ kind: 'dump_copy', file_pattern: set, to_directory: 'SPARE', threads: 3 });
      const names = await filesBelow(spare);
      assert.equal(job.result.files, names.length);
      for (const name of names) {
        assert.deepEqual(await readFile(path.join(spare, name)), await readFile(path.join(app.dumps, name)));
      }
      await done({ kind: 'verify', directory: 'SPARE', file_pattern: set });
      if (form === 'file') {
        await done({
          ...{ kind: 'import', database: 'copied', directory: 'SPARE', file_pattern: set },
          encryption_key: 'key',
        });
        assert.ok(compareDatabases(folder.join('shop.db'), folder.join('copied.db')).equal);
      }
      const again = { kind: 'dump_copy', file_pattern: set, to_directory: 'SPARE' };
      assert.deepEqual(await refusal(again), { status: 409, code: 'file-exists', field: 'file_pattern' });

      const removed = await done({ kind: 'dump_delete', directory: 'SPARE', file_pattern: set });
      assert.equal(removed.result.files, names.length);
      assert.deepEqual(await filesBelow(spare), []);
      await done({ kind: 'verify', file_pattern: set });
    });
  }

  test('a set whose folder is the place itself', async () => {
    const set = await exported({ database: 'shop' });
    const from = `file://${app.dumps}/${set}`;
    const to = `file://${folder.join('itself')}`;
    await done({ kind: 'dump_copy', location: from, to_location: to });
    await done({ kind: 'verify', location: to });
    assert.deepEqual(await filesBelow(folder.join('itself')), await filesBelow(path.join(app.dumps, set)));
    assert.deepEqual(await refusal({ kind: 'dump_copy', location: from, to_location: to }), {
      status: 409,
      code: 'file-exists',
      field: 'file_pattern',
    });
    await done({ kind: 'dump_delete', location: to });
    assert.deepEqual(await filesBelow(folder.join('itself')), []);
  });

  test('of a damaged source nothing whole arrives, and a cancel removes the rest', async () => {
    const set = await exported({ database: 'shop', file_pattern: 'HURT%U.DMP' });
    await flipByte(path.join(app.dumps, 'HURT03.DMP'));
    const job = await run({ kind: 'dump_copy', file_pattern: set, to_directory: 'SPARE' });
    assert.equal(job.state, 'failed');
    assert.equal(job.error?.code, 'dump-damaged');
    assert.match(job.error?.message ?? '', /HURT03\.DMP/);
    const names = await filesBelow(spare);
    assert.ok(!names.includes('HURT03.DMP') && !names.includes('HURT01.DMP'), names.join());
    await app.json({ method: 'POST', path: `/api/v1/jobs/${job.id}/cancel` });
    assert.equal((await app.settled(job.id)).state, 'cancelled');
    assert.deepEqual(await filesBelow(spare), []);
  });
});

describe('file_size', () => {
  const mega = 1024 * 1024;

  test('no numbered file grows beyond it, with rows that cannot be compressed', async () => {
    const fileSize = 1.5 * mega;
    const set = await exported({ database: 'noise', file_pattern: 'SIZED%U.DMP', file_size: fileSize });
    const names = (await filesBelow(app.dumps)).filter((name) => /^SIZED(?!01)/.test(name));
    const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(app.dumps, name))).size));
    assert.ok(Math.max(...sizes) <= fileSize, sizes.join());
    assert.ok(names.length >= 5, names.join());
    await done({ kind: 'import', database: 'sized', file_pattern: set, threads: 2 });
    assert.equal(rowsOf('sized', 'one'), 6000);
  });

  test('a table that cannot be cut says which size would do, and that does', async () => {
    const whole = new Database(folder.join('noise.db'));
    whole.exec(
      'CREATE TABLE whole (id TEXT PRIMARY KEY, noise BLOB) WITHOUT ROWID; INSERT INTO whole SELECT id, noise FROM one',
    );
    whole.close();
    const asked = { kind: 'export', database: 'noise', mode: 'table', name_expressions: ["= 'whole'"] };
    const job = await run({ ...asked, file_pattern: 'W%U.DMP', file_size: 2 * mega });
    assert.equal(job.error?.code, 'file-size-too-small');
    assert.match(job.error?.message ?? '', /"whole" has a piece of about [\d.]+ MB that cannot be cut/);
    const least = Number(/works is (\d+) bytes/.exec(job.error?.hint ?? '')?.[1]);
    await app.json({ method: 'POST', path: `/api/v1/jobs/${job.id}/cancel` });
    await app.settled(job.id);
    await done({ ...asked, file_pattern: 'W%U.DMP', file_size: least });
    assert.deepEqual(
      (await filesBelow(app.dumps)).filter((name) => name.startsWith('W')),
      ['W01.DMP', 'W02.DMP'],
    );
  });
});
