import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { listDumpSets } from '../../src/dump/list-sets.ts';
import { openDumpSet } from '../../src/dump/read-set.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { removeDumpFiles } from '../../src/operations/export-cleanup.ts';
import type { ExportPlan } from '../../src/operations/plan-types.ts';
import { dumpSetFindings, spaceFindings } from '../../src/service/location-findings.ts';
import { httpDriver } from '../../src/storages/http/driver.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { listAll } from '../harness/byte-sources.ts';
import { placeAt } from '../harness/local-storage.ts';
import { type Nginx, startNginx } from '../harness/nginx.ts';
import { type OperationsFixture, openOperations } from '../harness/operations-fixture.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

const context = recordingContext();
const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };

let server: Nginx;
before(async () => {
  server = await startNginx();
});
after(() => server[Symbol.asyncDispose]());

const locationOf = (base: string): Storage =>
  stackStorage(
    httpDriver.open(placeAt(`http://127.0.0.1:${server.port}/files/${base}`)),
    defaultLayerOptions,
    createLimit(defaultLayerOptions.limit),
  );

interface Stage extends AsyncDisposable {
  readonly storage: Storage;
  readonly operations: OperationsFixture;
  readonly source: string;
  readonly target: string;
}

/** A shop and an empty database, with dump sets at a place that cannot list. */
async function openStage(base: string): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const folder: TestFolder = opening.use(await makeFolder());
  const [source, target] = [folder.join('shop.db'), folder.join('copy.db')];
  createSampleDatabase(source, { orderItems: 20_000 });
  const storage = locationOf(base);
  const operations = opening.use(
    await openOperations({
      engine: sqliteEngine,
      databases: { shop: `sqlite:${source}`, copy: `sqlite:${target}` },
      wrapStorage: () => storage,
      unitBytes: 131_072,
    }),
  );
  const parts = opening.move();
  return { storage, operations, source, target, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

const forms = [
  { form: 'folder', pattern: null },
  { form: 'pattern', pattern: 'SHOP%U.DMP' },
  { form: 'file', pattern: 'shop.dmp' },
] as const;

for (const { form, pattern } of forms) {
  test(`a ${form} set goes to a place that cannot list, is verified there and comes back equal`, async () => {
    await using stage = await openStage(form);
    const { operations, storage } = stage;
    const exported = await operations.run({
      kind: 'export',
      database: 'shop',
      filePattern: pattern,
      encoding: 'text',
      selection,
    });
    assert.equal(exported.job.state, 'completed', JSON.stringify(exported.job.error));
    const set = pattern ?? exported.job.name;

    const verified = await operations.run({ kind: 'verify', database: 'shop', filePattern: set });
    assert.equal(verified.job.state, 'completed', JSON.stringify(verified.job.error));
    const imported = await operations.run({
      kind: 'import',
      database: 'copy',
      filePattern: set,
      selection: null,
    });
    assert.equal(imported.job.state, 'completed', JSON.stringify(imported.job.error));
    const comparison = compareDatabases(stage.source, stage.target);
    assert.ok(comparison.equal, JSON.stringify(comparison));

    // What the plan names is what there is: a clean-up needs no list.
    const plan = exported.job.plan as ExportPlan;
    const base = path.join(server.root, form);
    const written = (await readdir(base, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(base, path.join(entry.parentPath, entry.name)));
    assert.deepEqual(written.sort(), [...plan.files].sort());
    await removeDumpFiles(storage, plan, new Set(), context);
    assert.deepEqual(
      plan.files.filter((name) => existsSync(path.join(base, name))),
      [],
    );
  });
}

test('what is there already is found by name, and not overwritten', async () => {
  await using stage = await openStage('twice');
  const request = {
    kind: 'export',
    database: 'shop',
    filePattern: 'TWICE%U.DMP',
    encoding: 'text',
    selection,
  };
  const first = await stage.operations.run(request);
  assert.equal(first.job.state, 'completed');
  const second = await stage.operations.run(request);
  assert.equal(second.job.state, 'failed');
  assert.equal(second.job.error?.code, 'file-exists');
});

test('a set without its manifest, or without a file, is told by name', async () => {
  await using stage = await openStage('incomplete');
  const { operations, storage } = stage;
  await operations.run({
    kind: 'export',
    database: 'shop',
    filePattern: 'HALF%U.DMP',
    encoding: 'text',
    selection,
  });
  const file = (name: string): string => path.join(server.root, 'incomplete', name);
  await rm(file('HALF02.DMP'));
  const verified = await operations.run({ kind: 'verify', database: 'shop', filePattern: 'HALF%U.DMP' });
  assert.equal(verified.job.state, 'failed');
  assert.match(JSON.stringify([verified.job.error, verified.log]), /HALF02\.DMP/);
  await rm(file('HALF01.DMP'));
  await assert.rejects(openDumpSet(storage, 'HALF%U.DMP', context), { code: 'dump-incomplete' });
  await assert.rejects(openDumpSet(storage, 'NONE%U.DMP', context), { code: 'file-missing' });
  await assert.rejects(openDumpSet(storage, 'none', context), { code: 'file-missing' });
  await assert.rejects(openDumpSet(storage, null, context), { code: 'dump-not-a-dump' });
});

test('it cannot say which sets it has, and says so', async () => {
  const storage = locationOf('listing');
  await assert.rejects(listAll(listDumpSets(storage, context)), {
    code: 'unsupported',
    message: /cannot be listed/,
    hint: /Name the dump set/,
  });
});

test('the preflight asks whether the place answers and takes files', async () => {
  assert.deepEqual(await dumpSetFindings(locationOf('preflight'), context), []);
  assert.deepEqual(await spaceFindings(locationOf('preflight'), 1000, context), []);
  const refusing = httpDriver.open(placeAt(`http://127.0.0.1:${server.port}/status/403/x`));
  for (const findings of [
    await dumpSetFindings(refusing, context),
    await spaceFindings(refusing, 1000, context),
  ]) {
    assert.equal(findings[0]?.level, 'red');
    assert.match(findings[0]?.message ?? '', /403 Forbidden/);
  }
});
