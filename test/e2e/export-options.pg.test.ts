import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';

/** What the options of an export leave out, on the whole service with a real server. */

type Body = Readonly<Record<string, unknown>>;

describe('export options', () => {
  let server: PostgresServer;
  let app: TestApp;
  before(async () => {
    server = await startPostgres({ version: 17 });
    await server.createDatabase('shop');
    await server.query(
      'shop',
      `CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, email text, card text);
       CREATE TABLE audit (id int PRIMARY KEY, line text);
       CREATE INDEX customer_name ON customer (name);
       CREATE VIEW names AS SELECT name FROM customer;
       INSERT INTO customer SELECT g, 'name ' || g, g || '@example.com', '4000123412341234' FROM generate_series(1, 1000) g;
       INSERT INTO audit SELECT g, repeat('a', 1000) FROM generate_series(1, 500) g;
       ANALYZE;`,
    );
    app = await startApp({ databases: { shop: server.url('shop') } });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const run = async (body: Body): Promise<TestJob> => {
    const { id } = await app.json<{ readonly id: string }>({ method: 'POST', path: '/api/v1/jobs', body });
    return app.settled(id);
  };
  const logOf = async (id: string): Promise<readonly string[]> =>
    (
      await app.json<{ readonly items: readonly { readonly message: string }[] }>({
        method: 'GET',
        path: `/api/v1/jobs/${id}/log?limit=1000`,
      })
    ).items.map(({ message }) => message);
  const clean = async (job: TestJob): Promise<TestJob> => {
    assert.deepEqual([job.state, job.error_count], ['completed', 0], (await logOf(job.id)).join('\n'));
    return job;
  };
  const exported = async (options: Body) =>
    clean(
      await run({
        kind: 'export',
        database: 'shop',
        mode: 'schema',
        schema_expressions: ["= 'public'"],
        ...options,
      }),
    );
  /** The manifest, and a fresh database with what is in the set. */
  async function contents(job: TestJob, options: Body = {}) {
    const manifest = JSON.parse(await readFile(path.join(app.dumps, job.name, 'manifest.json'), 'utf8')) as {
      readonly tables: readonly {
        readonly name: string;
        readonly columns: readonly { readonly name: string }[];
      }[];
      readonly objects: readonly { readonly type: string; readonly name: string }[];
    };
    const target = await server.createDatabase();
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: target, url: server.url(target) },
    });
    await clean(await run({ kind: 'import', database: target, file_pattern: job.name, ...options }));
    const count = async (from: string) =>
      Number((await server.query(target, `SELECT count(*) AS n FROM ${from}`))[0]?.n);
    return { manifest, target, count };
  }

  test('estimate reads and writes nothing, and ends with the figures', async () => {
    const job = await exported({ estimate: true, file_pattern: 'NONE%U.DMP' });
    assert.deepEqual(await readdir(app.dumps), []);
    const log = await logOf(job.id);
    assert.ok(
      log.some((line) => /^estimated "public"."audit": 500 rows, \d+ bytes$/.test(line)),
      log.join('\n'),
    );
    assert.ok(
      log.some((line) => /^Estimated from the statistics: 2 tables, 1500 rows, \d+ bytes\.$/.test(line)),
    );
  });

  test('content metadata_only exports definitions and no rows', async () => {
    const job = await exported({ content: 'metadata_only' });
    const { manifest, count } = await contents(job);
    assert.deepEqual(manifest.tables, []);
    assert.deepEqual(await readdir(path.join(app.dumps, job.name)), ['manifest.json', 'schema']);
    assert.equal(await count('customer'), 0);
    assert.equal(await count(`pg_indexes WHERE indexname = 'customer_name'`), 1);
  });

  test('content data_only exports rows and no definitions', async () => {
    const job = await exported({ content: 'data_only' });
    const target = await server.createDatabase();
    await server.query(
      target,
      'CREATE TABLE customer (id int, name text, email text, card text); CREATE TABLE audit (id int, line text)',
    );
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: target, url: server.url(target) },
    });
    await clean(
      await run({ kind: 'import', database: target, file_pattern: job.name, content: 'data_only' }),
    );
    assert.deepEqual(await server.query(target, 'SELECT count(*)::int AS n FROM customer'), [{ n: 1000 }]);
  });

  test('exclude leaves objects and tables out', async () => {
    const job = await exported({
      exclude: [{ type: 'TABLE', name_expression: "= 'AUDIT'" }, { type: 'INDEX' }],
    });
    const { manifest, count } = await contents(job);
    assert.deepEqual(
      manifest.tables.map(({ name }) => name),
      ['customer'],
    );
    assert.equal(await count('customer'), 1000);
    assert.equal(await count(`pg_class WHERE relname IN ('audit', 'customer_name')`), 0);
  });

  test('an exclusion of everything is an error that names its field', async () => {
    const job = await run({
      kind: 'export',
      database: 'shop',
      mode: 'schema',
      schema_expressions: ["= 'public'"],
      include: [{ type: 'FUNCTION' }],
    });
    assert.deepEqual(
      [job.state, job.error?.code, job.error?.field],
      ['failed', 'selection-empty', 'include'],
    );
  });

  test('query, exclude_columns and mask decide what leaves the database', async () => {
    const job = await exported({
      query: [{ table: 'customer', where: "id <= 10 AND name LIKE 'name%'" }],
      exclude_columns: [{ table: 'customer', columns: ['email'] }],
      mask: [{ table: 'customer', column: 'card', method: 'partial', keep_first: 0, keep_last: 4 }],
    });
    const { manifest, target, count } = await contents(job);
    const customer = manifest.tables.find(({ name }) => name === 'customer');
    assert.deepEqual(
      customer?.columns.map(({ name }) => name),
      ['id', 'name', 'card'],
    );
    assert.equal(await count('customer WHERE email IS NULL'), 10);
    assert.equal(await count('audit'), 500);
    assert.deepEqual(await server.query(target, 'SELECT DISTINCT card FROM customer'), [
      { card: '************1234' },
    ]);
  });

  test('a mask of a table hides the values of those that inherit from it', async () => {
    const database = await server.createDatabase();
    await server.query(
      database,
      `CREATE TABLE person (name text, email text); CREATE TABLE billed (iban text);
       CREATE TABLE employee (salary int) INHERITS (person, billed);
       INSERT INTO person VALUES ('a', 'a@clear'); INSERT INTO employee VALUES ('b', 'b@clear', 'clear', 1);`,
    );
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: database, url: server.url(database) },
    });
    const job = await exported({
      database,
      mask: [
        { table: 'person', column: 'email', method: 'hash' },
        { table: 'billed', column: 'iban', method: 'hash' },
      ],
    });
    const log = (await logOf(job.id)).join('\n');
    assert.match(log, /What is said of person holds for the tables that inherit from it: public\.employee\./);
    const { target, count } = await contents(job);
    assert.equal(await count('person'), 2);
    const clear =
      "SELECT p.name FROM person p WHERE email LIKE '%clear%' UNION ALL SELECT iban FROM billed WHERE iban = 'clear'";
    assert.deepEqual(await server.query(target, clear), []);
  });
});
