import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Engine, Snapshot } from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import type { ExportResult } from '../../src/operations/plan-types.ts';
import { openOperations } from '../harness/operations-fixture.ts';
import { withFolder } from '../harness/with-folder.ts';

/* Rows that take several times the room that was estimated: numbered files keep to their size all the same. */

const mega = 1024 * 1024;
const rowsEach = 2000;
const tables = ['a', 'b', 'c', 'd', 'e', 'f'];

/** An engine that thinks its rows much smaller than they are. */
function underestimating(divisor: number): Engine {
  const wrong = (snapshot: Snapshot): Snapshot =>
    Object.assign(Object.create(snapshot) as Snapshot, {
      plan: (...asked: Parameters<Snapshot['plan']>) =>
        snapshot.plan(...asked).map((unit) => {
          const { rows, bytes } = unit.estimate;
          return { ...unit, estimate: { rows, bytes: Math.round(bytes / divisor) } };
        }),
    });
  return {
    ...sqliteEngine,
    async openSource(...asked) {
      const session = await sqliteEngine.openSource(...asked);
      return {
        ...session,
        begin: async (...how) => wrong(await session.begin(...how)),
        join: async (...how) => wrong(await session.join(...how)),
      };
    },
  };
}

const withOperations = (
  divisor: number,
  form: '' | 'WITHOUT ROWID',
  work: (operations: Awaited<ReturnType<typeof openOperations>>, target: string) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const source = path.join(folder, 'source.db');
    const target = path.join(folder, 'target.db');
    const database = new Database(source);
    database.pragma('synchronous = OFF');
    for (const table of tables) {
      database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, noise BLOB) ${form};
        WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < ${rowsEach}) INSERT INTO ${table} SELECT g, randomblob(400) FROM n`);
    }
    database.close();
    await using operations = await openOperations({
      engine: underestimating(divisor),
      databases: { source: `sqlite:${source}`, target: `sqlite:${target}` },
      unitBytes: mega / 4,
    });
    await work(operations, target);
  });

const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
const asked = { kind: 'export', database: 'source', selection, encoding: 'text', filePattern: 'X%U.DMP' };

test('units go on in files of other numbers, and every row arrives once', () =>
  withOperations(5, '', async (operations, target) => {
    const { job, log } = await operations.run({ ...asked, fileSize: mega });
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    assert.equal(job.errorCount, 0);
    const names = (await readdir(operations.dumps)).sort();
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(path.join(operations.dumps, name))).size),
    );
    assert.ok(Math.max(...sizes) <= mega, sizes.join());
    // What was planned had room for a fifth.
    assert.ok(names.length >= 6, names.join());
    const { files } = job.result as ExportResult;
    assert.deepEqual(files.map(({ name }) => name).sort(), names);
    const exported = log.filter(({ event }) => event === 'table').map(({ data }) => [data.name, data.rows]);
    assert.deepEqual(
      exported.sort(),
      tables.map((table) => [table, rowsEach]),
    );

    const verified = await operations.run({ kind: 'verify', database: '', filePattern: 'X%U.DMP' });
    assert.equal(verified.job.state, 'completed');
    assert.equal(verified.job.errorCount, 0);
    const imported = await operations.run({
      ...{ kind: 'import', database: 'target', filePattern: 'X%U.DMP', selection: null },
    });
    assert.equal(imported.job.state, 'completed', JSON.stringify(imported.job.error));
    const copy = new Database(target, { readonly: true });
    for (const table of tables) {
      const counted = copy.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get();
      assert.equal(counted?.n, rowsEach);
    }
    copy.close();
  }));

test('a single piece that is larger than a file fails the job, by name, and is not kept', () =>
  withOperations(50, 'WITHOUT ROWID', async (operations) => {
    const { job } = await operations.run({ ...asked, fileSize: mega / 2 });
    assert.equal(job.state, 'failed');
    assert.equal(job.error?.code, 'file-size-too-small');
    assert.match(job.error?.message ?? '', /^X\d\d\.DMP would grow beyond 524288 bytes/);
    // The job's other tasks end after it, and take their unfinished files with them.
    const tooLarge = async (): Promise<readonly string[]> => {
      const names = await readdir(operations.dumps);
      const sizes = await Promise.all(
        names.map((name) =>
          stat(path.join(operations.dumps, name)).then(
            ({ size }) => size,
            () => 0,
          ),
        ),
      );
      return names.filter((_, index) => (sizes[index] ?? 0) > mega / 2);
    };
    for (let look = 0; look < 500 && (await tooLarge()).length > 0; look += 1) await setTimeout(20);
    assert.deepEqual(await tooLarge(), []);
  }));
