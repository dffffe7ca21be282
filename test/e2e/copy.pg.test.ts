import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { type PostgresServer, type PostgresVersion, startPostgres } from '../harness/postgres.ts';
import { featureRoles, featureSchema } from '../harness/postgres-feature-schema.ts';
import { postgresState } from '../harness/postgres-state.ts';

/** From database to database in one job, on the whole service with real servers. */

type Body = Readonly<Record<string, unknown>>;

const start = async (app: TestApp, body: Body): Promise<string> => {
  const { id } = await app.json<{ readonly id: string }>({
    method: 'POST',
    path: '/api/v1/jobs',
    body: { kind: 'copy', threads: 3, ...body },
  });
  return id;
};
const run = async (app: TestApp, body: Body): Promise<TestJob> => app.settled(await start(app, body));

const logOf = async (app: TestApp, id: string): Promise<readonly string[]> => {
  const { items } = await app.json<{ readonly items: readonly { readonly message: string }[] }>({
    method: 'GET',
    path: `/api/v1/jobs/${id}/log?limit=1000`,
  });
  return items.map(({ message }) => message);
};

const register = async (app: TestApp, server: PostgresServer, database: string): Promise<string> => {
  await app.json({
    method: 'POST',
    path: '/api/v1/databases',
    body: { name: database, url: server.url(database) },
  });
  return database;
};

async function assertClean(app: TestApp, job: TestJob): Promise<void> {
  if (job.state === 'completed' && job.error_count === 0) return;
  assert.fail(`ended ${job.state}: ${JSON.stringify(job.error)} ${(await logOf(app, job.id)).join(' | ')}`);
}

/** Nothing of ours is left in a database. */
async function assertNoTraces(server: PostgresServer, database: string): Promise<void> {
  const rows = await server.query(
    database,
    `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pumphouse%'`,
  );
  assert.deepEqual(rows, []);
}

const pairs: readonly {
  readonly from: PostgresVersion;
  readonly to: PostgresVersion;
  readonly as: string;
}[] = [
  { from: 17, to: 17, as: 'binary' },
  { from: 13, to: 17, as: 'text' },
];

for (const { from, to, as } of pairs) {
  describe(`a copy from PostgreSQL ${from} to ${to}`, () => {
    let source: PostgresServer;
    let target: PostgresServer;
    let app: TestApp;
    before(async () => {
      source = await startPostgres({ version: from });
      target = from === to ? source : await startPostgres({ version: to });
      await source.query('postgres', featureRoles);
      if (target !== source) await target.query('postgres', featureRoles);
      await source.createDatabase('source');
      await source.query('source', featureSchema(from));
      await source.query(
        'source',
        `CREATE TABLE filled (id int PRIMARY KEY, at timestamptz, amount numeric(12, 2), note text, bits bytea);
         INSERT INTO filled SELECT g, now() + g * interval '1 s', g / 7.0, E'\\t\\\\ü' || g, decode(md5(g::text), 'hex')
         FROM generate_series(1, 20000) g;`,
      );
      app = await startApp({ databases: { source: source.url('source') }, flags: { unitBytes: '65536' } });
    });
    after(async () => {
      await app?.[Symbol.asyncDispose]();
      if (target !== source) await target?.[Symbol.asyncDispose]();
      await source?.[Symbol.asyncDispose]();
    });

    test('brings everything over', async () => {
      const database = await register(app, target, await target.createDatabase());
      const job = await run(app, { database: 'source', target: database, mode: 'full' });
      await assertClean(app, job);
      const [there, here] = [await postgresState(target, database), await postgresState(source, 'source')];
      // Servers of different versions describe the same objects differently.
      if (from === to) assert.deepEqual(there, here);
      else assert.deepEqual(there.rows, here.rows);
      await assertNoTraces(target, database);
      const log = await logOf(app, job.id);
      assert.ok(
        log.some((line) => new RegExp(`^Planned .* as ${as}\\.$`).test(line)),
        log.join('\n'),
      );
      assert.ok(log.some((line) => /^copied "public"."filled": 20000 rows, \d+ bytes$/.test(line)));
      assert.equal(job.result?.rows, job.progress.rows_done);
    });
  });
}

