import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { openDumpSet } from '../../src/dump/read-set.ts';
import { verifyFile } from '../../src/dump/verify-file.ts';
import { flipByte } from '../harness/damage.ts';
import { bareLocal } from '../harness/local-storage.ts';
import { createRandom } from '../harness/random.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { runWithKills } from '../harness/run-with-kills.ts';
import { type ServiceJob, type ServiceProcess, startServiceProcess } from '../harness/service-process.ts';
import { withFolder } from '../harness/with-folder.ts';

/**
 * kill -9 at random moments of an encrypted export, of the copy of its set and of its removal, then go on. Prints its seed;
 * PUMPHOUSE_TEST_SEED repeats a run, and PUMPHOUSE_CRASH_ROUNDS makes a campaign of it.
 */

const random = createRandom();
const rounds = Number(process.env.PUMPHOUSE_CRASH_ROUNDS ?? 1);
const flags = ['--unit-bytes', '65536', '--workers', '2'];
const plan = { random, kills: 2, withinMs: 120, flags };
const context = recordingContext();

const filesBelow = async (place: string): Promise<readonly string[]> =>
  (await readdir(place, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);

/** Names of files that a set of this form has, of several rounds. */
const namings = [{}, { file_pattern: 'KILL%U.DMP' }];

for (let round = 1; round <= rounds; round += 1) {
  for (const naming of namings) {
    const form = naming.file_pattern ?? 'a folder';
    test(`round ${round}, ${form}: killed copies and removals go on, and leave nothing (seed ${random.seed})`, async (t) => {
      t.diagnostic(`seed ${random.seed}`);
      await withFolder(async (folder) => {
        const [source, target] = [path.join(folder, 'source.db'), path.join(folder, 'target.db')];
        createSampleDatabase(source, { orderItems: 20_000 });
        const spare = path.join(folder, 'spare');
        let service: ServiceProcess = await startServiceProcess({ data: path.join(folder, 'data'), flags });
        const killed = async (body: Readonly<Record<string, unknown>>, afterKill = async () => {}) => {
          const ended = await runWithKills(service, body, { ...plan, afterKill });
          service = ended.service;
          assert.equal(ended.job.state, 'completed', JSON.stringify(ended.job.error));
          assert.equal(ended.job.error_count, 0);
          return ended.job;
        };
        try {
          await service.request('POST', '/api/v1/databases', { name: 'source', url: `sqlite:${source}` });
          await service.request('POST', '/api/v1/databases', { name: 'target', url: `sqlite:${target}` });
          await service.request('POST', '/api/v1/directories', { name: 'SPARE', path: spare });
          const credential = { name: 'key', type: 'encryption', secret: 'correct horse' };
          await service.request('POST', '/api/v1/credentials', credential);

          const exporting = { kind: 'export', database: 'source', mode: 'full', threads: 2 };
          const { name } = await killed({ ...exporting, ...naming, encryption_key: 'key' });
          const set = naming.file_pattern ?? name;
          await service.run({ kind: 'verify', file_pattern: set });

          // A set that can be opened is whole, at any moment.
          const wholeOrNoSet = async () => {
            const found = await openDumpSet(bareLocal(spare), set, context).catch(() => null);
            for (const file of found?.manifest.files ?? [])
              await verifyFile(bareLocal(spare), file, {}, context);
          };
          await killed(
            { kind: 'dump_copy', file_pattern: set, to_directory: 'SPARE', threads: 2 },
            wholeOrNoSet,
          );
          assert.deepEqual(
            (await filesBelow(spare)).filter((file) => file.endsWith('.part')),
            [],
            'a complete set has no unfinished files beside it',
          );
          const there = { directory: 'SPARE', file_pattern: set };
          await service.run({ kind: 'verify', ...there });
          await service.run({
            kind: 'import',
            database: 'target',
            ...there,
            encryption_key: 'key',
            threads: 2,
          });
          assert.ok(compareDatabases(source, target).equal);

          await killed({ kind: 'dump_delete', ...there }, wholeOrNoSet);
          assert.deepEqual(await filesBelow(spare), []);
        } finally {
          await service[Symbol.asyncDispose]();
        }
      });
    });
  }
}

test('a copy that is cancelled after a crash leaves nothing', () =>
  withFolder(async (folder) => {
    const source = path.join(folder, 'source.db');
    createSampleDatabase(source, { orderItems: 40_000 });
    const spare = path.join(folder, 'spare');
    let service: ServiceProcess = await startServiceProcess({ data: path.join(folder, 'data'), flags });
    try {
      await service.request('POST', '/api/v1/databases', { name: 'source', url: `sqlite:${source}` });
      await service.request('POST', '/api/v1/directories', { name: 'SPARE', path: spare });
      const { name } = await service.run({ kind: 'export', database: 'source', mode: 'full', threads: 2 });
      // A file that cannot be copied: the job cannot end before it is cancelled, whatever moment the kill hits.
      const files = (await filesBelow(path.join(service.data, 'dumps'))).filter((file) =>
        file.includes('order_items'),
      );
      await flipByte(path.join(service.data, 'dumps', name, 'data', files.sort().at(-1) as string));
      const { id } = await service.start({ kind: 'dump_copy', file_pattern: name, to_directory: 'SPARE' });
      while ((await filesBelow(spare)).length === 0) await sleep(2);
      await service.kill();
      service = await startServiceProcess({ data: service.data, flags });
      const failed = await service.settled(id);
      assert.equal(failed.error?.code, 'dump-damaged');
      assert.ok((await filesBelow(spare)).length > 0);
      await service.request('POST', `/api/v1/jobs/${id}/cancel`);
      assert.equal((await service.settled(id)).state, 'cancelled');
      assert.deepEqual(await filesBelow(spare), []);
    } finally {
      await service[Symbol.asyncDispose]();
    }
  }));

test('an encrypted export that starts again under another snapshot keeps its finished tables, and one key opens all', () =>
  withFolder(async (folder) => {
    const [source, target] = [path.join(folder, 'source.db'), path.join(folder, 'target.db')];
    const tables = Array.from({ length: 40 }, (_, index) => `t${index}`);
    withDatabase(source, (database) => {
      for (const table of tables) {
        database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, noise BLOB);
          WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 500) INSERT INTO ${table} SELECT g, randomblob(1000) FROM n`);
      }
    });
    const larger = ['--workers', '2'];
    let service: ServiceProcess = await startServiceProcess({
      data: path.join(folder, 'data'),
      flags: larger,
    });
    try {
      await service.request('POST', '/api/v1/databases', { name: 'source', url: `sqlite:${source}` });
      await service.request('POST', '/api/v1/databases', { name: 'target', url: `sqlite:${target}` });
      const credential = { name: 'key', type: 'encryption', secret: 'correct horse' };
      await service.request('POST', '/api/v1/credentials', credential);
      const how = { mode: 'full', consistency: 'table', encryption_key: 'key', threads: 2 };
      const { id, name } = await service.start({ kind: 'export', database: 'source', ...how });
      const job = () => service.request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
      while ((await job()).progress.units_done < 3) await sleep(2);
      await service.kill();
      withDatabase(source, (database) => database.exec('INSERT INTO t0 VALUES (1000, NULL)'));

      service = await startServiceProcess({ data: service.data, flags: larger });
      const ended = await service.settled(id);
      assert.equal(ended.state, 'completed', JSON.stringify(ended.error));
      assert.equal(ended.restarts, 1);
      const { items } = await service.request<{ readonly items: readonly { readonly message: string }[] }>(
        'GET',
        `/api/v1/jobs/${id}/log?limit=1000`,
      );
      assert.ok(items.some(({ message }) => /^\d+ files of \d+ finished tables stay/.test(message)));
      await service.run({ kind: 'verify', file_pattern: name });
      await service.run({ kind: 'import', database: 'target', file_pattern: name, encryption_key: 'key' });
      withDatabase(target, (database) => {
        for (const table of tables) {
          const found = database.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get();
          assert.ok(found !== undefined && found.n >= 500, table);
        }
      });
    } finally {
      await service[Symbol.asyncDispose]();
    }
  }));

function withDatabase(file: string, work: (database: Database.Database) => void): void {
  const database = new Database(file);
  try {
    database.pragma('synchronous = OFF');
    work(database);
  } finally {
    database.close();
  }
}
