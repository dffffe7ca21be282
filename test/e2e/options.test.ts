import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** The options that every engine has, on the command line with SQLite; options.pg.test.ts shows the others. */
describe('options for every engine', () => {
  let folder: TestFolder;
  let app: TestApp;
  before(async () => {
    folder = await makeFolder();
    createSampleDatabase(folder.join('shop.db'), { orderItems: 2_000 });
    app = await startApp({ databases: { shop: `sqlite:${folder.join('shop.db')}` } });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const run = (...args: readonly string[]) => runCommand([...args, '--data', app.data]);
  async function ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
    return stdout;
  }
  /** Exports with `options` and imports all of it into a new database; gives a query on that. */
  async function moved(name: string, ...options: readonly string[]) {
    const { name: set } = JSON.parse(await ok('export', 'shop', ...options, '--json'));
    await ok('database', 'add', name, `sqlite:${folder.join(`${name}.db`)}`);
    await ok('import', name, '--from', 'DATA_PUMP_DIR', '--file', set);
    return (sql: string): readonly Record<string, unknown>[] => {
      const database = new Database(folder.join(`${name}.db`), { readonly: true });
      try {
        return database.prepare(sql).all() as Record<string, unknown>[];
      } finally {
        database.close();
      }
    };
  }

  it('definitions without rows', async () => {
    const query = await moved('bare', '--content', 'metadata_only');
    assert.deepEqual(query('SELECT count(*) AS n FROM orders'), [{ n: 0 }]);
  });

  it('some types of objects and not others', async () => {
    const indexes = "SELECT count(*) AS n FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";
    const all = await moved('everything', '--compression', 'none', '--consistency', 'table');
    assert.notDeepEqual(all(indexes), [{ n: 0 }]);
    const query = await moved(
      'plain',
      '--compression',
      'gzip',
      '--exclude',
      'INDEX',
      '--exclude',
      "TABLE_DATA:= 'order_items'",
    );
    assert.deepEqual(query(indexes), [{ n: 0 }]);
    assert.deepEqual(query('SELECT count(*) AS n FROM order_items'), [{ n: 0 }]);
    assert.notDeepEqual(query('SELECT count(*) AS n FROM products'), [{ n: 0 }]);
  });

  it('an estimate and a dry run, as tables and as JSON', async () => {
    assert.match(await ok('export', 'shop', '--estimate'), /^main +order_items +[\d,]+ +[\d.]+ KB$/m);
    const estimate = JSON.parse(await ok('export', 'shop', '--estimate', '--json'));
    assert.equal(estimate.tables.length, 6);

    await ok('export', 'shop', '--file', 'TRY%U.DMP');
    await ok('database', 'add', 'tried', `sqlite:${folder.join('tried.db')}`);
    const trying = ['import', 'tried', '--from', 'DATA_PUMP_DIR', '--file', 'TRY%U.DMP', '--dry-run'];
    assert.match(await ok(...trying), /^TABLE +main +orders +create\n(.*\n)*.*^The import would run\.$/m);
    const tried = JSON.parse(await ok(...trying, '--json'));
    assert.deepEqual([tried.kind, tried.error], ['dry_run', null]);
    await ok('import', 'tried', '--from', 'DATA_PUMP_DIR', '--file', 'TRY%U.DMP');
    const again = await run(...trying);
    assert.equal(again.code, 5, again.stdout);
    assert.match(again.stdout, /^The import would stop: .*exists already/m);
  });

  it('one that the engine lacks is refused by name', async () => {
    const masked = await run('export', 'shop', '--mask', 'orders.id:hash');
    assert.deepEqual([masked.code, masked.stdout], [12, '']);
    assert.match(masked.stderr, /SQLite.*\n.*mask/);
  });
});
