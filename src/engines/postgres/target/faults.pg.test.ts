import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { oneChunk, quietContext } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import { startTcpProxy } from '../../../../test/harness/tcp-proxy.ts';
import type { ErrorCode } from '../../../core/error-catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import type { Engine, TargetSession, WriteUnit } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();
/** An error that the job waits out, and that says what happened. */
const passing = (code: ErrorCode, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(error.temporary, true);
  assert.match(error.message, message);
  assert.notEqual(error.hint, '');
  return true;
};
const object = (type: string, name: string, sql: string) => ({
  ...{ section: 'pre' as const, table: null, owner: null, schema: 'public' },
  ...{ type, name, sql },
});
const rows = 20_000;
/** Made anew each time: chunks are given away. */
const numbers = (from = 0, to = rows): Buffer =>
  Buffer.from(Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join(''));
const unit: WriteUnit = {
  key: 'u',
  table: { schema: 'public', name: 't' },
  columns: ['a'],
  encoding: 'text',
  variant: '',
  rows,
  wholeTable: false,
};
/** The unit's bytes, with `happens` in their middle. */
async function* during(happens: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
  yield numbers(0, rows / 2);
  await happens();
  yield numbers(rows / 2);
}
/** Takes a second to build, so that something can happen meanwhile. */
const slowIndex = object('INDEX', 'slow', 'CREATE INDEX slow ON public.t (public.slowly(a));');
const slowly = `CREATE FUNCTION slowly(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM pg_catalog.pg_sleep(0.001); RETURN a; END $$`;

