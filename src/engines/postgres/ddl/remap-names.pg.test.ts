import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PostgresServer, withServers } from '../../../../test/harness/postgres.ts';
import { createFrom, dumpSchema } from '../../../../test/harness/postgres-ddl.ts';
import { featureRoles, featureSchema } from '../../../../test/harness/postgres-feature-schema.ts';
import type { DdlObject } from '../../../core/catalogue.ts';
import type { ResolvedRemaps } from '../../engine.ts';
import { remapObjects } from './remap.ts';

const none: ResolvedRemaps = { schemas: [], tables: [], tablespaces: [], owners: [] };

/** Without order (pg_dump sorts by name), and without the names that are taken from a comment. */
const comparable = (objects: readonly DdlObject[]): readonly string[] => {
  const isByComment = (type: string): boolean => type === 'CAST' || type === 'USER MAPPING';
  return objects
    .map((object) => JSON.stringify({ ...object, name: isByComment(object.type) ? '' : object.name }))
    .toSorted();
};

/** What names a table in every way that the feature schema does not. */
const moreOfTables = `
CREATE TABLE app.emp (id integer PRIMARY KEY, boss integer REFERENCES app.emp, dept integer, CONSTRAINT emp CHECK (emp.* IS NOT NULL));
CREATE TABLE app.dept (id integer PRIMARY KEY, head app.emp, heads app.emp[]);
CREATE FUNCTION app.emp(app.emp) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1.id';
CREATE FUNCTION app.emps() RETURNS SETOF app.emp LANGUAGE sql AS 'SELECT * FROM app.emp';
CREATE INDEX emp_row ON app.emp (app.emp(emp.*));
CREATE VIEW app.emp_view AS SELECT emp.id, emp AS whole, emp.dept, (SELECT count(*) FROM app.emp inside WHERE inside.boss = emp.id)
  FROM app.emp JOIN app.dept ON dept.id = emp.dept UNION ALL SELECT id, emp, dept, 1 FROM ONLY app.emp;
CREATE MATERIALIZED VIEW app.emp_kept AS SELECT emp.* FROM app.emp, LATERAL (SELECT * FROM app.dept WHERE dept.id = emp.dept) d;
CREATE RULE changes AS ON UPDATE TO app.emp_view DO INSTEAD UPDATE app.emp SET dept = new.dept WHERE emp.id = old.id;
CREATE RULE removes AS ON DELETE TO app.emp_view DO INSTEAD DELETE FROM app.emp USING app.dept WHERE emp.id = old.id AND dept.id = emp.dept;
CREATE RULE adds AS ON INSERT TO app.emp_view DO INSTEAD INSERT INTO app.emp (id) VALUES (new.id) ON CONFLICT (id) DO UPDATE SET dept = emp.dept;
ALTER TABLE app.emp ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.emp USING (EXISTS (SELECT 1 FROM app.dept WHERE dept.id = emp.dept) AND app.emp(emp.*) > 0);
CREATE POLICY own_too ON app.emp USING (EXISTS (SELECT 1 FROM app.emp e WHERE e.id = emp.boss));
COMMENT ON COLUMN app.emp.dept IS 'x';
COMMENT ON CONSTRAINT emp ON app.emp IS 'x';`;

const renamedTables = [
  ['app', 'emp', 'Staff "é"'],
  ['app', 'dept', 'select'],
  ['app', 'customer', 'dept'],
  ['app', 'event', 'happening'],
  ['app', 'event_2025_a', 'event'],
  ['Other "Schema"', 'event_2025_rest', 'event_2025_a'],
  ['app', 'counted', 'c'],
  ['app', 'orders', 'order'],
  ['app', 'outside', 'inside'],
  ['select', 'table', 'from'],
] as const;

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Queries know a remapped table by its old name as an alias, which says nothing when the table has that name again; and from version 18
 * on, constraints without a name in the dump get one that begins with the table's.
 */
const withoutMadeNames = (objects: readonly DdlObject[]): readonly DdlObject[] =>
  objects.map((object) => ({
    ...object,
    sql: object.sql
      .replace(/ CONSTRAINT (?:"(?:[^"]|"")+_not_null"|\w+_not_null) NOT NULL/g, ' NOT NULL')
      .replace(/\.("(?:[^"]|"")+"|\w+) (?:AS )?\1(?![\w"])/g, '.$1'),
  }));

