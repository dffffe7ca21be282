import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { collect, quietContext, takeStock, unruled } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import type { Catalogue, DdlObject } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import { isAfter } from '../../../core/position.ts';
import type { Engine, Snapshot, Unit } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();
const hasCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

describe('snapshot', () => {
  let server: PostgresServer;
  let engine: Engine;

  before(async () => {
    server = await startPostgres({ settings: { max_connections: '30' } });
    engine = createPostgresEngine();
    await server.query('postgres', `CREATE ROLE reader LOGIN; CREATE ROLE poor LOGIN CONNECTION LIMIT 3`);
  });
  after(() => server?.[Symbol.asyncDispose]());

  /** A database with one table `account` of a thousand rows that hold 100 each. */
  const bank = async (): Promise<string> => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `CREATE TABLE account (id int PRIMARY KEY, amount int, filler text DEFAULT repeat('x', 200));
       INSERT INTO account SELECT i, 100 FROM generate_series(1, 1000) i;
       CREATE TABLE other (id int); INSERT INTO other VALUES (1)`,
    );
    return name;
  };
  const open = (name: string, user = 'postgres') =>
    engine.openSource(engine.parseUrl(server.url(name).replace('//postgres', `//${user}`)), context);
  const unitsOf = async (snapshot: Snapshot, table: string, unitBytes = 20_000): Promise<readonly Unit[]> => {
    const { tables } = await snapshot.inspect(context);
    return snapshot.plan(unruled(tables.filter((each) => each.name === table)), unitBytes);
  };
  const amounts = async (snapshot: Snapshot, units: readonly Unit[]): Promise<number[]> => {
    const parts = await Promise.all(units.map((unit) => collect(snapshot, unit, 'text')));
    const lines = parts.flatMap(({ bytes }) => bytes.toString().split('\n').filter(Boolean));
    return lines.map((line) => Number(line.split('\t')[1]));
  };
  const holder = `pid IN (SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database())`;

  it('reads ranges on many lanes as of one instant, however much is written meanwhile', async () => {
    const name = await bank();
    await using source = await open(name);
    await using snapshot = await source.begin(4, context);
    const units = await unitsOf(snapshot, 'account');
    assert.ok(units.length > 5);
    let stop = false;
    const write = async (): Promise<void> => {
      while (!stop) {
        await server.query(
          name,
          `UPDATE account SET amount = amount + 1 WHERE id % 3 = 0; UPDATE account SET amount = amount - 1 WHERE id % 3 = 1;
           INSERT INTO account SELECT max(id) + 1, 7 FROM account; DELETE FROM account WHERE id IN (SELECT id FROM account LIMIT 3)`,
        );
        await server.query(name, 'VACUUM account');
      }
    };
    const writing = write();
    writing.catch(() => undefined);
    try {
      for (let round = 0; round < 3; round++) {
        const values = await amounts(snapshot, [...units].reverse());
        assert.equal(values.length, 1000);
        assert.ok(values.every((value) => value === 100));
      }
    } finally {
      stop = true;
      await writing;
    }
  });

  it('knows where in the history of the server it stands', async () => {
    const name = await bank();
    const now = async (): Promise<string> =>
      String((await server.query(name, 'SELECT pg_current_wal_lsn()::text AS lsn'))[0]?.lsn);
    const earlier = await now();
    await server.query(name, 'UPDATE account SET amount = 1');
    await using source = await open(name);
    await using snapshot = await source.begin(1, context);
    const position = snapshot.position as string;
    await server.query(name, 'UPDATE account SET amount = 2');
    assert.ok(isAfter(position, earlier), `${position} ${earlier}`);
    assert.ok(isAfter(await now(), position));
    // Who joins sees the same, and is not asked.
    await using joined = await source.join(snapshot.token as string, 1, context);
    assert.equal(joined.position, undefined);
    assert.ok((await amounts(joined, await unitsOf(joined, 'account'))).every((value) => value === 1));
  });

  it('is taken all the same where the server keeps its history to itself', async () => {
    const name = await bank();
    await server.query(
      name,
      'REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC; GRANT SELECT ON account TO reader',
    );
    await using source = await open(name, 'reader');
    await using snapshot = await source.begin(1, context);
    assert.equal(snapshot.position, undefined);
    assert.equal((await amounts(snapshot, await unitsOf(snapshot, 'account'))).length, 1000);
  });

  it('is kept by who joined it when the one who took it is gone', async () => {
    const name = await bank();
    await using source = await open(name);
    const snapshot = await source.begin(1, context);
    await using joined = await source.join(snapshot.token as string, 2, context);
    await snapshot[Symbol.asyncDispose]();
    await server.query(name, 'UPDATE account SET amount = 0');
    assert.ok((await amounts(joined, await unitsOf(joined, 'account'))).every((value) => value === 100));
    assert.equal(joined.lost.aborted, false);
    await using again = await source.join(joined.token as string, 1, context);
    assert.equal((await amounts(again, await unitsOf(again, 'account'))).length, 1000);
  });

  it('says that it is lost when its connection is ended', async () => {
    const name = await bank();
    await using source = await open(name);
    await using snapshot = await source.begin(1, context);
    const units = await unitsOf(snapshot, 'account');
    const lost = new Promise((resolve) => snapshot.lost.addEventListener('abort', resolve));
    await server.query(name, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${holder}`);
    await lost;
    assert.ok(hasCode('snapshot-lost')(snapshot.lost.reason));
    const reader = snapshot.read(units[0] as Unit, 'text', context);
    await assert.rejects(reader.bytes[Symbol.asyncIterator]().next(), hasCode('snapshot-lost'));
    await assert.rejects(reader.summary, hasCode('snapshot-lost'));
  });

  it('is lost for a table whose rows were taken away or moved behind its back', async () => {
    for (const change of ['TRUNCATE account', 'VACUUM FULL account', 'CLUSTER account USING account_pkey']) {
      const name = await bank();
      await using source = await open(name);
      await using snapshot = await source.begin(1, context);
      const [unit] = await unitsOf(snapshot, 'account');
      await server.query(name, change);
      await assert.rejects(collect(snapshot, unit as Unit, 'text'), hasCode('snapshot-lost'), change);
      const { tables, schemas } = await snapshot.inspect(context);
      await assert.rejects(
        snapshot.ddl({ mode: 'full', schemas, tables }, context),
        hasCode('snapshot-lost'),
      );
      const others = tables.filter((table) => table.name === 'other');
      assert.ok((await snapshot.ddl({ mode: 'table', schemas, tables: others }, context)).length > 0);
    }
  });

  it('is lost when a table was dropped before it could be locked', async () => {
    const name = await bank();
    await using source = await open(name);
    await using snapshot = await source.begin(1, context);
    const { tables, schemas } = await snapshot.inspect(context);
    await server.query(name, 'DROP TABLE account');
    await assert.rejects(snapshot.ddl({ mode: 'full', schemas, tables }, context), hasCode('snapshot-lost'));
    assert.equal(snapshot.lost.aborted, false);
  });

  it('keeps the tables of its DDL from being changed while it lasts', async () => {
    const name = await bank();
    await using source = await open(name);
    const snapshot = await source.begin(1, context);
    await takeStock(snapshot, 1e6);
    await assert.rejects(server.query(name, "SET lock_timeout = '50ms'; TRUNCATE account"), /lock timeout/);
    await snapshot[Symbol.asyncDispose]();
    await server.query(name, 'TRUNCATE account');
  });

  it('brings the values of sequences and the rows of views that were refreshed', async () => {
    const name = await server.createDatabase();
    await server.query(
      name,
      `CREATE SEQUENCE "it's" START 5000000000; SELECT nextval('"it''s"'), nextval('"it''s"');
       CREATE SEQUENCE unused START 9; CREATE SEQUENCE back; SELECT setval('back', 3, false);
       CREATE TABLE t (id bigserial); INSERT INTO t SELECT FROM generate_series(1, 4);
       CREATE MATERIALIZED VIEW z AS SELECT 1 AS a; CREATE MATERIALIZED VIEW b AS SELECT a FROM z;
       CREATE MATERIALIZED VIEW empty AS SELECT 1 AS a WITH NO DATA;
       CREATE SCHEMA _pumphouse CREATE TABLE receipt (a int); COMMENT ON SCHEMA _pumphouse IS 'x'; GRANT USAGE ON SCHEMA _pumphouse TO reader`,
    );
    await using source = await open(name);
    await using snapshot = await source.begin(1, context);
    const { catalogue, objects } = await takeStock(snapshot, 1e6);
    assert.deepEqual(catalogue.schemas, ['public']);
    assert.deepEqual(
      objects.filter((each) => /_pumphouse/.test(each.sql)),
      [],
    );
    const state = objects.filter((object) => /SEQUENCE SET|DATA/.test(object.type));
    assert.ok(state.every((object) => object.section === 'post'));
    assert.deepEqual(state.map((object) => object.sql.trim()).sort(), [
      'REFRESH MATERIALIZED VIEW "public"."b";',
      'REFRESH MATERIALIZED VIEW "public"."z";',
      `SELECT pg_catalog.setval('"public"."back"', 3, false);`,
      `SELECT pg_catalog.setval('"public"."it''s"', 5000000001, true);`,
      `SELECT pg_catalog.setval('"public"."t_id_seq"', 4, true);`,
      `SELECT pg_catalog.setval('"public"."unused"', 9, false);`,
    ]);
    const refreshed = state.filter((object) => object.type === 'MATERIALIZED VIEW DATA');
    assert.deepEqual(
      refreshed.map((object) => object.name),
      ['z', 'b'],
    );
  });

  describe('inspected', () => {
    const named = (catalogue: Catalogue): string[] => catalogue.tables.map((table) => table.name);

    it('holds what has rows of its own: no parents of partitions, no foreign tables, no views', async () => {
      const name = await server.createDatabase();
      await server.query(
        name,
        `CREATE TABLE plain (a int); CREATE UNLOGGED TABLE unlogged (a int);
         CREATE TABLE parent (a int) PARTITION BY LIST (a); CREATE TABLE leaf PARTITION OF parent DEFAULT;
         CREATE VIEW v AS SELECT 1; CREATE MATERIALIZED VIEW m AS SELECT 1;
         CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE far (a int) SERVER s;
         CREATE SCHEMA empty`,
      );
      await using source = await open(name);
      await using snapshot = await source.begin(1, context);
      const catalogue = await snapshot.inspect(context);
      assert.deepEqual(named(catalogue), ['leaf', 'plain', 'unlogged']);
      assert.deepEqual(catalogue.schemas, ['empty', 'public']);
      assert.deepEqual(catalogue.tablespaces, ['pg_default']);
      assert.equal(catalogue.tables[0]?.tablespace, 'pg_default');
    });

    it('holds of an extension only the rows that it declares as configuration', async () => {
      const name = await server.createDatabase();
      await server.query(
        name,
        `CREATE TABLE settings (id int, mine bool); INSERT INTO settings VALUES (1, true), (2, false);
         CREATE TABLE internal (id int);
         ALTER EXTENSION plpgsql ADD TABLE settings; ALTER EXTENSION plpgsql ADD TABLE internal;
         UPDATE pg_extension SET extconfig = ARRAY['settings'::regclass::oid], extcondition = ARRAY['WHERE mine']`,
      );
      await using source = await open(name);
      await using snapshot = await source.begin(1, context);
      assert.deepEqual(named(await snapshot.inspect(context)), ['settings']);
      const [unit] = await unitsOf(snapshot, 'settings', 1);
      assert.equal((await collect(snapshot, unit as Unit, 'text')).bytes.toString(), '1\tt\n');
    });

    it('does not wait for a table that somebody has locked', async () => {
      const name = await bank();
      await server.query(name, 'VACUUM ANALYZE account');
      await using locker = await engine.openTarget(engine.parseUrl(server.url(name)), context);
      await locker.begin('job', 1, context);
      const controller = new AbortController();
      const lock: DdlObject = {
        section: 'pre',
        type: 'TABLE',
        schema: 'public',
        name: 'x',
        table: null,
        owner: null,
        sql: 'LOCK TABLE public.account; SELECT pg_sleep(60);',
      };
      const locking = locker.apply('lock', [lock], quietContext(controller.signal)).catch(() => undefined);
      const locked = `SELECT FROM pg_locks WHERE relation = 'account'::regclass AND mode = 'AccessExclusiveLock' AND granted`;
      while ((await server.query(name, locked)).length === 0);
      await using source = await open(name);
      await using snapshot = await source.begin(1, context);
      const { tables } = await snapshot.inspect(context);
      assert.ok((tables.find((table) => table.name === 'account')?.estimate.bytes ?? 0) > 100_000);
      controller.abort();
      await locking;
    });
  });

  it('makes do with fewer lanes when the server has no more connections', async () => {
    const name = await bank();
    await server.query(name, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor');
    await using source = await open(name, 'poor');
    await using snapshot = await source.begin(8, context);
    const units = await unitsOf(snapshot, 'account');
    assert.equal((await amounts(snapshot, units)).length, 1000);
  });

  it('fails for a table that may not be read, and for one whose rows a policy hides, and for no other', async () => {
    const name = await bank();
    await server.query(
      name,
      `CREATE TABLE hidden (id int); INSERT INTO hidden VALUES (1); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
       GRANT SELECT ON other, hidden TO reader`,
    );
    await using source = await open(name, 'reader');
    const findings = await source.preflight(context);
    assert.deepEqual(
      findings.filter((each) => each.level !== 'green').map((each) => [each.level, each.check]),
      [
        ['amber', 'privilege'],
        ['amber', 'row-security'],
      ],
    );
    assert.match(findings.find((each) => each.check === 'privilege')?.message ?? '', /public\.account/);
    await using snapshot = await source.begin(1, context);
    for (const table of ['account', 'hidden']) {
      const [unit] = await unitsOf(snapshot, table);
      await assert.rejects(collect(snapshot, unit as Unit, 'text'), hasCode('database-privilege'));
    }
    const [unit] = await unitsOf(snapshot, 'other');
    assert.equal((await collect(snapshot, unit as Unit, 'text')).bytes.toString(), '1\n');
  });
});
