import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DdlObject } from '../../../core/catalogue.ts';
import { refuseObjects } from './refuse.ts';

const object = (type: string, name: string, sql: string, rest: Partial<DdlObject> = {}): DdlObject => ({
  section: 'pre',
  type,
  schema: 'app',
  name,
  table: null,
  owner: null,
  sql,
  ...rest,
});
const table = (sql = 'CREATE TABLE app.t (a integer);'): DdlObject => object('TABLE', 't', sql);
const global = (type: string, name: string, sql: string): DdlObject =>
  object(type, name, sql, { schema: null });
const messageOf = async (...objects: DdlObject[]): Promise<string | null> => {
  const failures = await refuseObjects(objects);
  assert.ok(failures.length <= 1);
  return failures[0]?.message ?? null;
};

describe('refuses', () => {
  const statements = [
    'COMMIT',
    'ROLLBACK',
    'BEGIN',
    'SAVEPOINT x',
    "PREPARE TRANSACTION 'x'",
    "COPY app.t FROM PROGRAM 'id'",
    "COPY app.t TO '/tmp/x'",
    "DO 'begin end'",
    'CALL app.p()',
    'DROP TABLE app.t',
    'DROP SCHEMA app',
    'TRUNCATE app.t',
    'DELETE FROM app.t',
    'INSERT INTO app.t VALUES (1)',
    'UPDATE app.t SET a = 1',
    'MERGE INTO app.t USING app.u ON true WHEN MATCHED THEN DELETE',
    'SELECT 1',
    "SELECT pg_catalog.pg_read_file('/etc/passwd')",
    'SELECT a INTO app.u FROM app.t',
    'CREATE TABLE app.u AS SELECT 1',
    'CREATE DATABASE x',
    'ALTER DATABASE x SET work_mem = 1',
    'CREATE ROLE x SUPERUSER',
    'ALTER ROLE postgres PASSWORD NULL',
    'GRANT postgres TO x',
    "CREATE TABLESPACE x LOCATION '/x'",
    "ALTER SYSTEM SET archive_command = 'id'",
    "LOAD 'x'",
    'LISTEN x',
    'NOTIFY x',
    'VACUUM app.t',
    'ANALYZE app.t',
    'CHECKPOINT',
    'LOCK app.t',
    'REINDEX TABLE app.t',
    'EXPLAIN ANALYZE SELECT 1',
    'PREPARE x AS SELECT 1',
    'DISCARD ALL',
    'REASSIGN OWNED BY a TO b',
    'DROP OWNED BY a',
    'ALTER TABLE app.t RENAME TO u',
    'ALTER TABLE app.t SET SCHEMA public',
    'ALTER TABLE app.t DROP COLUMN a',
    'ALTER TABLE app.t ALTER COLUMN a TYPE text USING app.f(a)',
    'ALTER TABLE app.t DISABLE TRIGGER ALL',
    'ALTER TABLE app.t DETACH PARTITION app.u',
    'IMPORT FOREIGN SCHEMA x FROM SERVER y INTO app',
    "SET search_path = 'x'",
    'SET SESSION AUTHORIZATION postgres',
    'RESET ALL',
    "SET default_tablespace = 'x'",
    'ALTER EXTENSION x UPDATE',
    'ALTER FUNCTION app.f() OWNER TO x',
    'SELECT pg_catalog.lo_unlink(5)',
  ];
  for (const statement of statements) {
    test(`${statement}, by itself, before and behind what it says it makes`, async () => {
      assert.notEqual(await messageOf(table(`${statement};`)), null);
      assert.notEqual(await messageOf(table(`CREATE TABLE app.t (a integer);\n${statement};`)), null);
      assert.notEqual(await messageOf(table(`${statement};\nCREATE TABLE app.t (a integer);`)), null);
    });
  }

  test('by the name of the statement', async () => {
    assert.equal(
      await messageOf(table('COMMIT;')),
      'The statement COMMIT is not how an object of the type TABLE is made.',
    );
    assert.equal(
      await messageOf(table('CREATE TABLE app.t ();\ndrop table app.u;')),
      'The statement DROP TABLE is no part of an object of the type TABLE.',
    );
  });

  const shapes: readonly (readonly [why: string, object: DdlObject])[] = [
    ['what cannot be parsed', table('CREATE TABLE app.t (;')],
    ['a statement without end', table('CREATE TABLE app.t ()')],
    ['a comment without end', table('CREATE TABLE app.t (); /*')],
    ['what is behind a zero byte', table('CREATE TABLE app.t ();\0COMMIT;')],
    ['nothing', table('')],
    ['another table', table('CREATE TABLE app.u ();')],
    ['another schema', table('CREATE TABLE other.t ();')],
    ['no schema', table('CREATE TABLE t ();')],
    ['a temporary table', table('CREATE TEMP TABLE t ();')],
    ['another type', table('CREATE VIEW app.t AS SELECT 1;')],
    ['an unknown type', object('DATABASE', 'x', 'CREATE DATABASE x;')],
    ['another relation behind', table('CREATE TABLE app.t ();\nALTER TABLE app.u FORCE ROW LEVEL SECURITY;')],
    [
      'a table that has the schema of receipts',
      object('TABLE', 't', 'CREATE TABLE _pumphouse.t ();', { schema: '_pumphouse' }),
    ],
    [
      'a trigger on the receipts',
      object(
        'TRIGGER',
        'x',
        'CREATE TRIGGER x AFTER INSERT ON _pumphouse.receipt EXECUTE FUNCTION app.f();',
        { schema: '_pumphouse', table: 'receipt' },
      ),
    ],
    [
      'the receipts under an escaped name',
      object('VIEW', 'v', 'CREATE VIEW app.v AS SELECT * FROM U&"\\005fpumphouse".receipt;'),
    ],
    [
      'a rule that writes receipts',
      object('RULE', 'r', 'CREATE RULE r AS ON INSERT TO app.t DO ALSO DELETE FROM _pumphouse.receipt;', {
        table: 't',
      }),
    ],
    [
      'what is made in schemas of PostgreSQL',
      object('TABLE', 't', 'CREATE TABLE pg_catalog.t ();', { schema: 'pg_catalog' }),
    ],
    ['a schema with things in it', global('SCHEMA', 'x', 'CREATE SCHEMA x CREATE TABLE t ();')],
    [
      'a subscription that connects',
      global('SUBSCRIPTION', 's', "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p;"),
    ],
    ['an index of another table', object('INDEX', 'i', 'CREATE INDEX i ON app.t (a);', { table: 'u' })],
    ['an index of no table', object('INDEX', 'i', 'CREATE INDEX i ON app.t (a);')],
    ['a table of a table', { ...table(), table: 'u' }],
    ['a setting that stays', table("SET default_tablespace = 'x';\nCREATE TABLE app.t ();")],
    [
      'a role that stays',
      object('ACL', 't', 'SET SESSION AUTHORIZATION x;\nGRANT SELECT ON TABLE app.t TO y;'),
    ],
    ['grants on all tables', object('ACL', 't', 'GRANT SELECT ON ALL TABLES IN SCHEMA app TO y;')],
    ['grants on two tables', object('ACL', 't', 'GRANT SELECT ON TABLE app.t, app.u TO y;')],
    ['grants on the database', global('ACL', 'd', 'GRANT CREATE ON DATABASE d TO y;')],
    ['grants on settings', global('ACL', 'd', 'GRANT SET ON PARAMETER d TO y;')],
    ['a comment on a role', global('COMMENT', 'r', "COMMENT ON ROLE r IS 'x';")],
    ['an owner of a database', global('OWNER', 'd', 'ALTER DATABASE d OWNER TO x;')],
    [
      'a sequence value that is computed',
      object('SEQUENCE SET', 's', "SELECT pg_catalog.setval('app.s', app.f(), true);"),
    ],
    [
      'a sequence value of another sequence',
      object('SEQUENCE SET', 's', "SELECT pg_catalog.setval('app.other', 5, true);"),
    ],
    [
      'a sequence value with more',
      object('SEQUENCE SET', 's', "SELECT pg_catalog.setval('app.s', 5, true) FROM app.f();"),
    ],
    ['a setval of somebody', object('SEQUENCE SET', 's', "SELECT app.setval('app.s', 5, true);")],
    ['a refresh of another view', object('MATERIALIZED VIEW DATA', 'v', 'REFRESH MATERIALIZED VIEW app.u;')],
    ['a large object by another function', global('BLOB', '5', 'SELECT pg_catalog.lo_unlink(5);')],
    ['a publication changed', global('PUBLICATION TABLE', 'p', 'ALTER PUBLICATION p DROP TABLE app.t;')],
    ['a role with a password', global('ROLE', 'r', "CREATE ROLE r PASSWORD 'x';")],
    ['another role', global('ROLE', 'r', 'CREATE ROLE r;\nALTER ROLE postgres SET work_mem = 1;')],
    ['a role that others join', global('ROLE', 'r', 'CREATE ROLE r;\nGRANT r TO postgres;')],
    ['a role with a statement', global('ROLE', 'r', 'CREATE ROLE r;\nDROP ROLE s;')],
    ['another tablespace', global('TABLESPACE', 'f', "CREATE TABLESPACE g LOCATION '/g';")],
    [
      'a tablespace with a statement',
      global('TABLESPACE', 'f', "CREATE TABLESPACE f LOCATION '/f';\nDROP TABLESPACE g;"),
    ],
  ];
  for (const [why, hostile] of shapes) {
    test(why, async () => assert.notEqual(await messageOf(hostile), null));
  }

  test('what is said to belong to another table than it does', async () => {
    const owner = object('OWNER', 't', 'ALTER TABLE app.t OWNER TO x;', { table: 'u' });
    assert.equal(
      await messageOf(table(), owner),
      'The dump set says that it belongs to the table u, and its statement says otherwise.',
    );
    const view = object('VIEW', 'v', 'CREATE VIEW app.v AS SELECT 1;', { table: 'u' });
    assert.notEqual(await messageOf(view), null);
    // Without the sequence nobody knows whose it is.
    assert.equal(
      await messageOf(object('OWNER', 's', 'ALTER SEQUENCE app.s OWNER TO x;', { table: 't' })),
      null,
    );
  });

  test('what is too deep for the parser or the stack', async () => {
    for (const n of [3_000, 50_000]) {
      for (const expression of [
        `${'('.repeat(n)}1${')'.repeat(n)}`,
        `1${' + 1'.repeat(n)}`,
        `1${'::int'.repeat(n)}`,
        `${'NOT '.repeat(n)}true`,
      ]) {
        const hostile = object('VIEW', 'v', `CREATE VIEW app.v AS SELECT ${expression}, '_pumphouse';`);
        const [failure] = await refuseObjects([hostile, table()]);
        assert.ok(failure === undefined || failure.object.name === 'v');
      }
    }
    assert.equal(await messageOf(table()), null);
  });
});

