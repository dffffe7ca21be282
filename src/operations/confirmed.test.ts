import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { newJob } from '../../test/conformance/job-store-fixture.ts';
import { quietContext } from '../../test/conformance/transfer.ts';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { placeAt } from '../../test/harness/local-storage.ts';
import { makeFolder } from '../../test/harness/with-folder.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../core/errors.ts';
import { isResting } from '../core/job.ts';
import { completeRequest } from '../core/stored-request.ts';
import { sqliteEngine } from '../engines/sqlite/engine.ts';
import { createWorker } from '../jobs/worker.ts';
import { localDriver } from '../storages/local/driver.ts';
import type { Storage } from '../storages/storage.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { confirmedAfterPauses, confirmedStorage } from './confirmed.ts';
import { createEnvironment, sealTarget } from './environment.ts';
import { createExportHandler } from './export.ts';

const leaseLost = () =>
  Promise.reject(new AppError('lease-lost', { message: 'Somebody else has the task.' }));
const isLost = { code: 'lease-lost' };
const bytesOf = (text: string) => ({
  async *open() {
    yield Buffer.from(text);
  },
});

test('nothing is written or removed for one who has lost his task', async () => {
  await using folder = await makeFolder();
  const storage = localDriver.open(placeAt(pathToFileURL(folder.path)));
  const context = quietContext();
  const zombie = confirmedStorage(storage, { confirm: leaseLost });
  await storage.put('kept', bytesOf('first'), { ifExists: 'fail' }, context);
  await assert.rejects(zombie.put('new', bytesOf('x'), { ifExists: 'fail' }, context), isLost);
  await assert.rejects(zombie.put('kept', bytesOf('second'), { ifExists: 'replace' }, context), isLost);
  await assert.rejects(zombie.remove('kept', context), isLost);
  await assert.rejects(zombie.sweep('', context), isLost);
  assert.deepEqual(await readdir(folder.path), ['kept']);
  assert.deepEqual(await storage.stat('kept', context), { name: 'kept', bytes: 5 });
});

test('after a pause of the bytes, and then only, it is asked whose the task is', async () => {
  let [now, asked] = [0, 0];
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (const wait of [0, 1_000, 6_000, 1_000]) {
      now += wait;
      yield Buffer.from([wait / 1_000]);
    }
  };
  const confirm = async (): Promise<void> => {
    asked += 1;
  };
  const seen: number[] = [];
  for await (const [byte] of confirmedAfterPauses(source(), { confirm }, () => now)) seen.push(byte ?? -1);
  assert.deepEqual([seen, asked], [[0, 1, 6, 1], 1]);
  now = 0;
  const lost = confirmedAfterPauses(source(), { confirm: leaseLost }, () => now);
  await assert.rejects(async () => {
    for await (const _ of lost);
  }, isLost);
});

test('a file of a task that is lost behind its last byte never shows, and the set is whole all the same', async () => {
  await using folder = await makeFolder();
  const { log } = createMemoryLog();
  const source = new Database(folder.join('shop.db'));
  source.exec("CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'one'), (2, 'two')");
  source.close();
  const store = await openSqliteStore({ path: folder.join('store.sqlite'), clock: systemClock, log });
  const shown = new Map<string, number>();
  const taken = new Set<string>();
  /** Each file's first put loses its task between the last byte and the end; and everything that becomes visible is counted. */
  const losing = (storage: Storage): Storage => ({
    ...storage,
    async put(name, bytes, options, context) {
      const open = async function* (signal: AbortSignal): AsyncGenerator<Uint8Array> {
        const chunks: Uint8Array[] = [];
        const iterator = bytes.open(signal)[Symbol.asyncIterator]();
        for (let next = iterator.next(); ; next = iterator.next()) {
          // What is asked at the end is asked when the task is somebody else's.
          if (chunks.length > 0 && !taken.has(name)) {
            taken.add(name);
            await store.jobs.recover('local');
          }
          const { done, value } = await next;
          if (done === true) break;
          chunks.push(value);
        }
        yield* chunks;
      };
      const stored = await storage.put(name, { open }, options, context);
      shown.set(name, (shown.get(name) ?? 0) + 1);
      return stored;
    },
  });
  const sealer = { seal: (text: string) => text, unseal: (text: string) => text };
  const environment = createEnvironment({
    engines: [sqliteEngine],
    openStorage: (url) => losing(localDriver.open(placeAt(url))),
    registry: {
      getDatabase: async () => ({
        engine: 'sqlite',
        sealedTarget: sealTarget(sealer, sqliteEngine.parseUrl(`sqlite:${folder.join('shop.db')}`)),
      }),
      getDirectory: async () => ({ url: pathToFileURL(folder.join('dumps')).href, credential: null }),
      getCredential: async () => null,
    },
    sealer,
  });
  const handlers = [createExportHandler(environment, { unitBytes: () => 1_000_000 })];
  const worker = createWorker({ store: store.jobs, handlers, clock: systemClock, log });
  try {
    const request = completeRequest({
      ...{ kind: 'export', database: 'shop', encoding: 'text', threads: 1, filePattern: null },
      selection: { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] },
      location: { type: 'directory', directory: 'DUMPS' },
    });
    const { job } = await store.jobs.createJob(newJob({ request, threads: 1, database: 'shop' }));
    let claims = 0;
    for (;;) {
      const now = await store.jobs.getJob(job.id);
      assert.ok(now);
      if (isResting(now.state)) {
        assert.equal(now.state, 'completed', JSON.stringify(now.error));
        break;
      }
      const claimed = await store.jobs.claimTask('local');
      assert.ok(claimed);
      claims += 1;
      await worker.run(claimed);
    }
    assert.ok(taken.size >= 4, [...taken].join());
    assert.deepEqual([...shown.keys()].sort(), [...taken].sort());
    assert.ok(claims > 3 + taken.size / 2, `${claims} claims`);
    // The task that ends the set writes the definitions again whenever it is done again; the manifest comes last.
    const once = [...shown].filter(([name]) => !name.includes('schema'));
    assert.deepEqual(new Set(once.map(([, times]) => times)), new Set([1]), JSON.stringify([...shown]));
    const parts = (await readdir(folder.join('dumps'), { recursive: true })).filter((name) =>
      name.endsWith('.part'),
    );
    assert.deepEqual(parts, []);
  } finally {
    await worker.close(10_000);
    await store.close();
  }
});
