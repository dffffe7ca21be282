import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { startApp, type TestApp } from '../harness/app.ts';
import {
  type PostgresServer,
  type PostgresVersion,
  postgresVersions,
  startPostgres,
} from '../harness/postgres.ts';
import { featureRoles, featureSchema } from '../harness/postgres-feature-schema.ts';
import { postgresState } from '../harness/postgres-state.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';

/** One request out, one request in, on the whole service with real servers. */

type Body = Readonly<Record<string, unknown>>;

const start = (app: TestApp, body: Body) =>
  app.json<{ readonly id: string; readonly name: string }>({ method: 'POST', path: '/api/v1/jobs', body });
const run = async (app: TestApp, body: Body) => {
  const { id, name } = await start(app, body);
  return { ...(await app.settled(id)), id, name };
};
const logOf = async (app: TestApp, id: string) =>
  (
    await app.json<{ readonly items: readonly { readonly level: string; readonly message: string }[] }>({
      method: 'GET',
      path: `/api/v1/jobs/${id}/log`,
    })
  ).items;

async function register(app: TestApp, server: PostgresServer, database: string): Promise<string> {
  await app.json({
    method: 'POST',
    path: '/api/v1/databases',
    body: { name: database, url: server.url(database) },
  });
  return database;
}

/** Fails with the job's log when it did not go through without errors. */
async function assertClean(app: TestApp, job: Awaited<ReturnType<typeof run>>): Promise<void> {
  if (job.state === 'completed' && job.error_count === 0) return;
  const problems = (await logOf(app, job.id))
    .filter(({ level }) => level !== 'info')
    .map(({ message }) => message);
  assert.fail(`${job.name} ended ${job.state}: ${JSON.stringify(job.error)} ${problems.join(' | ')}`);
}

/** The oldest and the newest; `npm run test:versions` takes all that there are. */
const versions: readonly PostgresVersion[] =
  process.env.PUMPHOUSE_TEST_ALL_VERSIONS === '1' ? postgresVersions : [13, 18];

