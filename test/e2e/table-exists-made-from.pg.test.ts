import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { postgresState } from '../harness/postgres-state.ts';
import { openShopStage, type ShopStage } from '../harness/shop-stage.ts';

/** Tables that exist, and what is made from them: views, functions of their row types, parts of other tables. And large objects. */

let stage: ShopStage;
let set: string;
before(async () => {
  stage = await openShopStage();
  await stage.server.createDatabase('office');
  await stage.server.query('office', office);
  set = await stage.exported('office');
});
after(() => stage?.[Symbol.asyncDispose]());

const office = `
CREATE SCHEMA hr;
CREATE TABLE hr.emp (id int PRIMARY KEY, name text, salary numeric);
INSERT INTO hr.emp SELECT i, 'n' || i, i FROM generate_series(1, 100) i;
CREATE VIEW hr.rich AS SELECT * FROM hr.emp WHERE salary > 50; COMMENT ON VIEW hr.rich IS 'who has money';
GRANT SELECT ON hr.rich TO pg_monitor;
CREATE VIEW hr.richest AS SELECT * FROM hr.rich WHERE salary > 90;
CREATE MATERIALIZED VIEW hr.totals AS SELECT count(*) AS n, sum(salary) AS s FROM hr.richest;
CREATE UNIQUE INDEX ON hr.totals (n);
CREATE FUNCTION hr."show (it)"(e hr.emp, hr.emp[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT e.name $$;
CREATE VIEW hr.shown AS SELECT hr."show (it)"(e, ARRAY[]::hr.emp[]) AS it FROM hr.emp e;
CREATE FUNCTION hr.all_rich() RETURNS SETOF hr.rich LANGUAGE sql AS 'SELECT * FROM hr.rich';
CREATE TABLE hr.note (id int PRIMARY KEY, emp int REFERENCES hr.emp, text text); INSERT INTO hr.note VALUES (1, 1, 'x');
ALTER TABLE hr.note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON hr.note USING (EXISTS (SELECT FROM hr.emp e WHERE e.id = emp));
CREATE RULE logged AS ON DELETE TO hr.note DO ALSO UPDATE hr.emp SET salary = 0 WHERE id = OLD.emp;
CREATE VIEW hr.writable AS SELECT id, text FROM hr.note;
CREATE RULE put AS ON INSERT TO hr.writable DO INSTEAD INSERT INTO hr.note VALUES (NEW.id, NULL, NEW.text);
CREATE VIEW hr.apart AS SELECT 1 AS one;
`;
const stale = 'UPDATE hr.emp SET salary = 0; REFRESH MATERIALIZED VIEW hr.totals;';
interface Report {
  readonly objects: readonly {
    readonly type: string;
    readonly schema: string | null;
    readonly name: string;
    readonly action: string;
    readonly reason: string;
  }[];
  readonly error: { readonly code: string } | null;
}

describe('tables that something is made from', () => {
  test('replace drops views and functions with the tables, and makes them anew', async () => {
    const database = await stage.target(office);
    const source = await postgresState(stage.server, 'office');
    await stage.server.query(
      database,
      `${stale} CREATE OR REPLACE VIEW hr.rich AS SELECT * FROM hr.emp WHERE salary > 1;`,
    );
    const dry = await stage.importInto(database, {
      ...{ file_pattern: set, table_exists_action: 'replace', dry_run: true },
    });
    const report = await stage.app.json<Report>({ method: 'GET', path: `/api/v1/jobs/${dry.id}/report` });
    assert.equal(report.error, null);
    assert.deepEqual(
      report.objects
        .flatMap(({ type, name, action }) => (action === 'replace' && type !== 'TABLE' ? name : []))
        .sort(),
      ['all_rich()', 'rich', 'richest', 'show (it)(hr.emp, hr.emp[])', 'shown', 'totals', 'writable'],
    );

    const job = await stage.importInto(database, { file_pattern: set, table_exists_action: 'replace' });
    await stage.assertClean(job);
    assert.deepEqual(await postgresState(stage.server, database), source);
    assert.equal(await stage.count(database, 'hr.rich'), 50);
    const log = (await stage.logOf(job)).join('\n');
    assert.match(log, /Dropped together with the tables .*materialized view hr\.totals/);
    assert.match(log, /The view hr\.apart exists already and is left as it is/);
    await stage.assertNoTrace(database);
  });

  test('a view of the target that is not in the set, or was left out, is in the way, and truncate is not hindered', async () => {
    const database = await stage.target(`${office} CREATE VIEW hr.mine AS TABLE hr.richest;`);
    const before = await postgresState(stage.server, database);
    const refused = await stage.importInto(database, {
      ...{ file_pattern: set, table_exists_action: 'replace' },
    });
    assert.equal(refused.error?.code, 'table-in-use');
    assert.match(refused.error?.message ?? '', /because of view hr\.mine\.$/);
    assert.match(refused.error?.hint ?? '', /truncate/);
    await stage.server.query(database, 'DROP VIEW hr.mine');
    const filtered = await stage.importInto(database, {
      ...{ file_pattern: set, table_exists_action: 'replace', exclude: [{ type: 'MATERIALIZED VIEW' }] },
    });
    assert.match(filtered.error?.message ?? '', /because of materialized view hr\.totals\.$/);
    await stage.server.query(database, 'CREATE VIEW hr.mine AS TABLE hr.richest');
    assert.deepEqual(await postgresState(stage.server, database), before);
    await stage.assertClean(
      await stage.importInto(database, { file_pattern: set, table_exists_action: 'truncate' }),
    );
    await stage.assertNoTrace(database);
  });
});