describe('lets through', () => {
  const shapes: readonly DdlObject[] = [
    global(
      'SUBSCRIPTION',
      's',
      "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = 's');",
    ),
    global(
      'ROLE',
      'r',
      "CREATE ROLE r WITH SUPERUSER INHERIT NOCREATEROLE LOGIN NOREPLICATION BYPASSRLS CONNECTION LIMIT 5 VALID UNTIL '2030-01-01';\nALTER ROLE r SET search_path TO a, b;\nGRANT g TO r WITH ADMIN OPTION, INHERIT FALSE GRANTED BY x;\nCOMMENT ON ROLE r IS 'x';",
    ),
    global(
      'TABLESPACE',
      'f',
      "CREATE TABLESPACE f LOCATION '/f' WITH (random_page_cost = '1');\nALTER TABLESPACE f OWNER TO x;\nREVOKE ALL ON TABLESPACE f FROM x;\nSET SESSION AUTHORIZATION y;\nGRANT CREATE ON TABLESPACE f TO PUBLIC;\nRESET SESSION AUTHORIZATION;\nCOMMENT ON TABLESPACE f IS 'x';",
    ),
    global('BLOB', '5..7', "SELECT pg_catalog.lo_create('5');\nSELECT pg_catalog.lo_create('7');"),
    global('OWNER', '5..7', 'ALTER LARGE OBJECT 5 OWNER TO x;\nALTER LARGE OBJECT 7 OWNER TO x;'),
    global('ACL', '5..7', 'GRANT SELECT ON LARGE OBJECT 5 TO x;\nGRANT SELECT ON LARGE OBJECT 7 TO x;'),
    global('COMMENT', '5', "COMMENT ON LARGE OBJECT 5 IS '_pumphouse';"),
    object('ACL', 'pg_stat_reset()', 'GRANT ALL ON FUNCTION pg_catalog.pg_stat_reset() TO x;', {
      schema: 'pg_catalog',
    }),
    object(
      'SEQUENCE SET',
      'S "x"',
      'SELECT pg_catalog.setval(\'app."S ""x"""\', -9223372036854775808, false);\n',
    ),
    object('FUNCTION', 'f()', "CREATE FUNCTION app.f() RETURNS integer LANGUAGE c AS '$libdir/x', 'f';"),
    object(
      'TABLE',
      't',
      "SET default_tablespace = 'x';\nSET default_table_access_method = 'y';\nCREATE TABLE app.t (a integer);\nSET default_tablespace = '';\nSET default_table_access_method = 'heap';",
    ),
  ];
  for (const each of shapes) {
    test(each.sql, async () => assert.equal(await messageOf(each), null));
  }
});

test('what is nested deeper than the parser can take is refused, however often, and the rest is still read', async () => {
  const view = (expression: string): DdlObject =>
    object('VIEW', 'v', `CREATE VIEW app.v AS SELECT ${expression} AS a;`);
  const refusal = 'The statement CREATE VIEW is nested too deep.';
  assert.equal(await messageOf(view(`${'('.repeat(100_000)}1${')'.repeat(100_000)}`)), refusal);
  // An overflow harms the parser a little more each time.
  for (let round = 0; round < 40; round++)
    assert.equal(await messageOf(view(`1${' + 1'.repeat(12_000)}`)), refusal);
  assert.equal(await messageOf(table()), null);
  for (const expression of [`1${' + 1'.repeat(4_900)}`, `${'(SELECT '.repeat(800)}1${')'.repeat(800)}`])
    assert.equal(await messageOf(view(expression)), null);
});
