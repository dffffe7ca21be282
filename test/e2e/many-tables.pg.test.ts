import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { postgresState } from '../harness/postgres-state.ts';

/** Several hundred small tables, which imports and copies write in batches. */

const count = 200;
const failing = 't150';

type Body = Readonly<Record<string, unknown>>;

describe('many small tables', () => {
  let server: PostgresServer;
  let app: TestApp;
  before(async () => {
    server = await startPostgres({ version: 17 });
    await server.createDatabase('many');
    await server.query(
      'many',
      `DO $$ BEGIN FOR i IN 1..${count} LOOP
         EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, above int REFERENCES t%s, note text)', i, greatest(1, i - 1));
         EXECUTE format('CREATE INDEX ON t%s (note)', i);
         EXECUTE format('INSERT INTO t%s SELECT g, g, md5(g::text) FROM generate_series(1, 10) g', i);
       END LOOP; END $$;
       CREATE TABLE large (id int PRIMARY KEY, note text);
       INSERT INTO large SELECT g, repeat(md5(g::text), 4) FROM generate_series(1, 20000) g;
       ANALYZE`,
    );
    app = await startApp({ databases: { many: server.url('many') } });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const start = async (body: Body): Promise<string> =>
    (await app.json<{ id: string }>({ method: 'POST', path: '/api/v1/jobs', body: { threads: 3, ...body } }))
      .id;
  const run = async (body: Body): Promise<TestJob> => app.settled(await start(body));
  const logOf = async (id: string): Promise<readonly string[]> =>
    (
      await app.json<{ items: readonly { message: string }[] }>({
        method: 'GET',
        path: `/api/v1/jobs/${id}/log?limit=1000`,
      })
    ).items.map(({ message }) => message);
  const tablesOf = async (id: string) =>
    (
      await app.json<{
        items: readonly { label: string; schema: string | null; rows_done: number; failed: number }[];
      }>({ method: 'GET', path: `/api/v1/jobs/${id}/tables` })
    ).items;
  const fresh = async (): Promise<string> => {
    const name = await server.createDatabase();
    await app.json({ method: 'POST', path: '/api/v1/databases', body: { name, url: server.url(name) } });
    return name;
  };
  const exported = async (): Promise<string> => {
    const job = await run({ kind: 'export', database: 'many', mode: 'full' });
    assert.equal(job.state, 'completed');
    return job.name;
  };
  const importOf = async (database: string, set: string): Promise<Body> => ({
    kind: 'import',
    database,
    directory: 'DATA_PUMP_DIR',
    file_pattern: set,
  });
  const assertAllThere = async (job: TestJob, database: string, verb: string) => {
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    assert.equal(
      job.error_count,
      0,
      (await logOf(job.id)).filter((line) => /fail|error/i.test(line)).join('\n'),
    );
    assert.deepEqual(await postgresState(server, database), await postgresState(server, 'many'));
    assert.equal(job.result?.rows, count * 10 + 20_000);
    assert.equal(job.progress.rows_done, job.result?.rows);
    assert.ok(job.progress.units_total < 20, 'few tasks');
    const lines = (await logOf(job.id)).filter((line) => line.startsWith(`${verb} `));
    assert.equal(lines.length, count + 1);
    assert.equal(lines.filter((line) => line.startsWith(`${verb} "public"."t7": 10 rows, `)).length, 1);
    const tables = await tablesOf(job.id);
    assert.ok(
      tables.some(
        ({ label, schema }) => schema === null && /^"public"\."t\d+" and \d+ more tables$/.test(label),
      ),
    );
    assert.equal(
      tables.reduce((sum, { rows_done }) => sum + rows_done, 0),
      job.result?.rows,
    );
  };

  test('are imported, all of them and a part', async () => {
    const set = await exported();
    const database = await fresh();
    await assertAllThere(await run(await importOf(database, set)), database, 'imported');

    const part = await fresh();
    const job = await run({
      ...(await importOf(part, set)),
      exclude: [{ type: 'TABLE', name_expression: "= 'large'" }],
    });
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    assert.equal(job.result?.rows, count * 10);
  });

  test('are copied', async () => {
    const target = await fresh();
    const job = await run({ kind: 'copy', database: 'many', target, mode: 'full' });
    await assertAllThere(job, target, 'copied');
  });

  for (const work of ['import', 'copy'] as const) {
    test(`one that fails takes no other along (${work})`, async () => {
      const target = await fresh();
      const set = work === 'import' ? await exported() : '';
      // The table is there already, and its trigger takes one of its rows away.
      await server.query(
        target,
        `CREATE TABLE ${failing} (id int PRIMARY KEY, above int, note text);
         CREATE FUNCTION less() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 3 THEN RETURN NULL; END IF; RETURN new; END';
         CREATE TRIGGER less BEFORE INSERT ON ${failing} FOR EACH ROW EXECUTE FUNCTION less()`,
      );
      const options = { table_exists_action: 'truncate' };
      const job =
        work === 'import'
          ? await run({ ...(await importOf(target, set)), ...options })
          : await run({ kind: 'copy', database: 'many', target, mode: 'full', ...options });
      assert.equal(job.state, 'completed', JSON.stringify(job.error));
      assert.deepEqual(job.result?.failed_tables, [`"public"."${failing}"`]);
      assert.equal(job.result?.rows, (count - 1) * 10 + 20_000);
      const log = await logOf(job.id);
      assert.equal(
        log.filter((line) => /^"public"\."t150": .* took 9 rows where its source has 10/.test(line)).length,
        1,
        log.filter((l) => l.includes('t150')).join('\n'),
      );
      const verb = work === 'import' ? 'imported' : 'copied';
      assert.equal(log.filter((line) => line.startsWith(`${verb} `)).length, count);
      const row = (await tablesOf(job.id)).find(({ label }) => label === `"public"."${failing}"`);
      assert.equal(row?.failed, 1);
      const rows = await server.query(target, `SELECT count(*) AS n FROM t151`);
      assert.equal(Number(rows[0]?.n), 10);
    });

    test(`a stopped ${work} goes on without doubling a row`, async () => {
      const target = await fresh();
      const set = work === 'import' ? await exported() : '';
      const id = await start(
        work === 'import'
          ? await importOf(target, set)
          : { kind: 'copy', database: 'many', target, mode: 'full' },
      );
      const action = (verb: string) => app.call({ method: 'POST', path: `/api/v1/jobs/${id}/${verb}` });
      // In the middle of its batches.
      for (;;) {
        const [there] = await server.query(target, "SELECT to_regclass('t200') IS NOT NULL AS made");
        const job = await app.json<TestJob>({ method: 'GET', path: `/api/v1/jobs/${id}` });
        if (there?.made === true || job.state === 'completed') break;
        await setTimeout(20);
      }
      await action('stop');
      const stopped = await app.settled(id);
      if (stopped.state === 'stopped') await action('resume');
      await assertAllThere(await app.settled(id), target, work === 'import' ? 'imported' : 'copied');
    });
  }
});
