import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { quietContext } from '../../../../test/conformance/transfer.ts';
import { startPooler } from '../../../../test/harness/pooler.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import { giveToServer } from '../../../../test/harness/server-user.ts';
import type { Finding } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import { createConnector } from '../connector.ts';
import { parsePostgresUrl } from '../database-url.ts';
import { createPostgresEngine } from '../engine.ts';
import { Connection } from '../wire/connection.ts';
import { commonPreflight } from './both-directions.ts';
import { diskSpaceFinding } from './disk-space.ts';
import { preparedFinding } from './other-sessions.ts';

const context = quietContext();
const engine = createPostgresEngine();
type Purpose = 'export' | 'import';

/** By check. */
async function look(url: string, purpose: Purpose): Promise<ReadonlyMap<string, Finding>> {
  const target = engine.parseUrl(url);
  await using session =
    purpose === 'export'
      ? await engine.openSource(target, context)
      : await engine.openTarget(target, context);
  const findings = await session.preflight(context);
  for (const { check, level, message, remedy } of findings) {
    assert.ok(check && message, check);
    assert.ok(level === 'green' || remedy !== '', message);
    assert.doesNotMatch(remedy, /Nothing to do/);
  }
  const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
  assert.equal(byCheck.size, findings.length, 'one finding for each check');
  return byCheck;
}