describe('large objects that exist', () => {
  const objects = `SELECT lo_from_bytea(4001, 'one'); SELECT lo_from_bytea(4002, 'two');
    CREATE TABLE refs (lo oid); INSERT INTO refs VALUES (4001), (4002);`;
  const mine = "SELECT lo_from_bytea(4001, 'mine, and longer'); CREATE TABLE refs (lo oid);";
  const textOf = (database: string, oid: number) =>
    stage.value(database, `SELECT convert_from(lo_get(${oid}), 'UTF8')`);
  let ofLargeObjects: string;
  before(async () => {
    await stage.server.createDatabase('large');
    await stage.server.query('large', objects);
    ofLargeObjects = await stage.exported('large');
  });
  const importAs = (database: string, table_exists_action: string) =>
    stage.importInto(database, { file_pattern: ofLargeObjects, table_exists_action });

  test('skip leaves those that hold data, and brings the others', async () => {
    const database = await stage.target(mine);
    await stage.assertClean(await importAs(database, 'skip'));
    assert.equal(await textOf(database, 4001), 'mine, and longer');
    assert.equal(await textOf(database, 4002), 'two');
    assert.equal(await stage.count(database, 'refs'), 0);
    // All of them again.
    await stage.assertClean(await importAs(database, 'skip'));
    await stage.assertNoTrace(database);
  });

  for (const action of ['truncate', 'replace']) {
    test(`${action} gives them the contents of the set`, async () => {
      const database = await stage.target(mine);
      await stage.assertClean(await importAs(database, action));
      assert.equal(await textOf(database, 4001), 'one');
      assert.equal(await textOf(database, 4002), 'two');
      assert.equal(await stage.count(database, 'refs'), 2);
      await stage.assertNoTrace(database);
    });
  }

  test('append refuses them, and brings the rest', async () => {
    const database = await stage.target(mine);
    const job = await importAs(database, 'append');
    assert.equal(job.error_count, 1);
    assert.match(
      (await stage.logOf(job)).join('\n'),
      /Large objects are left out: some of them exist already/,
    );
    assert.equal(await textOf(database, 4001), 'mine, and longer');
    assert.equal(await stage.count(database, 'refs'), 2);
  });
});

describe('a dry run', () => {
  test('marks statements that will fail for want of a role, and says that a remap changes nothing', async () => {
    await stage.server.query(
      'postgres',
      'CREATE ROLE gone_owner; CREATE ROLE "gone TO grantee"; CREATE ROLE gone_reader;',
    );
    await stage.server.createDatabase('roles');
    await stage.server.query(
      'roles',
      `CREATE SCHEMA hr; CREATE TABLE hr.t (id serial, name text); ALTER TABLE hr.t OWNER TO gone_owner;
       CREATE TABLE hr.u (id int); GRANT SELECT ON hr.u TO "gone TO grantee", pg_monitor;
       CREATE POLICY p ON hr.u AS RESTRICTIVE FOR SELECT TO pg_monitor, gone_reader USING (true);`,
    );
    await stage.register('roles');
    // Of a schema, so that the set does not tell which roles there are.
    const exported = await stage.run({
      ...{ kind: 'export', database: 'roles', mode: 'schema', schema_expressions: ["= 'hr'"] },
    });
    await stage.server.query(
      'roles',
      'DROP OWNED BY gone_owner, "gone TO grantee", gone_reader; DROP ROLE gone_owner, "gone TO grantee", gone_reader;',
    );
    const dry = await stage.importInto(await stage.target(''), {
      ...{ file_pattern: exported.name, dry_run: true },
      remap_schemas: [{ source: 'nothere', target: 'x' }],
    });
    const path = `/api/v1/jobs/${dry.id}/report`;
    const report = await stage.app.json<Report & { left_alone: string[] }>({ method: 'GET', path });
    assert.equal(report.error, null);
    assert.deepEqual(
      report.objects
        .filter(({ action }) => action === 'refuse')
        .map(({ type, schema, name, reason }) => `${type} ${schema}.${name}: ${reason}`)
        .sort(),
      [
        'ACL hr.u: the target has no role gone TO grantee',
        'OWNER hr.t: the target has no role gone_owner',
        'OWNER hr.t_id_seq: the target has no role gone_owner',
        'POLICY hr.u.p: the target has no role gone_reader',
      ],
    );
    assert.ok(report.objects.some(({ type, name }) => type === 'DEFAULT' && name === 't.id'));
    assert.match(report.left_alone.join(), /remap_schemas nothere:x changes nothing.* There is hr\./);
    const log = (await stage.logOf(dry)).join('\n');
    assert.match(log, /would run, and 4 objects would fail/);
    assert.match(log, /no schema nothere/);
  });
});
