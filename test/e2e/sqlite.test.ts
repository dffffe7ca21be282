import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp } from '../harness/app.ts';
import { withFolder } from '../harness/with-folder.ts';

/** A source with a sample, an empty target, and the service over both. */
async function withShop(
  work: (app: TestApp, source: string, target: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const [source, target] = [path.join(folder, 'shop.db'), path.join(folder, 'copy.db')];
    createSampleDatabase(source, { orderItems: 20_000 });
    await using app = await startApp({
      databases: { shop: `sqlite:${source}`, copy: `sqlite:${target}` },
      flags: { unitBytes: '131072' },
    });
    await work(app, source, target);
  });
}

const start = (app: TestApp, body: Readonly<Record<string, unknown>>) =>
  app.json<{ readonly id: string; readonly name: string }>({ method: 'POST', path: '/api/v1/jobs', body });

const forms = [
  { form: 'folder', pattern: undefined },
  { form: 'pattern', pattern: 'SHOP%U.DMP' },
  { form: 'file', pattern: 'shop.dmp' },
] as const;

for (const { form, pattern } of forms) {
  test(`a database goes out and comes back equal through a ${form} set`, async () => {
    await withShop(async (app, source, target) => {
      const naming = pattern === undefined ? {} : { file_pattern: pattern };
      const exporting = await start(app, {
        kind: 'export',
        database: 'shop',
        mode: 'full',
        threads: 3,
        ...naming,
      });
      const exported = await app.settled(exporting.id);
      assert.equal(exported.state, 'completed', JSON.stringify(exported.error));
      assert.equal(exported.error_count, 0);
      assert.equal(exported.progress.percent, 100);

      const set = pattern ?? exporting.name;
      const verified = await app.settled((await start(app, { kind: 'verify', file_pattern: set })).id);
      assert.equal(verified.state, 'completed', JSON.stringify(verified.error));

      const imported = await app.settled(
        (await start(app, { kind: 'import', database: 'copy', file_pattern: set, threads: 3 })).id,
      );
      assert.equal(imported.state, 'completed', JSON.stringify(imported.error));
      assert.equal(imported.error_count, 0);
      const comparison = compareDatabases(source, target);
      assert.ok(comparison.equal, JSON.stringify(comparison));
      assert.equal(imported.result?.rows, exported.result?.rows);
    });
  });
}

test('an import into a database that has the objects is refused by name, and nothing is written', async () => {
  await withShop(async (app, source, target) => {
    createSampleDatabase(target, { orderItems: 100, seed: 7 });
    const exporting = await start(app, { kind: 'export', database: 'shop', mode: 'full' });
    await app.settled(exporting.id);
    const before = compareDatabases(target, target);
    const refused = await app.settled(
      (await start(app, { kind: 'import', database: 'copy', file_pattern: exporting.name })).id,
    );
    assert.equal(refused.state, 'failed');
    assert.equal(refused.error?.code, 'object-exists');
    assert.match(refused.error?.message ?? '', /table main\.\w+ exists already/);
    assert.deepEqual(compareDatabases(target, target), before);
    assert.equal(compareDatabases(source, target).equal, false);
  });
});

test('a stopped export goes on when it is resumed, a cancelled one leaves nothing', async () => {
  await withShop(async (app, source, target) => {
    const stopping = await start(app, { kind: 'export', database: 'shop', mode: 'full' });
    await app.json({ method: 'POST', path: `/api/v1/jobs/${stopping.id}/stop` });
    assert.equal((await app.settled(stopping.id)).state, 'stopped');
    await app.json({ method: 'POST', path: `/api/v1/jobs/${stopping.id}/resume` });
    assert.equal((await app.settled(stopping.id)).state, 'completed');
    const imported = await app.settled(
      (await start(app, { kind: 'import', database: 'copy', file_pattern: stopping.name })).id,
    );
    assert.equal(imported.state, 'completed', JSON.stringify(imported.error));
    assert.ok(compareDatabases(source, target).equal);

    const cancelling = await start(app, {
      kind: 'export',
      database: 'shop',
      mode: 'full',
      file_pattern: 'GONE%U.DMP',
    });
    await app.json({ method: 'POST', path: `/api/v1/jobs/${cancelling.id}/cancel` });
    assert.equal((await app.settled(cancelling.id)).state, 'cancelled');
    assert.deepEqual(
      (await readdir(app.dumps)).filter((name) => name.startsWith('GONE') || name.startsWith('.')),
      [],
    );
  });
});

test('a selection of tables takes these and what belongs to them', async () => {
  await withShop(async (app, _source, target) => {
    const exporting = await start(app, {
      kind: 'export',
      database: 'shop',
      mode: 'table',
      name_expressions: ["LIKE 'order%'"],
    });
    await app.settled(exporting.id);
    const set = await app.json<{ readonly tables: readonly { readonly name: string }[] }>({
      method: 'GET',
      path: `/api/v1/dump-sets/show?file_pattern=${exporting.name}`,
    });
    assert.deepEqual(set.tables.map(({ name }) => name).sort(), ['order_items', 'orders']);
    const imported = await app.settled(
      (await start(app, { kind: 'import', database: 'copy', file_pattern: exporting.name })).id,
    );
    assert.equal(imported.state, 'completed', JSON.stringify(imported.error));
    assert.deepEqual(
      compareDatabases(target, target).tables.map(({ table }) => table),
      ['order_items', 'orders'],
    );
  });
});
