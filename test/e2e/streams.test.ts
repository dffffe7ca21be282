import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import type { Manifest } from '../../src/core/manifest.ts';
import type { OperationsOptions } from '../harness/operations-fixture.ts';
import { type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { type Streaming, streamingEngine } from '../harness/streaming-engine.ts';
import { withFolder } from '../harness/with-folder.ts';

/* Databases that come in streams: in dump sets, and as files of the engine's own format without a manifest. */

const tables = ['a', 'b', 'c', 'd', 'e'];
/** a, c and e are the one stream, b and d the other. */
const twoStreams = (table: string): string => (table === 'b' || table === 'd' ? 'shard-2' : 'shard-1');
const rows = (table: string): string =>
  Array.from({ length: 50 }, (_, id) => `${id + 1}\t${table}\n`).join('');

const withOperations = (
  options: Streaming & Pick<OperationsOptions, 'wrapStorage'>,
  work: (operations: OperationsFixture, target: string) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const source = path.join(folder, 'source.db');
    const target = path.join(folder, 'target.db');
    const database = new Database(source);
    for (const table of tables) {
      database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX ix_${table} ON ${table} (name);
        WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 50) INSERT INTO ${table} SELECT g, '${table}' FROM n`);
    }
    database.close();
    const { wrapStorage } = options;
    await using operations = await openOperations({
      engine: streamingEngine(options),
      databases: { source: `sqlite:${source}`, target: `sqlite:${target}` },
      ...(wrapStorage === undefined ? {} : { wrapStorage }),
    });
    await work(operations, target);
  });

const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
const exporting = { kind: 'export', database: 'source', selection, encoding: 'text' };
const importing = {
  kind: 'import',
  database: 'target',
  selection: null,
  remaps: { schemas: [], tables: [], tablespaces: [], owners: [], keyPrefixes: [] },
};

/** What is in the folder of dump files, also below it. */
const filesIn = async ({ dumps }: OperationsFixture): Promise<readonly string[]> => {
  if (!existsSync(dumps)) return [];
  const entries = await readdir(dumps, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dumps, path.join(entry.parentPath, entry.name)))
    .sort();
};

describe('streams in dump sets', () => {
  for (const filePattern of [null, 'X%U.DMP', 'one.dmp']) {
    it(`lie in one file each, whole and in order: ${filePattern ?? 'a folder'}`, () =>
      withOperations({ streamOf: twoStreams }, async (operations, target) => {
        const compression = filePattern === null ? 'gzip' : 'zstd';
        const { job } = await operations.run({ ...exporting, filePattern, compression });
        assert.deepEqual([job.state, job.errorCount, job.error], ['completed', 0, null]);
        if (filePattern === null) {
          const names = (await filesIn(operations)).map((name) => name.slice(name.indexOf('/') + 1));
          assert.deepEqual(names, [
            'data/shard-1.text.gz',
            'data/shard-2.text.gz',
            'manifest.json',
            'schema/post-data.sql.gz',
            'schema/pre-data.sql.gz',
          ]);
          const first = path.join(operations.dumps, (await filesIn(operations))[0] ?? '');
          assert.equal(execFileSync('gzip', ['-dc', first]).toString(), ['a', 'c', 'e'].map(rows).join(''));
        }
        const set = filePattern ?? job.name;
        const verified = await operations.run({ kind: 'verify', database: '', filePattern: set });
        assert.deepEqual([verified.job.state, verified.job.errorCount], ['completed', 0]);
        const imported = await operations.run({ ...importing, filePattern: set });
        assert.deepEqual([imported.job.state, imported.job.errorCount], ['completed', 0]);
        const database = new Database(target, { readonly: true });
        for (const table of tables) {
          const found = database.prepare(`SELECT count(*) AS n, min(name) AS name FROM ${table}`).get();
          assert.deepEqual(found, { n: 50, name: table });
        }
        database.close();
      }));
  }

  it('a piece that fails takes its stream along, and the set says so', () =>
    withOperations({ streamOf: twoStreams, broken: new Set(['c']) }, async (operations) => {
      const { job } = await operations.run({ ...exporting, compression: 'none' });
      assert.deepEqual([job.state, job.errorCount], ['completed', 3]);
      const master = (await filesIn(operations)).find((name) => name.endsWith('manifest.json')) ?? '';
      const manifest = JSON.parse(await readFile(path.join(operations.dumps, master), 'utf8')) as Manifest;
      assert.deepEqual(
        manifest.tables.map(({ name, status, error }) => [name, status, error]).sort(),
        tables.map((table) =>
          twoStreams(table) === 'shard-2' ? [table, 'complete', null] : [table, 'failed', 'c is broken.'],
        ),
      );
    }));

  it('what the engine promises of the rows is in the set and in the log', () => {
    const note = 'The rows were read while others wrote.';
    const consistency = { kind: 'none', note } as const;
    return withOperations({ streamOf: () => null, consistency }, async (operations) => {
      const { log } = await operations.run(exporting);
      assert.ok(log.some(({ message }) => message === note));
      const master = (await filesIn(operations)).find((name) => name.endsWith('manifest.json')) ?? '';
      const manifest = JSON.parse(await readFile(path.join(operations.dumps, master), 'utf8')) as Manifest;
      assert.deepEqual(manifest.consistency, consistency);
    });
  });

  it('files of a size are refused, since a stream is not parted', () =>
    withOperations({ streamOf: twoStreams }, async (operations) => {
      const { job } = await operations.run({ ...exporting, filePattern: 'X%U.DMP', fileSize: 2 ** 30 });
      assert.deepEqual(
        [job.state, job.error?.code, job.error?.field],
        ['failed', 'field-invalid', 'file_size'],
      );
      assert.deepEqual(await filesIn(operations), []);
    }));
});

describe('files without a manifest', () => {
  const asked = { ...exporting, filePattern: 'x-%I_of_%N.txt', compression: 'none' };

  it('are one for each stream and each unit that stands alone, and nothing beside them', () =>
    withOperations(
      { streamOf: (table) => (table === 'e' ? null : twoStreams(table)) },
      async (operations) => {
        const { job, log } = await operations.run({
          ...asked,
          filePattern: 'x-%I_of_%N.txt.gz',
          compression: 'gzip',
        });
        assert.deepEqual([job.state, job.errorCount, job.error], ['completed', 0, null]);
        const names = await filesIn(operations);
        assert.deepEqual(
          names,
          [1, 2, 3].map((number) => `x-${number}_of_3.txt.gz`),
        );
        const contents = await Promise.all(
          names.map(async (name) => gunzipSync(await readFile(path.join(operations.dumps, name))).toString()),
        );
        assert.deepEqual(contents.sort(), [
          ['a', 'c'].map(rows).join(''),
          ['b', 'd'].map(rows).join(''),
          rows('e'),
        ]);
        const { files, rows: count } = job.result as {
          readonly files: readonly { readonly name: string }[];
          readonly rows: number;
        };
        assert.deepEqual([files.map(({ name }) => name), count], [names, 250]);
        const lines = log.map(({ message }) => message);
        assert.ok(lines.some((line) => /^exported .*"e".*: 50 rows/.test(line)));
        assert.equal(lines.filter((line) => line.startsWith('exported ')).length, 5);
        const left = lines.find((line) => line.startsWith('The files hold rows alone'));
        assert.match(left ?? '', /index .*ix_a/);
      },
    ));

  it('are all removed when one fails, and a resumed job begins again', () => {
    const broken = new Set(['d']);
    return withOperations({ streamOf: twoStreams, broken }, async (operations) => {
      const { job } = await operations.run(asked);
      assert.deepEqual([job.state, job.error?.message], ['failed', 'd is broken.']);
      assert.deepEqual(await filesIn(operations), []);
      broken.clear();
      const again = await operations.resume(job.id);
      assert.deepEqual([again.job.state, again.job.error, again.job.restarts], ['completed', null, 1]);
      const names = await filesIn(operations);
      assert.deepEqual(names, ['x-1_of_2.txt', 'x-2_of_2.txt']);
      const contents = await Promise.all(
        names.map((name) => readFile(path.join(operations.dumps, name), 'utf8')),
      );
      assert.equal(contents.join(''), ['a', 'c', 'e', 'b', 'd'].map(rows).join(''));
    });
  });

  it('are all removed when the snapshot is lost too often, and a resumed job begins again', () => {
    const losing = new Set(['d']);
    return withOperations({ streamOf: twoStreams, losing }, async (operations) => {
      const { job } = await operations.run(asked);
      assert.equal(job.state, 'failed');
      assert.equal(
        job.error?.message,
        'The job started its data again 25 times, and must again: The session was ended.',
      );
      assert.deepEqual(await filesIn(operations), []);
      losing.clear();
      const again = await operations.resume(job.id);
      assert.deepEqual([again.job.state, again.job.error], ['completed', null]);
      assert.equal((await filesIn(operations)).length, 2);
    });
  });

  it('in the way of which a file of somebody else stands: that one stays, and nothing else', () =>
    withOperations(
      {
        streamOf: twoStreams,
        // It comes into being after the plan has looked.
        wrapStorage: (storage) => ({
          ...storage,
          async put(name, source, options, context) {
            if (name === 'x-2_of_2.txt') {
              const other = { open: () => [Buffer.from('theirs')] as unknown as AsyncIterable<Uint8Array> };
              await storage.put(name, other, { ifExists: 'replace' }, context);
            }
            return await storage.put(name, source, options, context);
          },
        }),
      },
      async (operations) => {
        const { job } = await operations.run(asked);
        assert.deepEqual([job.state, job.error?.code], ['failed', 'file-exists']);
        assert.deepEqual(await filesIn(operations), ['x-2_of_2.txt']);
        assert.equal(await readFile(path.join(operations.dumps, 'x-2_of_2.txt'), 'utf8'), 'theirs');
      },
    ));

  it('are removed when the job is cancelled', () => {
    const { promise: cancelAt, resolve } = Promise.withResolvers<void>();
    let written = 0;
    return withOperations(
      {
        streamOf: (table) => table,
        wrapStorage: (storage) => ({
          ...storage,
          async put(name, source, options, context) {
            if (name.startsWith('x-5_')) {
              await new Promise((_, reject) => {
                context.signal.addEventListener('abort', () => reject(context.signal.reason));
              });
            }
            const put = await storage.put(name, source, options, context);
            written += 1;
            if (written === 4) resolve();
            return put;
          },
        }),
      },
      async (operations) => {
        const { job } = await operations.run(asked, cancelAt);
        assert.equal(job.state, 'cancelled');
        assert.deepEqual(await filesIn(operations), []);
      },
    );
  });

  it('are not written where one of such a name is', () =>
    withOperations({ streamOf: twoStreams }, async (operations) => {
      await operations.run(asked);
      const { job } = await operations.run(asked);
      assert.deepEqual(
        [job.state, job.error?.code, job.error?.field],
        ['failed', 'file-exists', 'file_pattern'],
      );
      assert.equal((await filesIn(operations)).length, 2);
    }));
});