describe('copies of parts of a database', () => {
  let server: PostgresServer;
  let app: TestApp;
  before(async () => {
    server = await startPostgres({ version: 17 });
    await server.createDatabase('shop');
    await server.query(
      'shop',
      `CREATE SCHEMA scott;
       CREATE TABLE scott.dept (id int PRIMARY KEY, name text);
       CREATE TABLE scott.emp (id bigserial PRIMARY KEY, name text, dept int REFERENCES scott.dept);
       CREATE INDEX emp_name ON scott.emp (name);
       INSERT INTO scott.dept SELECT g, 'dept ' || g FROM generate_series(1, 10) g;
       INSERT INTO scott.emp (name, dept) SELECT 'name ' || g, 1 + g % 10 FROM generate_series(1, 5000) g;`,
    );
    app = await startApp({ databases: { shop: server.url('shop') }, flags: { unitBytes: '65536' } });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const scott = { database: 'shop', mode: 'schema', schema_expressions: ["= 'scott'"] };
  const count = async (database: string, table: string) =>
    Number((await server.query(database, `SELECT count(*) AS n FROM ${table}`))[0]?.n);
  const fresh = async () => register(app, server, await server.createDatabase());
  const stateOf = async (database: string) => postgresState(server, database);

  test('remap_schemas copies a schema within its own database', async () => {
    const job = await run(app, {
      ...scott,
      target: 'shop',
      remap_schemas: [{ source: 'scott', target: 'tiger' }],
    });
    await assertClean(app, job);
    assert.equal(await count('shop', 'tiger.emp'), 5000);
    assert.equal(await count('shop', 'scott.emp'), 5000);
    await server.query('shop', 'DROP SCHEMA tiger CASCADE');
  });

  test('a database is not copied onto itself, whatever its name', async () => {
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: 'twin', url: server.url('shop') },
    });
    const answer = await app.call({
      method: 'POST',
      path: '/api/v1/jobs',
      body: { kind: 'copy', ...scott, target: 'shop' },
    });
    assert.equal(answer.status, 400, answer.body);
    const job = await run(app, { ...scott, target: 'twin', table_exists_action: 'truncate' });
    assert.deepEqual([job.state, job.error?.field], ['failed', 'target']);
    const anew = { content: 'metadata_only', table_exists_action: 'replace' };
    const empty = await run(app, { ...scott, target: 'twin', ...anew });
    assert.deepEqual([empty.state, empty.error?.field], ['failed', 'target']);
    assert.equal(await count('shop', 'scott.emp'), 5000);
  });

  test('a table that is read is not written, whatever is read into it', async () => {
    const target = await fresh();
    await server.query(
      target,
      'CREATE SCHEMA a; CREATE TABLE a.t AS SELECT 1 AS id; CREATE SCHEMA b; CREATE TABLE b.t AS SELECT 2 AS id',
    );
    const swap = [
      { source: 'a', target: 'b' },
      { source: 'b', target: 'c' },
    ];
    for (const content of ['all', 'data_only']) {
      const job = await run(app, {
        database: target,
        target,
        mode: 'schema',
        schema_expressions: ["IN ('a', 'b')"],
        remap_schemas: swap,
        table_exists_action: 'truncate',
        content,
      });
      assert.deepEqual([job.state, job.error?.field], ['failed', 'target'], content);
      assert.match(job.error?.message ?? '', /the table "b"\."t", which is copied/);
    }
    assert.deepEqual(await server.query(target, 'SELECT id FROM b.t'), [{ id: 2 }]);
  });

  test('filters, samples and masks work on the way', async () => {
    const target = await fresh();
    const job = await run(app, {
      ...scott,
      target,
      query: [{ table: 'emp', where: 'id <= 100' }],
      mask: [{ table: 'emp', column: 'name', method: 'hash' }],
    });
    await assertClean(app, job);
    assert.equal(await count(target, 'scott.emp'), 100);
    assert.equal(await count(target, `scott.emp WHERE name LIKE 'name %'`), 0);
  });

  test('content metadata_only brings no rows', async () => {
    const target = await fresh();
    await assertClean(app, await run(app, { ...scott, target, content: 'metadata_only' }));
    assert.equal(await count(target, 'scott.emp'), 0);
    assert.equal(await count(target, `pg_indexes WHERE schemaname = 'scott'`), 3);
  });

  describe('into tables that exist', () => {
    const withRows = async (): Promise<string> => {
      const target = await fresh();
      await assertClean(app, await run(app, { ...scott, target }));
      await server.query(
        target,
        `DELETE FROM scott.emp WHERE id > 10; INSERT INTO scott.dept VALUES (99, 'mine')`,
      );
      return target;
    };

    test('are refused without table_exists_action', async () => {
      const target = await withRows();
      const job = await run(app, { ...scott, target });
      assert.deepEqual([job.state, job.error?.code], ['failed', 'object-exists']);
      assert.equal(await count(target, 'scott.emp'), 10);
      await assertNoTraces(server, target);
    });

    for (const action of ['truncate', 'replace']) {
      test(`are written anew by ${action}`, async () => {
        const target = await withRows();
        await assertClean(app, await run(app, { ...scott, target, table_exists_action: action }));
        assert.deepEqual(await stateOf(target), await stateOf('shop'));
      });
    }

    test('are left by skip', async () => {
      const target = await withRows();
      await assertClean(app, await run(app, { ...scott, target, table_exists_action: 'skip' }));
      assert.deepEqual([await count(target, 'scott.emp'), await count(target, 'scott.dept')], [10, 11]);
    });

    test('are not appended to', async () => {
      const target = await withRows();
      const answer = await app.call({
        method: 'POST',
        path: '/api/v1/jobs',
        body: { kind: 'copy', ...scott, target, table_exists_action: 'append' },
      });
      assert.match(answer.body, /table_exists_action/);
      assert.equal(answer.status, 422, answer.body);
    });
  });
});