describe('faults of the target', () => {
  let server: PostgresServer;
  let engine: Engine;
  const open = (url: string): Promise<TargetSession> => engine.openTarget(engine.parseUrl(url), context);
  const begin = async (url: string): Promise<TargetSession> => {
    const session = await open(url);
    await session.begin('job', 1, context);
    return session;
  };
  const count = async (on: PostgresServer, name: string): Promise<number> =>
    (await on.query(name, 'SELECT count(*)::int AS n FROM t'))[0]?.n as number;
  const withTable = async (): Promise<string> => {
    const name = await server.createDatabase();
    await server.query(name, 'CREATE TABLE t (a int)');
    return name;
  };
  /** After the fault a session of its own applies the unit, once. */
  const goesOn = async (on: PostgresServer, name: string): Promise<void> => {
    await using session = await begin(on.url(name));
    assert.equal((await session.receipts(context)).size, 0);
    await session.write(unit, oneChunk(numbers()), context);
    assert.equal((await session.write(unit, oneChunk(numbers()), context)).alreadyApplied, true);
    assert.equal(await count(on, name), rows);
    await session.forget('job', context);
    assert.deepEqual(await on.query(name, 'SELECT FROM pg_stat_activity WHERE state ~ $$transaction$$'), []);
  };
  /** Resolves when a statement like that runs in the database. */
  const running = async (on: PostgresServer, name: string, like: string): Promise<void> => {
    const query = `SELECT FROM pg_stat_activity WHERE datname = '${name}' AND state = 'active' AND query ~ '${like}'
      AND pid <> pg_backend_pid()`;
    while ((await on.query(name, query)).length === 0) await sleep(5);
  };

  before(async () => {
    server = await startPostgres();
    engine = createPostgresEngine({ silenceMs: 400, connectTimeoutMs: 2_000, lockPatienceMs: 300 });
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('takes no notice of time limits that the server sets', async () => {
    const name = await withTable();
    await server.query(name, slowly);
    for (const limit of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
      await server.query(name, `ALTER DATABASE ${name} SET ${limit} = '100ms'`);
    }
    await using session = await begin(server.url(name));
    await session.write(
      unit,
      during(() => sleep(300)),
      context,
    );
    await server.query(name, 'DELETE FROM t WHERE a >= 300');
    assert.deepEqual((await session.apply('index', [slowIndex], context)).failures, []);
  });

  it('says that a server went silent in the middle of a unit', async () => {
    const name = await withTable();
    await using proxy = await startTcpProxy(server.port);
    await using session = await begin(server.url(name).replace(`:${server.port}`, `:${proxy.port}`));
    const silenced = during(() => Promise.resolve(proxy.silence()));
    await assert.rejects(session.write(unit, silenced, context), passing('database-timeout', /was silent/));
    // The server finds out when the proxy closes; until then the unit is its transaction's.
    await proxy[Symbol.asyncDispose]();
    await goesOn(server, name);
  });

  it('says that the disk of the server is full', async () => {
    const name = await withTable();
    // The server meets a device that is full in the middle of our statement.
    const full = "EXECUTE 'COPY (SELECT 1) TO ''/dev/full'''";
    await server.query(
      name,
      `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${full}; RETURN NULL; END $$;
       CREATE TRIGGER fill AFTER INSERT ON t EXECUTE FUNCTION fill()`,
    );
    {
      await using session = await begin(server.url(name));
      const noSpace = passing('database-full', /No space left on device/);
      await assert.rejects(session.write(unit, oneChunk(numbers()), context), noSpace);
      const view = object('VIEW', 'v', `DO $$ BEGIN ${full}; END $$;`);
      await assert.rejects(session.apply('view', [view], context), noSpace);
    }
    await server.query(name, 'DROP TRIGGER fill ON t');
    await goesOn(server, name);
  });

  it('says that the server has no connections left', async () => {
    await using small = await startPostgres({
      settings: { max_connections: '6', superuser_reserved_connections: '3', max_wal_senders: '0' },
    });
    await small.query('postgres', 'CREATE ROLE poor LOGIN');
    const url = small.url().replace('//postgres', '//poor');
    const clients = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const client = new pg.Client(url);
        await client.connect();
        return client;
      }),
    );
    await assert.rejects(open(url), passing('database-full', /connection slots/));
    await Promise.all(clients.map((client) => client.end()));
  });

  it('says that an administrator ended the session', async () => {
    const name = await withTable();
    {
      await using session = await begin(server.url(name));
      const ended = during(() =>
        server.query(
          'postgres',
          `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`,
        ),
      );
      await assert.rejects(
        session.write(unit, ended, context),
        passing('database-unreachable', /administrator command/),
      );
    }
    await goesOn(server, name);
  });

  it('says that another process of the server crashed, and waits while the server recovers', async () => {
    await using mortal = await startPostgres();
    await mortal.query('postgres', 'CREATE TABLE t (a int)');
    const victim = new pg.Client(mortal.url());
    victim.on('error', () => undefined);
    await victim.connect();
    const { rows: found } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    {
      await using session = await begin(mortal.url());
      const crashed = during(async () => {
        process.kill(found[0]?.pid ?? 0, 'SIGKILL');
        await sleep(100);
      });
      await assert.rejects(
        session.write(unit, crashed, context),
        passing('database-unreachable', /crash of another server process|closed the connection/),
      );
    }
    for (let tries = 0; ; tries++) {
      try {
        await using _session = await open(mortal.url());
        break;
      } catch (error) {
        passing('database-unreachable', /./)(error);
        assert.ok(tries < 200);
        await sleep(50);
      }
    }
    await goesOn(mortal, 'postgres');
  });

  it('says that the server takes no connections while it stops or starts', async () => {
    await using stopping = await startPostgres();
    const guest = new pg.Client(stopping.url());
    await guest.connect();
    const [row] = await stopping.query('postgres', 'SHOW data_directory');
    const [pid] = readFileSync(path.join(String(row?.data_directory), 'postmaster.pid'), 'utf8').split(
      '\n',
      1,
    );
    // "Smart": waits for the guest, and lets nobody else in.
    process.kill(Number(pid), 'SIGTERM');
    let error: unknown;
    do
      error = await open(stopping.url()).then(
        (session) => session[Symbol.asyncDispose](),
        (thrown: unknown) => thrown,
      );
    while (error === undefined);
    passing('database-unreachable', /database system is shutting down/)(error);
    assert.equal((error as AppError).context.sqlState, '57P03');
    await guest.end();
  });

  it('builds an index again when the server died while it was built', async () => {
    await using mortal = await startPostgres();
    await mortal.query(
      'postgres',
      `CREATE TABLE t (a int); ${slowly}; INSERT INTO t SELECT generate_series(1, 2000)`,
    );
    {
      await using session = await begin(mortal.url());
      const applied = session.apply('index', [slowIndex], context);
      const rejected = assert.rejects(applied, passing('database-unreachable', /./));
      await running(mortal, 'postgres', 'CREATE INDEX slow');
      await mortal.stop('immediate');
      await rejected;
      await assert.rejects(open(mortal.url()), passing('database-unreachable', /ECONNREFUSED/));
    }
    await mortal.restart();
    await mortal.query('postgres', 'DELETE FROM t WHERE a > 10');
    await using session = await begin(mortal.url());
    const outcome = await session.apply('index', [slowIndex], context);
    assert.deepEqual(outcome, { alreadyApplied: false, failures: [] });
    assert.deepEqual(
      await mortal.query('postgres', "SELECT indisvalid FROM pg_index WHERE indexrelid = 'slow'::regclass"),
      [{ indisvalid: true }],
    );
  });

  it('names the session of somebody else that definitions wait for, and goes on when it ended', async () => {
    const name = await withTable();
    const holder = new pg.Client(server.url(name));
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE t');
    const { rows: found } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await using session = await begin(server.url(name));
    const index = object('INDEX', 'i', 'CREATE INDEX i ON public.t (a);');
    await assert.rejects(
      session.apply('index', [index], context),
      passing(
        'database-locked',
        new RegExp(`^Session ${found[0]?.pid} of postgres \\(idle in transaction\\) holds`),
      ),
    );
    const tables = [{ schema: 'public', name: 't', how: 'truncate' as const }];
    await assert.rejects(
      Promise.resolve(session.clearTables?.('clear', tables, context)),
      passing('database-locked', /^Session \d+ of postgres/),
    );
    await holder.end();
    assert.deepEqual((await session.apply('index', [index], context)).failures, []);
    await session.clearTables?.('clear', tables, context);
  });

  it('waits for its own lanes as long as they take', async () => {
    const name = await withTable();
    await server.query(name, `${slowly}; INSERT INTO t SELECT generate_series(1, 1000)`);
    await using session = await open(server.url(name));
    await session.begin('job', 2, context);
    const first = session.apply('index', [slowIndex], context);
    await running(server, name, 'CREATE INDEX slow');
    const column = object('TABLE', 't', 'ALTER TABLE public.t ADD COLUMN b int;');
    const outcomes = await Promise.all([first, session.apply('column', [column], context)]);
    assert.deepEqual(
      outcomes.flatMap(({ failures }) => failures),
      [],
    );
  });
});
