import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';

/* Encrypted sets in numbered files of a size, from PostgreSQL and back: values that text and compression make larger, not smaller. */

const mega = 1024 * 1024;
let server: PostgresServer;
let app: TestApp;

before(async () => {
  server = await startPostgres({ version: 17 });
  await server.createDatabase('shop');
  await server.query(
    'shop',
    `CREATE TABLE noise (id int PRIMARY KEY, bytes bytea, number float8, vector float4[]);
     ALTER TABLE noise ALTER bytes SET STORAGE EXTERNAL;
     INSERT INTO noise SELECT g, sha512(g::text::bytea) || sha512((-g)::text::bytea), random(),
       ARRAY(SELECT random()::float4 FROM generate_series(1, 32 + g % 2)) FROM generate_series(1, 30000) g;
     CREATE TABLE small (id int PRIMARY KEY);
     INSERT INTO small SELECT generate_series(1, 10);
     ANALYZE;`,
  );
  app = await startApp({ databases: { shop: server.url('shop') } });
  const credential = { name: 'key', type: 'encryption', secret: 'correct horse battery staple' };
  await app.json({ method: 'POST', path: '/api/v1/credentials', body: credential });
});
after(async () => {
  await app?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function run(body: Readonly<Record<string, unknown>>): Promise<TestJob> {
  const { id } = await app.json<{ readonly id: string }>({ method: 'POST', path: '/api/v1/jobs', body });
  const job = await app.settled(id);
  assert.deepEqual([job.state, job.error_count], ['completed', 0], JSON.stringify(job.error));
  return job;
}

for (const encoding of ['text', 'binary']) {
  test(`${encoding}: no file is larger than asked for, and everything comes back`, async () => {
    const set = `${encoding.toUpperCase()}%U.DMP`;
    await run({
      ...{ kind: 'export', database: 'shop', mode: 'schema', schema_expressions: ["= 'public'"], threads: 2 },
      ...{ encoding, file_pattern: set, file_size: mega, encryption_key: 'key' },
    });
    const names = (await readdir(app.dumps)).filter((name) => name.startsWith(encoding.toUpperCase()));
    const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(app.dumps, name))).size));
    assert.ok(names.length > 5, names.join());
    assert.ok(Math.max(...sizes) <= mega, sizes.join());

    const target = await server.createDatabase();
    const body = { name: target, url: server.url(target) };
    await app.json({ method: 'POST', path: '/api/v1/databases', body });
    await run({ kind: 'import', database: target, file_pattern: set, encryption_key: 'key', threads: 2 });
    const digest = `SELECT md5(string_agg(noise::text, '|' ORDER BY id)) AS digest FROM noise`;
    assert.deepEqual(await server.query(target, digest), await server.query('shop', digest));
  });
}
