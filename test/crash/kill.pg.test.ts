import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { createRandom } from '../harness/random.ts';
import { runWithKills } from '../harness/run-with-kills.ts';
import { type ServiceJob, startServiceProcess } from '../harness/service-process.ts';
import { withFolder } from '../harness/with-folder.ts';

/**
 * kill -9 at random moments of an export and an import of PostgreSQL, then go on. Prints its seed; PUMPHOUSE_TEST_SEED repeats a run, and
 * PUMPHOUSE_CRASH_ROUNDS makes a campaign of it.
 */

const random = createRandom();
const rounds = Number(process.env.PUMPHOUSE_CRASH_ROUNDS ?? 2);
const flags = ['--unit-bytes', '524288', '--workers', '3'];
const plan = { random, kills: 3, withinMs: 700, flags };

const statements = [
  'CREATE TABLE customer (id bigint PRIMARY KEY, name text NOT NULL, note text)',
  "INSERT INTO customer SELECT g, 'Customer ' || g, CASE WHEN g % 5 = 0 THEN NULL ELSE repeat(md5(g::text), 3) END FROM generate_series(1, 20000) g",
  'CREATE TABLE purchase (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint REFERENCES customer, total numeric(12,2), at timestamptz, tags text[])',
  "INSERT INTO purchase (customer, total, at, tags) SELECT 1 + g % 20000, g / 7.0, timestamptz '2020-01-01' + g * interval '1 minute', ARRAY[md5(g::text), E'a\\tb'] FROM generate_series(1, 120000) g",
  'CREATE INDEX purchase_customer_ix ON purchase (customer)',
  'CREATE TABLE empty (a int)',
];
const tables = ['customer', 'purchase', 'empty'];

/** Rows and a digest of each table that does not depend on their order. */
const stock = (server: PostgresServer, database: string) =>
  Promise.all(
    tables.map((table) =>
      server.query(
        database,
        `SELECT '${table}' AS name, count(*)::int AS rows, sum(hashtextextended(t::text, 0)::numeric)::text AS digest FROM ${table} t`,
      ),
    ),
  );

/** (b): a set with a manifest is whole, at any moment. */
async function assertNoHalfSet(dumps: string, before: ServiceJob): Promise<void> {
  const manifest = await readFile(path.join(dumps, before.name, 'manifest.json'), 'utf8').catch(() => null);
  if (manifest === null) return;
  const { files } = JSON.parse(manifest) as {
    readonly files: readonly { readonly name: string; readonly bytes: number }[];
  };
  assert.ok(files.length > 0);
  for (const file of files) {
    const found = await stat(path.join(dumps, before.name, file.name));
    assert.equal(found.size, file.bytes, file.name);
  }
}

test(`killed exports and imports of PostgreSQL lose nothing and double nothing (seed ${random.seed})`, async (t) => {
  t.diagnostic(`seed ${random.seed}`);
  await using server = await startPostgres({ version: 17 });
  await server.createDatabase('source');
  for (const statement of statements) await server.query('source', statement);
  const expected = await stock(server, 'source');

  for (let round = 1; round <= rounds; round += 1) {
    await withFolder(async (folder) => {
      const data = path.join(folder, 'data');
      const target = await server.createDatabase();
      let service = await startServiceProcess({ data, flags });
      try {
        await service.request('POST', '/api/v1/databases', { name: 'source', url: server.url('source') });
        await service.request('POST', '/api/v1/databases', { name: 'target', url: server.url(target) });
        const afterKill = (before: ServiceJob) => assertNoHalfSet(path.join(data, 'dumps'), before);
        const encoding = round % 2 === 0 ? 'binary' : 'text';
        const exported = await runWithKills(
          service,
          { kind: 'export', database: 'source', mode: 'full', threads: 2, encoding },
          { ...plan, afterKill },
        );
        service = exported.service;
        assert.equal(exported.job.state, 'completed', JSON.stringify(exported.job.error));
        assert.equal(exported.job.error_count, 0);
        await service.run({ kind: 'verify', file_pattern: exported.job.name, threads: 2 });

        const body = { kind: 'import', database: 'target', file_pattern: exported.job.name, threads: 2 };
        const imported = await runWithKills(service, body, plan);
        service = imported.service;
        assert.equal(imported.job.state, 'completed', JSON.stringify(imported.job.error));
        assert.equal(imported.job.error_count, 0);
        assert.equal(imported.job.restarts, 0, 'an import never starts again');
        assert.deepEqual(await stock(server, target), expected);
        assert.deepEqual(
          await server.query(target, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%pumphouse%'"),
          [],
        );
        t.diagnostic(
          `round ${round}: ${exported.midway} kills within the export's data, ${imported.midway} within the import's; restarts ${exported.job.restarts}`,
        );
      } finally {
        await service[Symbol.asyncDispose]();
      }
      await server.query('postgres', `DROP DATABASE ${target}`);
    });
  }
});