describe('preflight', () => {
  let server: PostgresServer;
  const urlOf = (database: string, user = 'postgres') =>
    server.url(database).replace('//postgres', `//${user}`);
  /** The findings that are not green, of one direction. */
  const concerns = async (database: string, purpose: Purpose, user?: string): Promise<string[]> =>
    [...(await look(urlOf(database, user), purpose)).values()]
      .filter(({ level }) => level !== 'green')
      .map(({ level, check }) => `${level} ${check}`);
  const expect = async (url: string, purpose: Purpose, check: string, level: string, message: RegExp) => {
    const found = (await look(url, purpose)).get(check);
    assert.equal(found?.level, level, found?.message);
    assert.match(found.message, message);
  };

  before(async () => {
    server = await startPostgres({ settings: { max_prepared_transactions: '5', max_connections: '30' } });
    await server.query(
      'postgres',
      `CREATE ROLE limited LOGIN CONNECTION LIMIT 3; CREATE ROLE lazy LOGIN; CREATE ROLE hurried LOGIN;
       ALTER ROLE lazy SET default_transaction_read_only = on;
       ALTER ROLE hurried SET statement_timeout = '5s'; ALTER ROLE hurried SET lock_timeout = '1s'`,
    );
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('says of everything that was looked at that it is well', async () => {
    const name = await server.createDatabase();
    await server.query(name, 'CREATE TABLE t (a int)');
    const common = 'version pooler encoding connections time-limits locks prepared-transactions'.split(' ');
    const exported = await look(urlOf(name), 'export');
    assert.deepEqual(
      [...exported.keys()],
      [...common, ...'standby lock-space privilege row-security definitions secrets'.split(' ')],
    );
    const imported = await look(urlOf(name), 'import');
    assert.deepEqual(
      [...imported.keys()],
      [...common, ...'standby privilege schema-privilege superuser wal disk-space'.split(' ')],
    );
    for (const { level, message } of [...exported.values(), ...imported.values()])
      assert.equal(level, 'green', message);
    assert.match(imported.get('disk-space')?.message ?? '', /has [\d.]+ [MGT]B free/);
  });

  it('knows which privileges a user lacks', async () => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `CREATE TABLE barred (a int); CREATE TABLE hidden (a int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
       GRANT SELECT ON hidden TO lazy`,
    );
    assert.deepEqual(await concerns(name, 'export', 'lazy'), ['amber privilege', 'amber row-security']);
    await expect(urlOf(name, 'lazy'), 'export', 'privilege', 'amber', /1 of the tables.*public\.barred/);
    await expect(urlOf(name, 'lazy'), 'export', 'row-security', 'amber', /public\.hidden/);
    assert.deepEqual(await concerns(name, 'import', 'hurried'), [
      'red privilege',
      'amber schema-privilege',
      'amber superuser',
    ]);
    await server.query(
      name,
      `GRANT CREATE ON DATABASE ${name} TO lazy; GRANT CREATE ON SCHEMA public TO lazy`,
    );
    assert.deepEqual(await concerns(name, 'import', 'lazy'), ['red read-only', 'amber superuser']);
    await using session = await engine.openTarget(engine.parseUrl(urlOf(name, 'lazy')), context);
    await assert.rejects(
      session.begin('job', 1, context),
      (error) => error instanceof AppError && error.code === 'database-privilege',
    );
  });

  it('names who keeps a table to himself, and who waits to', async () => {
    const name = await server.createDatabase();
    await server.query(name, 'CREATE TABLE kept (a int); CREATE TABLE wanted (a int)');
    const clients = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const client = new pg.Client({
          host: server.socketDir,
          port: server.port,
          user: 'postgres',
          database: name,
        });
        await client.connect();
        await client.query('BEGIN');
        return client;
      }),
    );
    const [holder, reader, waiter] = clients as [pg.Client, pg.Client, pg.Client];
    try {
      await holder.query('LOCK TABLE kept');
      const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await reader.query('LOCK TABLE wanted IN ACCESS SHARE MODE');
      const waits = waiter.query('LOCK TABLE wanted');
      while ((await server.query(name, 'SELECT FROM pg_locks WHERE NOT granted')).length === 0);
      for (const purpose of ['export', 'import'] as const) {
        const found = (await look(urlOf(name), purpose)).get('locks');
        assert.equal(found?.level, 'amber');
        assert.match(
          found.message,
          new RegExp(`public.kept: session ${rows[0]?.pid} of postgres has held the lock for \\d+ s`),
        );
        assert.match(found.message, /public.wanted: session \d+ of postgres has waited for the lock/);
      }
      await reader.query('ROLLBACK');
      await waits;
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });

  it('tells of prepared transactions that were left open', async () => {
    const name = await server.createDatabase();
    await server.query(name, 'CREATE TABLE t (a int)');
    await server.query(name, "BEGIN; LOCK TABLE t; PREPARE TRANSACTION 'forgotten'");
    await expect(urlOf(name), 'export', 'locks', 'amber', /public\.t: a prepared transaction has held/);
    await using connection = await connector(name).open(context.signal);
    const found = await preparedFinding(connection, context.signal, 0);
    assert.equal(found.level, 'amber');
    assert.match(found.message, /1 prepared transactions are open.*"forgotten"/);
    await server.query(name, "ROLLBACK PREPARED 'forgotten'");
  });

  it('counts the connections that are left, by the strictest limit', async () => {
    const name = await server.createDatabase();
    await expect(urlOf(name, 'limited'), 'export', 'connections', 'amber', /2 more.*LIMIT of the user/);
    await server.query('postgres', `ALTER DATABASE ${name} CONNECTION LIMIT 2`);
    await expect(urlOf(name, 'limited'), 'import', 'connections', 'amber', /1 more.*LIMIT of the database/);
    await expect(urlOf(name), 'import', 'connections', 'green', /may open \d\d more/);
  });

  it('tells of time limits and of another encoding', async () => {
    await expect(
      urlOf('postgres', 'hurried'),
      'export',
      'time-limits',
      'green',
      /lock_timeout=1s, statement_timeout=5s/,
    );
    await server.query('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    assert.deepEqual(await concerns('latin', 'import'), ['amber encoding']);
    assert.deepEqual(await concerns('latin', 'export'), []);
    await server.query(
      'postgres',
      "CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0",
    );
    assert.deepEqual(await concerns('bytes', 'export'), ['amber encoding']);
  });

  it('tells of what keeps the log of transactions, and of too few locks and much to read', async () => {
    await using small = await startPostgres({
      settings: {
        ...{ max_connections: '10', max_locks_per_transaction: '10', archive_mode: 'on' },
        archive_command: 'false',
      },
    });
    await small.query('postgres', "SELECT pg_create_physical_replication_slot('idle', true)");
    await expect(small.url(), 'import', 'wal', 'amber', /1 replication slots/);
    await small.query('postgres', "SELECT pg_drop_replication_slot('idle')");
    await small.query('postgres', 'SELECT pg_switch_wal()');
    const failed = 'SELECT FROM pg_stat_archiver WHERE last_failed_time IS NOT NULL';
    while ((await small.query('postgres', failed)).length === 0);
    await expect(small.url(), 'import', 'wal', 'amber', /archiver of the server fails/);
    for (let i = 0; i < 21; i++) {
      await small.query(
        'postgres',
        `DO $$ BEGIN FOR i IN 1..100 LOOP EXECUTE 'CREATE TABLE t_${i}_' || i || ' ()'; COMMIT; END LOOP; END $$`,
      );
    }
    await expect(small.url(), 'export', 'lock-space', 'amber', /2100 relations.*about 100 locks/);
    await expect(small.url(), 'export', 'definitions', 'amber', /2100 tables takes about 84 MB/);
  });

  it('sees a standby', async () => {
    await using primary = await startPostgres();
    await primary.query('postgres', 'CREATE UNLOGGED TABLE u (a int)');
    const [row] = await primary.query('postgres', 'SHOW data_directory');
    const signal = path.join(String(row?.data_directory), 'standby.signal');
    writeFileSync(signal, '');
    giveToServer(signal);
    await primary.restart();
    await expect(primary.url(), 'export', 'standby', 'amber', /is a standby/);
    await expect(primary.url(), 'export', 'unlogged', 'amber', /1 unlogged tables/);
    await expect(primary.url(), 'import', 'standby', 'red', /cannot be written/);
    // How far it has come is its position.
    await using source = await engine.openSource(engine.parseUrl(primary.url()), context);
    await using snapshot = await source.begin(1, context);
    const [replayed] = await primary.query('postgres', 'SELECT pg_last_wal_replay_lsn()::text AS lsn');
    assert.equal(snapshot.position, replayed?.lsn);
  });

  it('tells a pooler of transactions from one of sessions', async () => {
    await using pooler = await startPooler(server.port, 'postgres');
    const url = server.url().replace(String(server.port), String(pooler.port));
    await expect(url, 'export', 'pooler', 'red', /from transaction to transaction/);
    await expect(url, 'import', 'pooler', 'amber', /from transaction to transaction/);
  });

  it('tells a pooler of statements, which cannot be worked with', async () => {
    await using pooler = await startPooler(server.port, 'postgres', 'statement');
    const url = server.url().replace(String(server.port), String(pooler.port));
    await expect(url, 'import', 'pooler', 'red', /takes no transactions/);
  });

  const connector = (database = 'postgres') =>
    createConnector(parsePostgresUrl(server.url(database)), { connectTimeoutMs: 10_000, silenceMs: 10_000 });
  /** The findings of a session that says something else of itself than it is. */
  const seen = async (change: object, purpose: Purpose): Promise<string[]> => {
    const { socket, ...facts } = await connector().openRaw(context.signal);
    await using connection = new Connection(
      { socket, ...facts, ...change },
      {
        cancel: () => Promise.resolve(),
        end: () => Promise.resolve(),
        probe: () => Promise.resolve(),
        silenceMs: 10_000,
      },
    );
    const inspection = { connection, openAnother: connector().open, purpose };
    const findings = await commonPreflight(inspection, context.signal);
    return findings.filter(({ level }) => level !== 'green').map(({ level, check }) => `${level} ${check}`);
  };

  it('sees a pooler of sessions by the number of the process, and a version that is too old or too new', async () => {
    assert.deepEqual(await seen({ processId: 1 }, 'export'), ['amber pooler']);
    assert.deepEqual(await seen({ serverVersionNum: 120_022 }, 'import'), ['red version']);
    assert.deepEqual(await seen({ serverVersionNum: 190_000 }, 'import'), ['amber version']);
    assert.deepEqual(await seen({ serverVersionNum: 190_000 }, 'export'), ['red version']);
  });

  it('knows the room on the disk only of a server on this machine', async () => {
    await using connection = await connector().open(context.signal);
    const room = (host: string, port = server.port) =>
      diskSpaceFinding(connection, { host, port }, context.signal);
    assert.equal((await room('127.0.0.1')).length, 1);
    assert.equal((await room(server.socketDir)).length, 1);
    assert.deepEqual(await room('db.example'), []);
    assert.deepEqual(await room('127.0.0.1', server.port + 1), []);
  });
});
