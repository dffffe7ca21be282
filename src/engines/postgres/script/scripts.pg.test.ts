import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { quietContext } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import { startTcpProxy } from '../../../../test/harness/tcp-proxy.ts';
import type { Engine, ScriptOutcome, ScriptSession } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();

const openUrl = (engine: Engine, url: string): Promise<ScriptSession> =>
  (engine.openScripts as NonNullable<Engine['openScripts']>)(engine.parseUrl(url), context);

describe('scripts on PostgreSQL', () => {
  let server: PostgresServer;
  let engine: Engine;
  before(async () => {
    server = await startPostgres({ version: 15, settings: { max_prepared_transactions: '2' } });
    engine = createPostgresEngine({ lockPatienceMs: 400 });
    await server.query(
      'postgres',
      'CREATE ROLE ann LOGIN; CREATE ROLE "Bob ""B"""; GRANT "Bob ""B""" TO ann',
    );
  });
  after(() => server?.[Symbol.asyncDispose]());

  const database = async (sql = ''): Promise<string> => {
    const name = await server.createDatabase();
    await server.query(name, `CREATE TABLE t (a int PRIMARY KEY, b text); ${sql}`);
    return name;
  };
  const open = async (name: string, user = 'postgres', jobId = 'job'): Promise<ScriptSession> => {
    const url = server.url(name).replace('//postgres', `//${user}`);
    const session = await openUrl(engine, url);
    await session.begin(jobId, context);
    return session;
  };
  /** Runs a script from its first step to its last, as whoever goes on with it does too. */
  const run = async (
    session: ScriptSession,
    script: string,
    signal?: AbortSignal,
  ): Promise<ScriptOutcome[]> => {
    const outcomes: ScriptOutcome[] = [];
    for (const [at, step] of (await session.steps(script)).entries()) {
      const call = signal === undefined ? context : quietContext(signal);
      outcomes.push(await session.run(`${at}`, JSON.parse(JSON.stringify(step)), call));
    }
    return outcomes;
  };
  const values = async (name: string, query = 'SELECT a AS value FROM t ORDER BY a'): Promise<unknown[]> =>
    (await server.query(name, query)).map(({ value }) => value);
  const running = async (name: string, like: string): Promise<number> => {
    for (;;) {
      const [found] = await server.query(
        name,
        `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '${like}' AND pid <> pg_backend_pid() AND datname = current_database()`,
      );
      if (found !== undefined) return Number(found.pid);
    }
  };

  const gone = async (name: string, like: string): Promise<void> => {
    const query = `SELECT FROM pg_stat_activity WHERE query LIKE '${like}' AND pid <> pg_backend_pid()`;
    while ((await server.query(name, query)).length > 0) await setImmediate();
  };

  it('are run step by step, each once, and tell rows', async () => {
    const name = await database();
    const script = `INSERT INTO t SELECT i FROM generate_series(1, 5) i; CREATE VIEW v AS SELECT 1;
      BEGIN; UPDATE t SET b = 'x' WHERE a < 3; DELETE FROM t WHERE a = 5; CREATE TABLE u (); COMMIT;
      SELECT * FROM t; DO $$ BEGIN INSERT INTO t VALUES (100); END $$; BEGIN; DELETE FROM t; ROLLBACK;
      BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SELECT count(*) FROM t; COMMIT`;
    {
      await using session = await open(name);
      const outcomes = await run(session, script);
      assert.deepEqual(
        outcomes.map(({ rows }) => rows),
        [5, null, 3, 4, null, null, 1],
      );
      assert.ok(outcomes.every(({ alreadyApplied }) => !alreadyApplied));
    }
    await using again = await open(name);
    const outcomes = await run(again, script);
    assert.ok(outcomes.every(({ alreadyApplied }) => alreadyApplied));
    assert.deepEqual(
      outcomes.map(({ rows }) => rows),
      [5, null, 3, 4, null, null, 1],
    );
    assert.deepEqual(await values(name), [1, 2, 3, 4, 100]);
    await using other = await open(name, 'postgres', 'other');
    await again.forget('job', context);
    await again.forget('job', context);
    assert.equal((await server.query(name, 'SELECT FROM _pumphouse.receipt')).length, 1);
    await other.forget('other', context);
    assert.deepEqual(
      await values(name, `SELECT nspname AS value FROM pg_namespace WHERE nspname = '_pumphouse'`),
      [],
    );
  });

  it('name the line of a statement that the database refuses, undo its step alone, and go on there', async () => {
    const name =
      await database(`CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no rows today'; END $$;
      CREATE TABLE w (a int); CREATE TRIGGER w BEFORE INSERT ON w FOR EACH ROW EXECUTE FUNCTION warn();
      CREATE TABLE later (a int REFERENCES t DEFERRABLE INITIALLY DEFERRED)`);
    await using session = await open(name);
    const failing: Readonly<Record<string, RegExp>> = {
      '\n\nSELECT 1/0': /^Line 3: division by zero\.$/,
      "BEGIN; INSERT INTO t VALUES (7);\nINSERT INTO t VALUES (8, ''),\n (7, 'secret'); COMMIT":
        /^Line 2: duplicate key value/,
      "SELECT 'secret'::int": /^Line 1: invalid input syntax for type integer: … \(the log/,
      'SELECT * FROM nowhere': /relation "nowhere" does not exist/,
      'INSERT INTO w VALUES (1)': /^Line 1: no rows today\.$/,
      'INSERT INTO later VALUES (99)': /violates foreign key constraint/,
      'SELECT $1': /bind message supplies 0 parameters/,
      'BEGIN; VACUUM t; COMMIT': /VACUUM cannot run inside a transaction block/,
      'BEGIN; SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT':
        /must be called before any query/,
      'BEGIN READ ONLY; DELETE FROM t; COMMIT': /cannot execute DELETE in a read-only transaction/,
    };
    for (const [at, [script, message]] of Object.entries(failing).entries()) {
      await assert.rejects(
        run(session, script),
        (error: { code?: string; message?: string; temporary?: boolean; cause?: unknown }) => {
          assert.equal(error.code, 'script-failed', script);
          assert.match(error.message ?? '', message);
          assert.doesNotMatch(error.message ?? '', /secret/);
          return true;
        },
        `${at} ${script}`,
      );
    }
    assert.deepEqual(await values(name), []);
    await run(session, 'INSERT INTO t VALUES (1)');
    assert.deepEqual(await values(name), [1]);
  });

  it('are one statement where the server reads one, whatever the session was set to', async () => {
    const name = await database();
    await using session = await open(name);
    const hidden = `SELECT set_config('standard_conforming_strings', 'off', false); SELECT '\\', '; INSERT INTO t VALUES (1); --'`;
    await assert.rejects(run(session, hidden), {
      code: 'script-failed',
      message: /cannot insert multiple commands/,
    });
    assert.deepEqual(await values(name), []);
  });

  it('keep the settings of the user and those that they make, in a later session too', async () => {
    const name = await database(
      'CREATE SCHEMA hr; GRANT ALL ON SCHEMA hr, public TO ann, "Bob ""B"""; GRANT ALL ON t TO "Bob ""B"""',
    );
    await server.query(
      name,
      `ALTER ROLE ann IN DATABASE ${name} SET search_path = hr; GRANT CREATE ON DATABASE ${name} TO ann`,
    );
    const script = `CREATE TABLE here AS SELECT current_setting('search_path') AS path; SET ROLE "Bob ""B"""; SET TIME ZONE 'Asia/Tokyo';
      BEGIN; SET search_path = public; PREPARE p AS SELECT 1; CREATE TABLE owned AS SELECT 1; COMMIT;
      SET default_transaction_read_only = on; SELECT * FROM t; SET default_transaction_read_only = off; INSERT INTO t VALUES (1); EXECUTE p;
      BEGIN; SET LOCAL search_path = nowhere; SELECT 1; COMMIT; CREATE TABLE also AS SELECT current_setting('TimeZone') AS zone`;
    for (let step = 4; step <= 12; step++) {
      const count = (await engine
        .openScripts?.(engine.parseUrl(server.url(name)), context)
        .then(async (session) => {
          await using _session = session;
          return (await session.steps(script)).length;
        })) as number;
      if (step > count) break;
      // Each session comes one step further.
      await using session = await open(name, 'ann');
      for (const [at, each] of (await session.steps(script)).slice(0, step).entries()) {
        await session.run(`${at}`, each, context);
      }
    }
    assert.deepEqual(await values(name, 'SELECT path AS value FROM hr.here'), ['hr']);
    assert.deepEqual(
      await values(
        name,
        `SELECT concat(relname, ' ', pg_get_userbyid(relowner)) AS value FROM pg_class WHERE relname IN ('owned', 'also') AND relnamespace = 'public'::regnamespace ORDER BY 1`,
      ),
      ['also Bob "B"', 'owned Bob "B"'],
    );
    assert.deepEqual(await values(name, 'SELECT zone AS value FROM public.also'), ['Asia/Tokyo']);
    assert.deepEqual(await values(name), [1]);
    await using session = await open(name, 'ann');
    const steps = await session.steps(script);
    assert.deepEqual(
      steps.map((step) => session.replays(step)),
      [false, true, true, false, true, false, true, false, false, false, false],
    );
  });

  it('make temporary tables again; but not without a word, once something came of them', async () => {
    const name = await database('INSERT INTO t VALUES (1), (2)');
    const script = `CREATE TEMP TABLE taken AS SELECT a FROM t; INSERT INTO taken VALUES (3); DELETE FROM t; INSERT INTO t SELECT a + 10 FROM taken`;
    const upTo = async (count: number): Promise<void> => {
      await using session = await open(name);
      for (const [at, step] of (await session.steps(script)).slice(0, count).entries()) {
        assert.equal(session.replays(step), at < 2);
        // Who goes on may give such steps another key each time.
        await session.run(at < 2 ? `${at}/${Math.random()}` : `${at}`, step, context);
      }
    };
    await upTo(1);
    await upTo(2);
    await upTo(3);
    // What was taken of t is gone: going on silently would lose it.
    await assert.rejects(upTo(4), { code: 'script-uncertain', message: /^Line 1: .* temporary tables/ });
    await upTo(4);
    assert.deepEqual(await values(name), [13]);
  });

  it('run what cannot be in a transaction by itself, between two receipts', async () => {
    const name = await database(
      `CREATE PROCEDURE in_parts() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END $$`,
    );
    const script =
      'VACUUM t; CREATE INDEX CONCURRENTLY i ON t (b); CALL in_parts(); REINDEX TABLE CONCURRENTLY t; SET ROLE ann; RESET ROLE; VACUUM (ANALYZE) t';
    for (const alreadyApplied of [false, true]) {
      await using session = await open(name);
      const outcomes = await run(session, script);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.alreadyApplied),
        [0, 1, 2, 3, 4, 5, 6].map((at) => alreadyApplied && at !== 4 && at !== 5),
      );
    }
    assert.deepEqual(await values(name), [1, 2]);
    assert.deepEqual(
      await values(name, `SELECT key AS value FROM _pumphouse.receipt WHERE key LIKE '%begun'`),
      [],
    );
    await using session = await open(name, 'postgres', 'refused');
    for (let time = 0; time < 2; time++) {
      await assert.rejects(run(session, 'CREATE INDEX CONCURRENTLY i ON t (b)'), {
        code: 'script-failed',
        message: 'Line 1: relation "i" already exists.',
      });
    }
  });

  it('say that nobody knows, when such a statement was cut off, and run it again when asked again', async () => {
    const name = await database();
    const script = 'CREATE INDEX CONCURRENTLY i ON t (b)';
    // The index waits for this transaction.
    const holder = new pg.Client({ connectionString: server.url(name) });
    await holder.connect();
    await holder.query('BEGIN; INSERT INTO t VALUES (1)');
    const session = await open(name);
    const controller = new AbortController();
    const cut = assert.rejects(run(session, script, controller.signal), { code: 'aborted' });
    await running(name, 'CREATE INDEX%');
    controller.abort();
    await cut;
    await session[Symbol.asyncDispose]();
    await holder.query('COMMIT');
    await holder.end();
    await using again = await open(name);
    await assert.rejects(run(again, script), { code: 'script-uncertain', message: /^Line 1: / });
    await server.query(name, 'DROP INDEX IF EXISTS i');
    assert.deepEqual(await run(again, script), [{ alreadyApplied: false, rows: null }]);
    assert.deepEqual(
      await values(name, `SELECT indisvalid AS value FROM pg_index WHERE indexrelid = 'i'::regclass`),
      [true],
    );
  });

  it('stop in the server when nobody wants the result, and leave nothing', async () => {
    const name = await database();
    const script = 'BEGIN; INSERT INTO t VALUES (1); SELECT pg_sleep(600); COMMIT';
    const session = await open(name);
    const controller = new AbortController();
    const stopped = assert.rejects(run(session, script, controller.signal), { code: 'aborted' });
    await running(name, 'SELECT pg_sleep%');
    controller.abort();
    await stopped;
    await session[Symbol.asyncDispose]();
    while (
      (await server.query(name, `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'`)).length >
      0
    );
    // A session that ends in the middle: a retry may help.
    {
      await using ended = await open(name);
      const broken = assert.rejects(run(ended, script), { code: 'database-unreachable', temporary: true });
      const pid = await running(name, 'SELECT pg_sleep%');
      await server.query(name, `SELECT pg_terminate_backend(${pid})`);
      await broken;
      // It is not silently another session.
      await assert.rejects(run(ended, 'SELECT 1'), { temporary: true });
    }
    assert.deepEqual(await values(name), []);
  });

  it('do not go on for a client that is gone without a word', async () => {
    const name = await database();
    await using proxy = await startTcpProxy(server.port);
    const url = new URL(server.url(name));
    url.port = String(proxy.port);
    await using session = await openUrl(engine, url.href);
    await session.begin('job', context);
    const broken = assert.rejects(run(session, 'INSERT INTO t SELECT 1 FROM pg_sleep(600)'), {
      temporary: true,
    });
    await running(name, 'INSERT INTO t%');
    proxy.reset();
    await broken;
    await gone(name, 'INSERT INTO t SELECT%');
    assert.deepEqual(await values(name), []);
  });

  it('take effect once when two sessions run the same step at the same time', async () => {
    const name = await database();
    await server.query(name, 'CREATE TABLE log (a int); CREATE TABLE gate (a int)');
    const script = 'BEGIN; INSERT INTO log VALUES (1); SELECT * FROM gate; COMMIT';
    const holder = new pg.Client({ connectionString: server.url(name) });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE gate');
    const patient = createPostgresEngine();
    const sessions = await Promise.all(
      [0, 1].map(async () => {
        const session = await openUrl(patient, server.url(name));
        await session.begin('job', context);
        return session;
      }),
    );
    const both = Promise.all(sessions.map((session) => run(session, script)));
    while (
      (
        await server.query(
          name,
          `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT * FROM gate%' AND wait_event_type = 'Lock'`,
        )
      ).length < 2
    );
    await holder.query('COMMIT');
    await holder.end();
    const applied = (await both).flat().map(({ alreadyApplied }) => alreadyApplied);
    assert.deepEqual(applied.sort(), [false, true]);
    assert.deepEqual(await values(name, 'SELECT a AS value FROM log'), [1]);
    for (const session of sessions) await session[Symbol.asyncDispose]();
  });

  it('name the session that keeps them waiting for a lock', async () => {
    const name = await database();
    const holder = new pg.Client({ connectionString: server.url(name) });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE t');
    {
      await using session = await open(name);
      await assert.rejects(run(session, 'INSERT INTO t VALUES (1)'), {
        code: 'database-locked',
        temporary: true,
        message: /Session \d+ of postgres \(idle in transaction\) holds a lock/,
      });
    }
    await holder.query('COMMIT');
    await holder.end();
    assert.deepEqual(await values(name), []);
  });
});