withServers([13, 15, 18], (server, version) => {
  test('tables remapped are the same tables when the server renames them back', async () => {
    await server().query('postgres', featureRoles);
    const source = await server().createDatabase();
    await server().query(source, featureSchema(version) + moreOfTables);
    const tables = renamedTables.map(([schema, name, target]) => ({ schema, name, target }));
    const objects = await dumpSchema(server().url(source));
    const remapped = await remapObjects(objects, { ...none, tables });
    assert.match(
      remapped.leftAlone.join('\n'),
      /FUNCTION app\.emps\(\): the function body names the table app\.emp/,
    );
    const copy = await createFrom(server(), remapped.objects);
    const made = await dumpSchema(server().url(copy));
    const about = ({ type, schema, name, table, owner }: DdlObject) =>
      JSON.stringify([type, schema, name, table, owner]);
    assert.deepEqual(remapped.objects.map(about).toSorted(), made.map(about).toSorted());
    const rename = ([schema, from, to]: readonly [string, string, string]) =>
      server().query(
        copy,
        `ALTER TABLE ${identifier(schema)}.${identifier(from)} RENAME TO ${identifier(to)}`,
      );
    // By names in between, since some of them change places.
    for (const [schema, name, target] of renamedTables) await rename([schema, target, `${name} then`]);
    for (const [schema, name] of renamedTables) await rename([schema, `${name} then`, name]);
    const back = await dumpSchema(server().url(copy));
    assert.deepEqual(comparable(withoutMadeNames(back)), comparable(withoutMadeNames(objects)));
  });

  test('roles remapped are the roles that were written with the other name', async () => {
    await server().query('postgres', featureRoles);
    await createRoles(server());
    const [source, expected] = [await server().createDatabase(), await server().createDatabase()];
    const schema = featureSchema(version);
    await server().query(source, schema);
    await server().query(
      expected,
      schema.replaceAll('"app Reader"', 'reader2').replaceAll('app_owner', '"new ""Owner"'),
    );
    const owners = [
      { source: 'app Reader', target: 'reader2' },
      { source: 'app_owner', target: 'new "Owner' },
    ];
    const remapped = await remapObjects(await dumpSchema(server().url(source)), { ...none, owners });
    const wanted = await dumpSchema(server().url(expected));
    assert.deepEqual(comparable(remapped.objects), comparable(wanted));
    const copy = await createFrom(server(), remapped.objects);
    assert.deepEqual(comparable(await dumpSchema(server().url(copy))), comparable(wanted));
  });
});

async function createRoles(server: PostgresServer): Promise<void> {
  for (const role of ['reader2', 'new "Owner']) {
    const rows = await server.query('postgres', `SELECT 1 FROM pg_roles WHERE rolname = '${role}'`);
    if (rows.length === 0) await server.query('postgres', `CREATE ROLE ${identifier(role)}`);
  }
}

withServers(
  [17],
  (server) => {
    test('everything in a tablespace goes to the other one', async () => {
      const source = await server().createDatabase();
      for (const name of ['old', '"ne""w"']) {
        await server().query(source, `CREATE TABLESPACE ${name} LOCATION ''`);
      }
      await server().query(
        source,
        `CREATE TABLE a (id integer PRIMARY KEY USING INDEX TABLESPACE old) TABLESPACE old;
         CREATE TABLE p (id integer) PARTITION BY LIST (id) TABLESPACE old;
         CREATE INDEX i ON a (id) TABLESPACE old;
         CREATE MATERIALIZED VIEW v TABLESPACE old AS SELECT 1 AS old;`,
      );
      const { objects } = await remapObjects(await dumpSchema(server().url(source)), {
        ...none,
        tablespaces: [{ source: 'old', target: 'ne"w' }],
      });
      const copy = await createFrom(server(), objects);
      const storage = `SELECT relname, spcname FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = reltablespace
        WHERE relnamespace = 'public'::regnamespace ORDER BY 1`;
      const moved = (await server().query(source, storage)).map((row) =>
        JSON.stringify(row).replace('"old"', '"ne\\"w"'),
      );
      assert.deepEqual(
        (await server().query(copy, storage)).map((row) => JSON.stringify(row)),
        moved,
      );
      assert.equal(moved.length, 5);
    });
  },
  { settings: { allow_in_place_tablespaces: 'on' } },
);