describe('a copy from one server to another', () => {
  let source: PostgresServer;
  let target: PostgresServer;
  let app: TestApp;
  before(async () => {
    [source, target] = [await startPostgres({ version: 16 }), await startPostgres({ version: 16 })];
    app = await startApp();
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await target?.[Symbol.asyncDispose]();
    await source?.[Symbol.asyncDispose]();
  });

  test('brings large objects, and roles when asked for globals', async () => {
    await source.query('postgres', 'CREATE ROLE clerk LOGIN');
    await source.createDatabase('files');
    await source.query(
      'files',
      `SELECT lo_from_bytea(4711, decode(repeat('cafe', 5000), 'hex'));
       CREATE TABLE desk (id int PRIMARY KEY); ALTER TABLE desk OWNER TO clerk; INSERT INTO desk VALUES (1);`,
    );
    await register(app, source, 'files');
    const database = await register(app, target, await target.createDatabase());
    const job = await run(app, { database: 'files', target: database, mode: 'full', globals: true });
    await assertClean(app, job);
    assert.deepEqual(
      await target.query(
        database,
        `SELECT md5(lo_get(4711)) = md5(decode(repeat('cafe', 5000), 'hex')) AS same, tableowner AS owner
         FROM pg_tables WHERE tablename = 'desk'`,
      ),
      [{ same: true, owner: 'clerk' }],
    );
  });

  test('does not need its source any more once all rows are in', async () => {
    await source.createDatabase('slow');
    // Whoever makes the index waits for the lock, which only the target's database has.
    await source.query(
      'slow',
      `CREATE FUNCTION wait(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_advisory_xact_lock_shared(8); RETURN n; END $$;
       CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 100); CREATE INDEX t_wait ON t (wait(id));`,
    );
    await register(app, source, 'slow');
    const database = await register(app, target, await target.createDatabase());
    const holder = new pg.Client({ connectionString: target.url(database) });
    await holder.connect();
    try {
      await holder.query('SELECT pg_advisory_lock(8)');
      const id = await start(app, { database: 'slow', target: database, mode: 'full' });
      await someoneWaits(holder);
      await source.query('slow', endSessions('slow'));
      await holder.query('SELECT pg_advisory_unlock(8)');
      const job = await app.settled(id);
      await assertClean(app, job);
      assert.equal(job.restarts, 0);
    } finally {
      await holder.end();
    }
  });
});

/** Until a session waits for an advisory lock. */
async function someoneWaits(client: pg.Client): Promise<void> {
  const sql = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
  while ((await client.query(sql)).rowCount === 0) await setTimeout(20);
}

