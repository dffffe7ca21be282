import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { checkFiles, openDumpSet } from '../../src/dump/read-set.ts';
import { bareLocal } from '../harness/local-storage.ts';
import { createRandom } from '../harness/random.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { runWithKills } from '../harness/run-with-kills.ts';
import { type ServiceJob, startServiceProcess } from '../harness/service-process.ts';
import { withFolder } from '../harness/with-folder.ts';

/**
 * kill -9 at random moments of an export and an import of SQLite, then go on. Prints its seed; PUMPHOUSE_TEST_SEED repeats a run, and
 * PUMPHOUSE_CRASH_ROUNDS makes a campaign of it.
 */

const random = createRandom();
const rounds = Number(process.env.PUMPHOUSE_CRASH_ROUNDS ?? 2);
/** Small units, so that there is much to lose. */
const flags = ['--unit-bytes', '65536', '--workers', '2'];
const namings: readonly { readonly file_pattern?: string }[] = [
  {},
  { file_pattern: 'KILL%U.DMP' },
  { file_pattern: 'kill.dmp' },
];
const plan = { random, kills: 4, withinMs: 250, flags };

/** Modification times of the data files that are visible. */
async function dataFiles(folder: string): Promise<ReadonlyMap<string, number>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const found = names.filter(
    (name) => name.endsWith('.zst') && name.includes('data') && !path.basename(name).startsWith('.'),
  );
  return new Map(
    await Promise.all(
      found.map(async (name) => [name, (await stat(path.join(folder, name))).mtimeMs] as const),
    ),
  );
}

for (let round = 1; round <= rounds; round += 1) {
  test(`round ${round}: killed exports and imports lose nothing and double nothing (seed ${random.seed})`, async (t) => {
    t.diagnostic(`seed ${random.seed}`);
    await withFolder(async (folder) => {
      const [source, target] = [path.join(folder, 'source.db'), path.join(folder, 'target.db')];
      createSampleDatabase(source, { orderItems: 60_000 });
      const data = path.join(folder, 'data');
      let service = await startServiceProcess({ data, flags });
      try {
        await service.request('POST', '/api/v1/databases', { name: 'source', url: `sqlite:${source}` });
        await service.request('POST', '/api/v1/databases', { name: 'target', url: `sqlite:${target}` });
        const dumps = path.join(data, 'dumps');

        const naming = namings[round % namings.length] ?? {};
        // (b): a set that can be opened is whole, at any moment.
        const noHalfSet = async (before: ServiceJob) => {
          const storage = bareLocal(dumps);
          const context = recordingContext();
          const set = await openDumpSet(storage, naming.file_pattern ?? before.name, context).catch(
            () => null,
          );
          if (set !== null) await checkFiles(storage, set.manifest, context);
        };
        let seen: ReadonlyMap<string, number> = new Map();
        const afterKill = async (before: ServiceJob) => {
          await noHalfSet(before);
          // (d): what a finished task wrote stays as it is; the newest files may be of tasks that were not recorded yet.
          const now = await dataFiles(dumps);
          const rewritten = [...seen].filter(([name, at]) => now.get(name) !== at);
          assert.ok(rewritten.length <= 2, `finished work was done again: ${rewritten.length} files`);
          seen = now;
        };
        const exported = await runWithKills(
          service,
          { kind: 'export', database: 'source', mode: 'full', threads: 2, ...naming },
          { ...plan, afterKill },
        );
        service = exported.service;
        assert.equal(exported.job.state, 'completed', JSON.stringify(exported.job.error));
        assert.equal(exported.job.error_count, 0);
        assert.equal(exported.job.restarts, 0, 'the source did not change, so its snapshot is still good');
        const names = await readdir(dumps, { recursive: true });
        assert.deepEqual(
          names.filter((name) => name.endsWith('.part')),
          [],
          'a complete set has no unfinished files beside it',
        );
        const set = naming.file_pattern ?? exported.job.name;
        await service.run({ kind: 'verify', directory: 'DATA_PUMP_DIR', file_pattern: set, threads: 2 });

        // (a) and (c): every unit exactly once.
        const body = {
          kind: 'import',
          database: 'target',
          directory: 'DATA_PUMP_DIR',
          file_pattern: set,
          threads: 2,
        };
        const imported = await runWithKills(service, body, plan);
        service = imported.service;
        assert.equal(imported.job.state, 'completed', JSON.stringify(imported.job.error));
        assert.equal(imported.job.error_count, 0);
        const comparison = compareDatabases(source, target);
        assert.deepEqual(
          comparison.tables.filter((table) => table.differing > 0 || table.sourceRows !== table.targetRows),
          [],
        );
        assert.deepEqual(comparison.differingObjects, []);
      } finally {
        await service[Symbol.asyncDispose]();
      }
    });
  });
}