for (const version of versions) {
  describe(`PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let app: TestApp;
    before(async () => {
      server = await startPostgres({ version });
      await server.query('postgres', featureRoles);
      await server.createDatabase('source');
      await server.query('source', featureSchema(version));
      app = await startApp({ databases: { source: server.url('source') }, flags: { unitBytes: '65536' } });
    });
    after(async () => {
      await app?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    for (const encoding of ['text', 'binary']) {
      test(`everything goes out and comes back, ${encoding}`, async () => {
        const exported = await run(app, {
          kind: 'export',
          database: 'source',
          mode: 'full',
          threads: 3,
          encoding,
        });
        await assertClean(app, exported);
        const target = await register(app, server, await server.createDatabase());
        const imported = await run(app, {
          kind: 'import',
          database: target,
          file_pattern: exported.name,
          threads: 3,
        });
        await assertClean(app, imported);
        assert.deepEqual(await postgresState(server, target), await postgresState(server, 'source'));
      });
    }
  });
}

describe('parts of a database', () => {
  let server: PostgresServer;
  let app: TestApp;
  before(async () => {
    server = await startPostgres({ version: 17 });
    await server.createDatabase('shop');
    await server.query(
      'shop',
      `CREATE SCHEMA scott; CREATE SCHEMA hr;
       CREATE TYPE scott.mood AS ENUM ('sad', 'ok');
       CREATE TABLE scott.emp (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, mood scott.mood, boss bigint REFERENCES scott.emp);
       CREATE TABLE scott.emp_history (id serial PRIMARY KEY, emp bigint REFERENCES scott.emp, note text);
       CREATE TABLE scott.dept (id int PRIMARY KEY);
       CREATE TABLE hr.emp (id int PRIMARY KEY, name text DEFAULT 'hr.emp');
       CREATE INDEX emp_name_ix ON scott.emp (name);
       CREATE VIEW scott.emp_names AS SELECT name FROM scott.emp;
       CREATE FUNCTION scott.greet(who text) RETURNS text LANGUAGE sql AS $$ SELECT 'scott.emp says hello to ' || who $$;
       INSERT INTO scott.emp (name, mood) SELECT 'name ' || g, 'ok' FROM generate_series(1, 1000) g;
       INSERT INTO scott.emp_history (emp, note) SELECT g, E'tab\\there\\nnew \\\\N line' FROM generate_series(1, 500) g;
       INSERT INTO scott.dept SELECT generate_series(1, 10);
       INSERT INTO hr.emp SELECT generate_series(1, 20);
       SELECT setval('scott.emp_history_id_seq', 3000000000);`.replace('id serial', 'id bigserial'),
    );
    app = await startApp({ databases: { shop: server.url('shop') } });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  /** Exports with `selection`, imports with `options` into a fresh database, and gives the tables that are there with their rows. */
  async function transferred(
    selection: Body,
    options: Body = {},
  ): Promise<{ readonly tables: Record<string, number>; readonly target: string; readonly errors: number }> {
    const exported = await run(app, { kind: 'export', database: 'shop', ...selection });
    await assertClean(app, exported);
    const target = await register(app, server, await server.createDatabase());
    const imported = await run(app, {
      kind: 'import',
      database: target,
      file_pattern: exported.name,
      ...options,
    });
    assert.equal(imported.state, 'completed', JSON.stringify(imported.error));
    const names = await server.query(
      target,
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname !~ '^pg_|information_schema' ORDER BY 1",
    );
    const tables: Record<string, number> = {};
    for (const { name } of names)
      tables[String(name)] = Number(
        (await server.query(target, `SELECT count(*) AS n FROM ${String(name)}`))[0]?.n,
      );
    return { tables, target, errors: imported.error_count };
  }

  test('schema mode takes the schemas named, with all that is in them', async () => {
    const { tables, target, errors } = await transferred({
      mode: 'schema',
      schema_expressions: ["= 'SCOTT'"],
    });
    assert.deepEqual(tables, { 'scott.dept': 10, 'scott.emp': 1000, 'scott.emp_history': 500 });
    assert.equal(errors, 0);
    assert.equal(
      (await server.query(target, "SELECT scott.greet('you') AS text"))[0]?.text,
      'scott.emp says hello to you',
    );
    assert.equal(
      Number((await server.query(target, "SELECT nextval('scott.emp_history_id_seq') AS n"))[0]?.n),
      3_000_000_001,
    );
  });

  test('a name expression drops a table with its index, constraints and sequence', async () => {
    const { tables } = await transferred({
      mode: 'schema',
      schema_expressions: ["= 'scott'"],
      name_expressions: ["NOT LIKE '%HISTORY%'"],
    });
    assert.deepEqual(tables, { 'scott.dept': 10, 'scott.emp': 1000 });
  });

  test('table mode takes the tables, into a schema that exists or is made', async () => {
    const { tables } = await transferred({
      mode: 'table',
      schema_expressions: ["IN ('HR')"],
      name_expressions: ["LIKE 'EMP%'"],
    });
    assert.deepEqual(tables, { 'hr.emp': 20 });
  });

  test('tablespace mode takes the tables of the tablespace', async () => {
    const { tables } = await transferred({ mode: 'tablespace', tablespace_expressions: ["= 'PG_DEFAULT'"] });
    assert.equal(tables['hr.emp'], 20);
  });

  test('remap_schemas renames in every statement, and says what it left', async () => {
    const exported = await run(app, {
      kind: 'export',
      database: 'shop',
      mode: 'schema',
      schema_expressions: ["= 'scott'"],
    });
    const target = await register(app, server, await server.createDatabase());
    const imported = await run(app, {
      kind: 'import',
      database: target,
      file_pattern: exported.name,
      remap_schemas: [{ source: 'SCOTT', target: 'TIGER' }],
    });
    await assertClean(app, imported);
    assert.equal(
      Number((await server.query(target, "SELECT nextval('tiger.emp_history_id_seq') AS n"))[0]?.n),
      3_000_000_001,
    );
    assert.equal(
      Number((await server.query(target, 'SELECT count(*) AS n FROM tiger.emp_names'))[0]?.n),
      1000,
    );
    assert.deepEqual(await server.query(target, "SELECT 1 FROM pg_namespace WHERE nspname = 'scott'"), []);
    const left = (await logOf(app, imported.id)).filter(({ level }) => level === 'warn');
    assert.ok(
      left.some(({ message }) => message.includes('greet')),
      JSON.stringify(left),
    );
  });

  test('a table that cannot be read does not stop the others', async () => {
    // A damaged page: the server refuses to read it.
    const [row] = await server.query(
      'shop',
      "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('scott.dept') AS path",
    );
    await server.stop('fast');
    await writeFile(String(row?.path), Buffer.alloc(8192, 0xa5));
    await server.restart();

    for (const naming of [{}, { file_pattern: 'DAMAGED%U.DMP' }, { file_pattern: 'damaged.dmp' }]) {
      const exported = await run(app, {
        kind: 'export',
        database: 'shop',
        mode: 'schema',
        schema_expressions: ["= 'scott'"],
        threads: 2,
        ...naming,
      });
      assert.equal(exported.state, 'completed', JSON.stringify(exported.error));
      assert.equal(exported.error_count, 1);
      assert.deepEqual(exported.result?.failed_tables, ['"scott"."dept"']);
      const errors = (await logOf(app, exported.id)).filter(({ level }) => level === 'error');
      assert.match(errors[0]?.message ?? '', /"scott"\."dept" could not be read: .*invalid page/);

      const target = await register(app, server, await server.createDatabase());
      const set = naming.file_pattern ?? exported.name;
      await assertClean(
        app,
        await run(app, { kind: 'import', database: target, file_pattern: set, threads: 2 }),
      );
      assert.equal(Number((await server.query(target, 'SELECT count(*) AS n FROM scott.emp'))[0]?.n), 1000);
      assert.equal(Number((await server.query(target, 'SELECT count(*) AS n FROM scott.dept'))[0]?.n), 0);
    }
  });
});

test('an older server comes back on a newer one', async () => {
  await using older = await startPostgres({ version: 13 });
  await using newer = await startPostgres({ version: 18 });
  await older.createDatabase('source');
  await older.query(
    'source',
    `CREATE TABLE t (id bigserial PRIMARY KEY, at timestamptz, tags text[], doc jsonb);
     INSERT INTO t (at, tags, doc) SELECT timestamptz '2020-01-01' + g * interval '1 hour', ARRAY['a', NULL, ''], jsonb_build_object('g', g) FROM generate_series(1, 2000) g`,
  );
  await newer.createDatabase('target');
  await using app = await startApp({
    databases: { source: older.url('source'), target: newer.url('target') },
  });
  const exported = await run(app, {
    kind: 'export',
    database: 'source',
    mode: 'full',
    encoding: 'binary',
    threads: 2,
  });
  await assertClean(app, exported);
  await assertClean(
    app,
    await run(app, { kind: 'import', database: 'target', file_pattern: exported.name, threads: 2 }),
  );
  const digest = 'SELECT count(*)::int AS n, md5(string_agg(t::text, chr(10) ORDER BY id)) AS digest FROM t';
  assert.deepEqual(await newer.query('target', digest), await older.query('source', digest));
});

test('stop and cancel reach a job that waits for the server', async () => {
  await using server = await startPostgres({ version: 17 });
  await server.createDatabase('source');
  await server.query(
    'source',
    'CREATE TABLE big AS SELECT g, md5(g::text) AS text FROM generate_series(1, 200000) g',
  );
  await using proxy = await startTcpProxy(server.port);
  const url = new URL(server.url('source'));
  url.port = String(proxy.port);
  await using app = await startApp({ databases: { source: url.href }, flags: { unitBytes: '262144' } });
  for (const [verb, state] of [
    ['stop', 'stopped'],
    ['cancel', 'cancelled'],
  ] as const) {
    const { id } = await start(app, { kind: 'export', database: 'source', mode: 'full', threads: 2 });
    while (
      (await app.json<{ readonly state: string }>({ method: 'GET', path: `/api/v1/jobs/${id}` })).state !==
      'executing'
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await app.json({ method: 'POST', path: `/api/v1/jobs/${id}/${verb}` });
    assert.equal((await app.settled(id)).state, state);
  }
});