const endSessions = (database: string): string =>
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`;

describe('a copy that loses its snapshot', () => {
  let server: PostgresServer;
  let app: TestApp;
  before(async () => {
    server = await startPostgres({ version: 17 });
    await server.createDatabase('big');
    await server.query(
      'big',
      `CREATE TABLE first (id int PRIMARY KEY, note text);
       CREATE TABLE second (id int PRIMARY KEY, note text);
       CREATE TABLE unfit (id int, note text); CREATE FUNCTION made() RETURNS int LANGUAGE sql AS 'SELECT 1';
       INSERT INTO first SELECT g, repeat('x', 200) || g FROM generate_series(1, 60000) g;
       INSERT INTO second SELECT g, repeat('y', 200) || g FROM generate_series(1, 30000) g;`,
    );
    app = await startApp({ databases: { big: server.url('big') }, flags: { unitBytes: '1000000' } });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  /**
   * Copies with one lane: `first`, which is larger, then `second`, whose rows a trigger in the target holds back. Then the sessions at the
   * source end, `change` happens there, and the copy may go on.
   */
  async function interrupted(options: Body, change: string, before = 'SELECT') {
    const target = await register(app, server, await server.createDatabase());
    await assertClean(
      app,
      await run(app, { database: 'big', mode: 'full', target, content: 'metadata_only' }),
    );
    await server.query(
      target,
      `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$;
       CREATE TRIGGER hold BEFORE INSERT ON second EXECUTE FUNCTION hold();
       ALTER TABLE second ENABLE ALWAYS TRIGGER hold; ${before}`,
    );
    const holder = new pg.Client({ connectionString: server.url(target) });
    await holder.connect();
    try {
      await holder.query('SELECT pg_advisory_lock(7)');
      const id = await start(app, {
        database: 'big',
        mode: 'full',
        threads: 1,
        target,
        table_exists_action: 'truncate',
        ...options,
      });
      await someoneWaits(holder);
      await server.query('postgres', endSessions('big'));
      await server.query('big', change);
      await holder.query('SELECT pg_advisory_unlock(7)');
      const job = await app.settled(id);
      return { target, job, log: await logOf(app, id) };
    } finally {
      await holder.end();
    }
  }
  const notes = async (database: string, table: string) =>
    (
      await server.query(
        database,
        `SELECT left(note, 1) AS n, count(*)::int AS c FROM ${table} GROUP BY 1 ORDER BY 1`,
      )
    ).map(({ n, c }) => `${n} ${c}`);

  test('empties everything and starts again: all rows are of the new snapshot', async () => {
    const change = `UPDATE first SET note = 'n' || id; UPDATE second SET note = 'n' || id`;
    const { target, job, log } = await interrupted({}, change);
    await assertClean(app, job);
    assert.equal(job.restarts, 1);
    assert.ok(log.includes(`Emptied 3 tables of database ${target}; 0 stay as they are.`), log.join('\n'));
    assert.deepEqual(
      [await notes(target, 'first'), await notes(target, 'second')],
      [['n 60000'], ['n 30000']],
    );
    await assertNoTraces(server, target);
  });

  test('with consistency table the finished tables stay', async () => {
    const change = `UPDATE first SET note = 'm' || id; UPDATE second SET note = 'm' || id`;
    const { target, job, log } = await interrupted({ consistency: 'table' }, change);
    await assertClean(app, job);
    assert.equal(job.restarts, 1);
    assert.ok(log.includes(`Emptied 2 tables of database ${target}; 1 stay as they are.`), log.join('\n'));
    assert.deepEqual(
      [await notes(target, 'first'), await notes(target, 'second')],
      [['n 60000'], ['m 30000']],
    );
    assert.equal(job.result?.rows, 90_000);
  });

  test('does not forget what was refused or failed before: a table, a function and its owner', async () => {
    const { job, log } = await interrupted(
      {},
      'SELECT',
      `ALTER TABLE unfit DROP COLUMN note; DROP FUNCTION made;
       CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
       CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION refuse()`,
    );
    assert.deepEqual([job.state, job.restarts, job.error_count], ['completed', 1, 3], log.join('\n'));
  });

  test('goes on when large objects came meanwhile, and says what became of them', async () => {
    const { target, job, log } = await interrupted(
      {},
      "SELECT lo_from_bytea(77, 'seventy'); COMMENT ON LARGE OBJECT 77 IS 'new'",
    );
    await server.query('big', 'SELECT lo_unlink(77)');
    assert.deepEqual([job.state, job.restarts, job.error_count], ['completed', 1, 0], log.join('\n'));
    assert.ok(
      log.some((line) => line.includes('Large objects were made, dropped or changed')),
      log.join('\n'),
    );
    assert.deepEqual(await server.query(target, "SELECT convert_from(lo_get(77), 'UTF8') AS t"), [
      { t: 'seventy' },
    ]);
  });

  test('that is cancelled while it empties tables does not say that nothing was changed', async () => {
    const target = await register(app, server, await server.createDatabase());
    await assertClean(
      app,
      await run(app, { database: 'big', mode: 'full', target, content: 'metadata_only' }),
    );
    const holder = new pg.Client({ connectionString: server.url(target) });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE first IN ACCESS SHARE MODE');
      const id = await start(app, { database: 'big', mode: 'full', target, table_exists_action: 'truncate' });
      const waits = "SELECT FROM pg_locks WHERE relation = 'first'::regclass AND NOT granted";
      while ((await server.query(target, waits)).length === 0) await setTimeout(20);
      await app.json({ method: 'POST', path: `/api/v1/jobs/${id}/cancel` });
      assert.equal((await app.settled(id)).state, 'cancelled');
      const log = await logOf(app, id);
      assert.ok(
        log.some((line) => line.includes('may be empty or gone')),
        log.join('\n'),
      );
    } finally {
      await holder.end();
    }
  });

  test('fails when the definitions are not the same any more, and says what to do', async () => {
    const { target, job } = await interrupted({}, 'ALTER TABLE second ADD COLUMN extra int');
    assert.deepEqual([job.state, job.error?.code], ['failed', 'definitions-changed']);
    await app.json({ method: 'POST', path: `/api/v1/jobs/${job.id}/cancel` });
    const cancelled = await app.settled(job.id);
    assert.equal(cancelled.state, 'cancelled');
    const log = await logOf(app, job.id);
    assert.ok(
      log.some((line) => line.includes(`in database ${target} so far stays there`)),
      log.join('\n'),
    );
    await assertNoTraces(server, target);
  });
});
