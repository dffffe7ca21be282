import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { oneChunk, quietContext } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import type { DdlObject } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import type { Engine, TargetSession, WriteUnit } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();
const hasCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

const object = (type: string, name: string, sql = '', schema: string | null = 'public'): DdlObject => ({
  ...{ section: 'pre', table: null, owner: null },
  ...{ type, schema, name, sql },
});
const unit = (rows: number, more: Partial<WriteUnit> = {}): WriteUnit => ({
  key: 'u',
  table: { schema: 'public', name: 't' },
  columns: ['a'],
  encoding: 'text',
  variant: '',
  rows,
  wholeTable: true,
  ...more,
});
const numbers = (count: number): Uint8Array =>
  Buffer.from(Array.from({ length: count }, (_, i) => `${i}\n`).join(''));

describe('target', () => {
  let server: PostgresServer;
  let engine: Engine;

  before(async () => {
    server = await startPostgres();
    engine = createPostgresEngine();
    await server.query('postgres', 'CREATE ROLE limited LOGIN; CREATE ROLE lazy LOGIN');
    await server.query('postgres', 'ALTER ROLE lazy SET default_transaction_read_only = on');
  });
  after(() => server?.[Symbol.asyncDispose]());

  const open = (name: string, user = 'postgres'): Promise<TargetSession> =>
    engine.openTarget(engine.parseUrl(server.url(name).replace('//postgres', `//${user}`)), context);
  const withTable = async (): Promise<string> => {
    const name = await server.createDatabase();
    await server.query(name, 'CREATE TABLE t (a int)');
    return name;
  };
  const count = async (name: string): Promise<number> =>
    (await server.query(name, 'SELECT count(*)::int AS n FROM t'))[0]?.n as number;

  it('empties very many tables again, whatever foreign keys are between them', async () => {
    const name = await withTable();
    const names = Array.from({ length: 450 }, (_, i) => `t${i}`);
    await server.query(
      name,
      `${names.map((each) => `CREATE TABLE ${each} (a int PRIMARY KEY)`).join(';')};
       INSERT INTO t0 VALUES (1); INSERT INTO t449 VALUES (1);
       ALTER TABLE t449 ADD FOREIGN KEY (a) REFERENCES t0; ALTER TABLE t0 ADD FOREIGN KEY (a) REFERENCES t449`,
    );
    const session = await open(name);
    await session.begin('job', 1, context);
    const tables = names.map((each) => ({ schema: 'public', name: each, keys: [] }));
    await session.undoUnits?.(tables, context);
    assert.deepEqual(await server.query(name, 'SELECT FROM t0 UNION ALL SELECT FROM t449'), []);
    await server.query(name, 'CREATE TABLE elsewhere (a int REFERENCES t0)');
    await assert.rejects(async () => session.undoUnits?.(tables, context), hasCode('table-in-use'));
    await session[Symbol.asyncDispose]();
  });

  it('does not make do with a table that somebody else made meanwhile', async () => {
    const name = await withTable();
    await using session = await open(name);
    await session.begin('job', 1, context);
    const objects = [
      object('TABLE', 'u', 'CREATE TABLE u (a int)'),
      object('TABLE', 't', 'CREATE TABLE public.t (a int)'),
    ];
    await assert.rejects(session.apply('prepare', objects, context), hasCode('object-exists'));
    assert.deepEqual(await server.query(name, "SELECT to_regclass('u')"), [{ to_regclass: null }]);
    // It has made nothing, and leaves nothing of its own.
    assert.deepEqual(await server.query(name, "SELECT FROM pg_namespace WHERE nspname ~ 'pumphouse'"), []);

    // Two that make the same table at the same time: one of them is told.
    await using other = await open(name);
    await other.begin('other', 1, context);
    await session.begin('job', 1, context);
    const make = [object('TABLE', 'both', 'CREATE TABLE public.both (a int)')];
    const settled = await Promise.allSettled([
      session.apply('both', make, context),
      other.apply('both', make, context),
    ]);
    const errors = settled.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    assert.equal(errors.length, 1);
    assert.ok(hasCode('object-exists')(errors[0]));
  });

  it('applies a unit once when two workers write it at the same time', async () => {
    const name = await withTable();
    const sessions = await Promise.all([open(name), open(name)]);
    await Promise.all(sessions.map((session) => session.begin('job', 1, context)));
    const outcomes = await Promise.all(
      sessions.map((session) => session.write(unit(100), oneChunk(numbers(100)), context)),
    );
    assert.deepEqual(outcomes.map((outcome) => outcome.alreadyApplied).sort(), [false, true]);
    assert.equal(await count(name), 100);
    await Promise.all(sessions.map((session) => session.forget('job', context)));
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  });

  it('keeps the rows that somebody commits just before it would give the table a new file', async () => {
    const name = await withTable();
    await using session = await open(name);
    await session.begin('job', 1, context);
    const other = new pg.Client(server.url(name));
    await other.connect();
    try {
      await other.query('BEGIN; INSERT INTO t VALUES (-1)');
      const rows = 100_000;
      const writing = session.write(unit(rows), oneChunk(numbers(rows)), context);
      const waits = `SELECT FROM pg_locks WHERE relation = 't'::regclass AND NOT granted`;
      while ((await server.query(name, waits)).length === 0) await sleep(10);
      await other.query('COMMIT');
      await writing;
      assert.equal(await count(name), rows + 1);
    } finally {
      await other.end();
    }
  });

  it('takes up again after the server died in the middle of a unit', async () => {
    await using mortal = await startPostgres();
    await mortal.query('postgres', 'CREATE TABLE t (a int)');
    const target = engine.parseUrl(mortal.url());
    await using session = await engine.openTarget(target, context);
    await session.begin('job', 1, context);
    await session.write(unit(10), oneChunk(numbers(10)), context);
    const dying = async function* (): AsyncGenerator<Uint8Array> {
      yield numbers(100_000);
      await mortal.stop('immediate');
      yield numbers(100_000);
    };
    await assert.rejects(
      session.write(unit(200_000, { key: 'v' }), dying(), context),
      hasCode('database-unreachable'),
    );
    await mortal.restart();
    await using again = await engine.openTarget(target, context);
    await again.begin('job', 1, context);
    assert.deepEqual(await again.receipts(context), new Map([['u', 10]]));
    await again.write(unit(5, { key: 'v' }), oneChunk(numbers(5)), context);
    assert.deepEqual(await mortal.query('postgres', 'SELECT count(*)::int AS n FROM t'), [{ n: 15 }]);
  });

  it('freezes the rows of a big table that the job made, and keeps rows that were there', async () => {
    const rows = 60_000;
    for (const before of [0, 1]) {
      const name = await withTable();
      await server.query(name, `INSERT INTO t SELECT 1 FROM generate_series(1, ${before})`);
      await using session = await open(name);
      await session.begin('job', 1, context);
      await session.write(unit(rows), oneChunk(numbers(rows)), context);
      assert.equal(await count(name), rows + before);
      const [seen] = await server.query(
        name,
        "SELECT relfilenode <> oid AS renewed FROM pg_class WHERE relname = 't'",
      );
      assert.equal(seen?.renewed, before === 0);
    }
  });

  it('creates very many objects, and goes on where it was interrupted', async () => {
    const name = await server.createDatabase();
    const objects = Array.from({ length: 450 }, (_, i) =>
      object(
        'TABLE',
        `t${i}`,
        i === 250 ? 'CREATE TABLE public.t250 (a none);' : `CREATE TABLE public.t${i} ();`,
      ),
    );
    const controller = new AbortController();
    const slow = object('FUNCTION', 'slow()', 'SELECT pg_catalog.pg_sleep(60);');
    await using session = await open(name);
    await session.begin('job', 1, context);
    const interrupted = session.apply(
      'key',
      [...objects.slice(0, 300), slow, ...objects.slice(301)],
      quietContext(controller.signal),
    );
    const created = "SELECT FROM pg_class WHERE relname = 't199'";
    while ((await server.query(name, created)).length === 0);
    controller.abort();
    await assert.rejects(interrupted, hasCode('aborted'));
    const outcome = await session.apply('key', objects, context);
    assert.equal(outcome.alreadyApplied, false);
    assert.deepEqual(
      outcome.failures.map((failure) => failure.object.name),
      ['t250'],
    );
    const [row] = await server.query(
      name,
      "SELECT count(*)::int AS n FROM pg_class WHERE relname ~ '^t[0-9]+$'",
    );
    assert.equal(row?.n, 449);
    assert.deepEqual(await session.apply('key', objects, context), { ...outcome, alreadyApplied: true });
    assert.equal((await session.receipts(context)).size, 0);
  });

  it('says why an object failed, undoes all of it, and skips a schema that is there', async () => {
    const name = await server.createDatabase();
    await server.query(name, 'CREATE SCHEMA there; CREATE TABLE d (a int); INSERT INTO d VALUES (1), (1)');
    await using session = await open(name);
    await session.begin('job', 1, context);
    const { failures } = await session.apply(
      'key',
      [
        object('SCHEMA', 'there', 'CREATE SCHEMA there;', null),
        object('TABLE', 'half', 'CREATE TABLE public.half (); SELECT 1/0;'),
        object('INDEX', 'i', 'CREATE UNIQUE INDEX i ON public.d (a);'),
        object('TABLE', 'x', "CREATE TABLE public.x (a text DEFAULT 'unended);"),
        object('TABLE', 'y', 'CREATE TABLE public.y (a int); -- a comment'),
      ],
      context,
    );
    assert.deepEqual(
      failures.slice(0, 2).map((failure) => [failure.object.name, failure.message]),
      [
        ['half', 'division by zero.'],
        ['i', 'could not create unique index "i" (the log of the database server says more).'],
      ],
    );
    assert.equal(failures.length, 3);
    assert.match(failures[2]?.message ?? '', /^unterminated quoted string/);
    const tables = await server.query(
      name,
      "SELECT relname FROM pg_class WHERE relname IN ('half', 'x', 'y')",
    );
    assert.deepEqual(tables, [{ relname: 'y' }]);
  });

  it('throws what a retry may cure, and has done nothing then', async () => {
    const name = await withTable();
    await using session = await open(name);
    await session.begin('job', 1, context);
    const broken = "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$;";
    await assert.rejects(
      session.apply(
        'key',
        [object('TABLE', 'x', 'CREATE TABLE public.x ();'), object('TABLE', 'y', broken)],
        context,
      ),
      (error) => error instanceof AppError && error.temporary,
    );
    assert.deepEqual(await server.query(name, "SELECT FROM pg_class WHERE relname = 'x'"), []);
  });

  it('finds what is there, by schema and signature', async () => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `CREATE SCHEMA s; CREATE TABLE s."T" (); CREATE VIEW v AS SELECT 1; CREATE SEQUENCE q; CREATE TYPE mood AS ENUM ('a');
       CREATE FUNCTION f(int, m mood) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
       CREATE AGGREGATE n(*) (SFUNC = int8inc, STYPE = int8, INITCOND = 0)`,
    );
    await using session = await open(name);
    const find = (...objects: DdlObject[]) => session.findExisting(objects, context);
    for (const there of [
      object('TABLE', 'T', '', 's'),
      object('SEQUENCE', 'v'),
      object('VIEW', 'v'),
      object('SEQUENCE', 'q'),
      object('TYPE', 'mood'),
      object('DOMAIN', 'mood'),
      object('FUNCTION', 'f(integer, public.mood)'),
      object('PROCEDURE', 'p()'),
      object('AGGREGATE', 'n(*)'),
      object('SCHEMA', 's', '', null),
      object('ROLE', 'lazy', '', null),
      object('TABLESPACE', 'pg_default', '', null),
    ]) {
      assert.deepEqual(await find(object('TABLE', 'no'), there), [there], `${there.type} ${there.name}`);
    }
    assert.deepEqual(
      await find(
        object('TABLE', 'T'),
        object('TABLE', 't', '', 's'),
        object('FUNCTION', 'f(integer)'),
        object('FUNCTION', 'f(integer, public.mood)', '', 's'),
        object('INDEX', 'q'),
      ),
      [],
    );
    assert.deepEqual(await find(), []);
  });

  it('appends to tables with generated and identity columns, and their triggers fire', async () => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (a * 2) STORED, a int, note text DEFAULT 'none');
       CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'fired'; RETURN NEW; END $$;
       CREATE TRIGGER mark BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION mark();
       INSERT INTO t (a) VALUES (7)`,
    );
    await using session = await open(name);
    const [found] = (await session.describeTables?.([{ schema: 'public', name: 't' }], context)) ?? [];
    assert.deepEqual(found?.columns, ['id', 'a', 'note']);
    await session.begin('job', 1, context);
    const more = { columns: ['id', 'a'], wholeTable: false };
    await session.write(unit(1, more), oneChunk(Buffer.from('41\t5\n')), context);
    assert.deepEqual(await server.query(name, 'SELECT id, twice, note FROM t ORDER BY id'), [
      { id: 1, twice: 14, note: 'fired' },
      { id: 41, twice: 10, note: 'fired' },
    ]);
  });

  it('names table and constraint of rows that are refused, and none of their values', async () => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `CREATE TABLE t (a int PRIMARY KEY, b text CONSTRAINT short CHECK (length(b) < 5)); INSERT INTO t VALUES (4711)`,
    );
    await using session = await open(name);
    await session.begin('job', 1, context);
    const message = async (row: string): Promise<string> => {
      const more = { columns: ['a', 'b'], wholeTable: false };
      const write = session.write(unit(1, more), oneChunk(Buffer.from(row)), context);
      const error = await write.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof AppError);
      assert.equal(error.temporary, false);
      assert.doesNotMatch(
        JSON.stringify([error.message, error.hint, error.context, error.cause, String(error.cause)]),
        /4711|secret/,
      );
      return error.message;
    };
    assert.match(await message('4711\tx\n'), /unique constraint "t_pkey"/);
    assert.match(await message('1\tsecret\n'), /relation "t" violates check constraint "short"/);
    assert.match(await message('4711secret\tx\n'), /invalid input syntax for type integer/);
    assert.match(await message('9999999994711\tx\n'), /out of range for type integer/);
    await server.query(
      name,
      `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no %', NEW.b; END $$;
       CREATE TRIGGER tell BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tell()`,
    );
    assert.match(await message('7\tsecret\n'), /A trigger or a function of the table raised an error/);
    const [row] = await server.query(name, 'SELECT count(*)::int AS n FROM t');
    assert.equal(row?.n, 1);
  });

  it('writes a table that it emptied without a second TRUNCATE, when foreign keys or triggers hang on it', async () => {
    const name = await withTable();
    await server.query(
      name,
      'ALTER TABLE t ADD PRIMARY KEY (a); CREATE TABLE child (a int REFERENCES t); INSERT INTO t VALUES (1)',
    );
    await using session = await open(name);
    await session.begin('job', 1, context);
    const tables = ['t', 'child'].map((table) => ({
      schema: 'public',
      name: table,
      how: 'truncate' as const,
    }));
    await session.clearTables?.('clear', tables, context);
    await session.write(unit(60_000), oneChunk(numbers(60_000)), context);
    assert.equal(await count(name), 60_000);
  });

  it('drops no partition that was not named, and empties what became partitioned', async () => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
       CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p VALUES (1), (2);
       CREATE TABLE base (a int); CREATE TABLE heir () INHERITS (base); INSERT INTO heir VALUES (1)`,
    );
    await using session = await open(name);
    await session.begin('job', 1, context);
    const clear = (how: 'truncate' | 'drop', ...tables: string[]) =>
      session.clearTables?.(
        how,
        tables.map((table) => ({ schema: 'public', name: table, how })),
        context,
      );
    await assert.rejects(
      Promise.resolve(clear('drop', 'p', 'p1')),
      (error) => hasCode('table-in-use')(error) && /public\.p2/.test((error as AppError).message),
    );
    await clear('truncate', 'p', 'base');
    const [row] = await server.query(
      name,
      'SELECT (SELECT count(*)::int FROM p) AS p, (SELECT count(*)::int FROM heir) AS heir',
    );
    assert.deepEqual(row, { p: 0, heir: 1 });
    await clear('drop', 'p', 'p2', 'p1');
    assert.deepEqual(await server.query(name, "SELECT FROM pg_class WHERE relname ~ '^p[12]?$'"), []);
  });

  it('removes its schema with the last job, while others go on', async () => {
    const name = await withTable();
    await using session = await open(name);
    await Promise.all([session.begin('a', 3, context), session.begin('b', 3, context)]);
    await session.forget('a', context);
    await session.begin('b', 1, context);
    await session.write(unit(1), oneChunk(numbers(1)), context);
    await session.forget('b', context);
    await session.forget('b', context);
    assert.deepEqual(await server.query(name, "SELECT FROM pg_namespace WHERE nspname = '_pumphouse'"), []);
  });

  it('reports a table whose statistics cannot be gathered, and goes on', async () => {
    const name = await withTable();
    await using session = await open(name);
    await session.begin('job', 2, context);
    const tables = ['gone', 't'].map((table) => ({ schema: 'public', name: table }));
    const failures = await session.finish(tables, context);
    assert.deepEqual(
      failures.map((failure) => failure.object),
      [{ type: 'TABLE', ...tables[0] }],
    );
    const [row] = await server.query(
      name,
      "SELECT last_analyze FROM pg_stat_user_tables WHERE relname = 't'",
    );
    assert.notEqual(row?.last_analyze, null);
  });

  it('reports an unlogged table that a crash of the server emptied', async () => {
    const name = await withTable();
    await server.query(name, 'ALTER TABLE t SET UNLOGGED');
    {
      await using session = await open(name);
      await session.begin('job', 1, context);
      await session.write(unit(1), oneChunk(numbers(1)), context);
    }
    const tables = [{ schema: 'public', name: 't', rows: 1 }];
    {
      await using session = await open(name);
      assert.deepEqual(await session.finish(tables, context), []);
    }
    await server.stop('immediate');
    await server.restart();
    await using session = await open(name);
    await session.begin('job', 1, context);
    assert.equal((await session.receipts(context)).size, 1, 'its receipt is still there');
    const [failure] = await session.finish(tables, context);
    assert.match(failure?.message ?? '', /holds 0 rows of the \d+ that were written: .*unlogged/);
  });
});
