import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { createRandom } from '../harness/random.ts';
import { runWithKills } from '../harness/run-with-kills.ts';
import { startServiceProcess } from '../harness/service-process.ts';
import { withFolder } from '../harness/with-folder.ts';

/**
 * kill -9 at random moments of a backup that is proved by a restore and makes room for itself, and of a restore in place; here for the campaign
 * alone, `npm run test:backups`: what a death at each of their changes leaves is in backups.test.ts. Prints its seed; PUMPHOUSE_TEST_SEED repeats
 * a run.
 */

const random = createRandom();
const rounds = Number(process.env.PUMPHOUSE_CRASH_ROUNDS ?? 1);
const kills = rounds > 1 ? 4 : 1;
const flags = ['--unit-bytes', '65536', '--workers', '2'];

interface ListedBackup {
  readonly state: string;
  readonly file_pattern: string;
  readonly proofs: readonly { readonly ok: boolean }[];
}

for (let round = 1; round <= rounds; round += 1) {
  test(`round ${round}: killed backups and restores go on, and leave nothing (seed ${random.seed})`, (t) =>
    withFolder(async (folder) => {
      t.diagnostic(`seed ${random.seed}`);
      const [live, saved] = [path.join(folder, 'live', 'shop.db'), path.join(folder, 'saved.db')];
      createSampleDatabase(saved, { orderItems: 5_000 });
      await mkdir(path.dirname(live));
      await copyFile(saved, live);
      let service = await startServiceProcess({ data: path.join(folder, 'data'), flags });
      const killed = async (body: Readonly<Record<string, unknown>>) => {
        const ended = await runWithKills(service, body, { random, kills, withinMs: 600, flags });
        service = ended.service;
        assert.equal(ended.job.state, 'completed', JSON.stringify(ended.job.error));
      };
      try {
        await service.request('POST', '/api/v1/databases', { name: 'shop', url: `sqlite:${live}` });
        await service.request('PUT', '/api/v1/databases/shop/backup-policy', {
          directory: 'DATA_PUMP_DIR',
          verify: 'restore',
          retention: { keep_last: 1 },
        });
        await service.run({ kind: 'backup', database: 'shop' });
        await killed({ kind: 'backup', database: 'shop' });
        const { items } = await service.request<{ readonly items: readonly ListedBackup[] }>(
          'GET',
          '/api/v1/backups',
        );
        assert.deepEqual(
          items.map(({ state, proofs }) => [state, proofs.map(({ ok }) => ok)]),
          [['completed', [true]]],
        );
        assert.deepEqual(await readdir(path.join(service.data, 'dumps')), [items[0]?.file_pattern]);

        createSampleDatabase(path.join(folder, 'other.db'), { orderItems: 10 });
        await copyFile(path.join(folder, 'other.db'), live);
        await killed({ kind: 'restore', database: 'shop', in_place: true });
        assert.ok(compareDatabases(saved, live).equal, 'the database is what was saved');
        assert.deepEqual(await readdir(path.dirname(live)), ['shop.db'], 'nothing is left beside it');
      } finally {
        await service[Symbol.asyncDispose]();
      }
    }));
}
