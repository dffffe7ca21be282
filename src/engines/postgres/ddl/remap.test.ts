import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DdlObject } from '../../../core/catalogue.ts';
import type { ResolvedRemaps } from '../../engine.ts';
import { remapObjects } from './remap.ts';

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
const none: ResolvedRemaps = { schemas: [], tables: [], tablespaces: [], owners: [] };
const remap = async (objects: readonly DdlObject[], ...pairs: readonly (readonly [string, string])[]) =>
  remapObjects(objects, { ...none, schemas: pairs.map(([source, target]) => ({ source, target })) });
const sqlOf = (objects: readonly DdlObject[]): readonly string[] => objects.map(({ sql }) => sql);

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const constant = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Statements as pg_dump writes them, with a schema's name where one is meant and another name, which may be the same,
 * where none is. All of `t`, `f`, `ty`, `op` are made by the dump.
 */
const statements: readonly ((schema: string, other: string, name: string) => string)[] = [
  (s, o) =>
    `CREATE TABLE ${s}.t (${o} ${s}.ty DEFAULT ${s}.f(1), CONSTRAINT ${o} CHECK (${o} = 'x'::${s}.ty));`,
  (s, o) => `CREATE TABLE ${s}.${o} (a integer) INHERITS (${s}.t);`,
  (s, o) =>
    `ALTER TABLE ONLY ${s}.t ADD CONSTRAINT ${o} FOREIGN KEY (${o}, b) REFERENCES ${s}.${o}(${o}, b);`,
  (s, o) =>
    `ALTER TABLE ONLY ${s}.t ADD CONSTRAINT ${o} EXCLUDE USING gist (${o} ${s}.opc WITH OPERATOR(${s}.=));`,
  (s, o) =>
    `CREATE VIEW ${s}.${o} AS\n SELECT ${o}.a, ${o}.b AS ${o}, ${o}.*, (${o}.c).d FROM ${s}.t ${o} WHERE (${o}.a OPERATOR(${s}.=) ${s}.f(${o}.b));`,
  (s, o) =>
    `CREATE VIEW ${s}.v AS WITH ${o} AS (SELECT a FROM ${s}.t) SELECT ${o}.a FROM (${o} JOIN ${s}.${o} x USING (a));`,
  (s, o) =>
    `CREATE INDEX ${o} ON ${s}.t USING btree (${o} COLLATE ${s}.co, ${s}.f(${o}) ${s}.opc) WHERE (${o} IS NOT NULL);`,
  (s, o) => `COMMENT ON COLUMN ${s}.t.${o} IS ${constant(`${o}.t`)};`,
  (s, o) => `COMMENT ON CONSTRAINT ${o} ON ${s}.t IS 'x';`,
  (s, o) => `COMMENT ON OPERATOR CLASS ${s}.opc USING ${o} IS 'x';`,
  (s) =>
    `CREATE AGGREGATE ${s}.f(${s}.ty) (\n    SFUNC = ${s}.f,\n    STYPE = ${s}.ty,\n    SORTOP = OPERATOR(${s}.=)\n);`,
  (s, o) =>
    `CREATE FUNCTION ${s}.f(${o} ${s}.ty, n ${s}.t.${o}%TYPE) RETURNS SETOF ${s}.t\n    LANGUAGE plpgsql\n    AS ${constant(`begin ${o}; end`)};`,
  (s, o) =>
    `CREATE TRIGGER ${o} BEFORE UPDATE OF ${o} ON ${s}.t FOR EACH ROW WHEN ((old.${o} = 1)) EXECUTE FUNCTION ${s}.f(${constant(o)});`,
  (s, o) =>
    `CREATE RULE ${o} AS ON INSERT TO ${s}.t DO INSTEAD  INSERT INTO ${s}.t (${o}, b) VALUES (new.${o}, 2);`,
  (s, o) =>
    `CREATE RULE ${o} AS ON UPDATE TO ${s}.t DO INSTEAD  UPDATE ${s}.t ${o} SET ${o} = ${o}.b WHERE (${o}.a = old.a);`,
  (s, o) => `CREATE POLICY ${o} ON ${s}.t TO ${o} USING ((${o} IN ( SELECT ${o}.a FROM ${s}.t ${o})));`,
  (s, o) => `GRANT SELECT(${o}),INSERT ON TABLE ${s}.t TO ${o};`,
  (s, o) => `GRANT USAGE ON SCHEMA ${s} TO ${o};`,
  (s, o) => `GRANT ALL ON TYPE ${s}.ty TO ${o};`,
  (s, o) => `GRANT ALL ON FUNCTION ${s}.f(${o} ${s}.ty) TO ${o} WITH GRANT OPTION;`,
  (s, o) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${o} IN SCHEMA ${s} GRANT SELECT ON TABLES TO ${o};`,
  (s, o) => `ALTER SEQUENCE ${s}.${o} OWNED BY ${s}.t.${o};`,
  (s, o) =>
    `ALTER TABLE ${s}.t ALTER COLUMN ${o} ADD GENERATED ALWAYS AS IDENTITY (\n    SEQUENCE NAME ${s}.t\n);`,
  (s, o) => `ALTER TABLE ONLY ${s}.t ATTACH PARTITION ${s}.${o} FOR VALUES IN (${constant(o)});`,
  (s, o) =>
    `ALTER OPERATOR FAMILY ${s}.opf USING btree ADD\n    OPERATOR 1 ${s}.=(${s}.ty,${s}.ty) ,\n    FUNCTION 1 (${s}.ty, ${s}.ty) ${s}.f(${s}.ty,${s}.ty);\nCOMMENT ON TABLE ${s}.${o} IS NULL;`,
  (s, o) => `ALTER PUBLICATION ${o} ADD TABLES IN SCHEMA ${s};`,
  (s, o) => `ALTER PUBLICATION ${o} ADD TABLE ONLY ${s}.t (${o}) WHERE ((${o} > 1));`,
  (s, o) => `CREATE STATISTICS ${s}.${o} (ndistinct) ON ${o}, b FROM ${s}.t;`,
  (s, o) => `CREATE TYPE ${s}.${o} AS ENUM (\n    ${constant(o)}\n);\nALTER TYPE ${s}.ty OWNER TO ${o};`,
  (s, o) =>
    `CREATE TEXT SEARCH CONFIGURATION ${s}.${o} (\n    PARSER = ${s}.par );\n\nALTER TEXT SEARCH CONFIGURATION ${s}.${o}\n    ADD MAPPING FOR ${o} WITH ${s}.di, simple;`,
  (s, o) =>
    `CREATE CAST (${s}.ty AS ${s}.t) WITH FUNCTION ${s}.f(${s}.ty) AS ASSIGNMENT;\nALTER SERVER ${o} OWNER TO ${o};`,
  (s, _, name) =>
    `ALTER TABLE ONLY ${s}.t ALTER COLUMN a SET DEFAULT nextval(${constant(`${s}.${quoted(name)}`)}::regclass);`,
  (s) => `SELECT pg_catalog.setval(${constant(`${s}.t`)}, 5, true);`,
  (s) =>
    `ALTER TABLE ${s}.t ALTER COLUMN a SET DEFAULT ARRAY[${constant(`${s}.f(integer,${s}.ty[])`)}::regprocedure];`,
  (s) => `ALTER TABLE ${s}.t ALTER COLUMN a SET DEFAULT ${constant(`${s}.ty`)}::regtype;`,
  (s) => `ALTER TABLE ${s}.t ALTER COLUMN a SET DEFAULT ${constant(`${s}.=(${s}.ty,integer)`)}::regoperator;`,
  (s) => `ALTER TABLE ${s}.t ALTER COLUMN a SET DEFAULT nextval((${constant(`${s}.t`)}::text)::regclass);`,
  (s) => `ALTER TABLE ${s}.t ALTER COLUMN a SET DEFAULT ${constant(s)}::regnamespace;`,
];

const names = fc.oneof(
  fc.constantFrom(
    'app',
    'public',
    'schema',
    'select',
    'tables',
    'in',
    'user',
    'a.b',
    '"',
    "'",
    'é',
    'UPPER',
    't',
    'to',
  ),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter(
      (name) =>
        !name.includes('\0') && !/^pg_/.test(name) && name.isWellFormed() && Buffer.byteLength(name) < 60,
    ),
);

/** What the statements refer to, so that nothing in them is an extension's. */
const made = ['t', 'ty', 'f', 'opc', 'opf', 'co', 'par', 'di', '=', 'v'];

describe('remap', () => {
  test('gives the statement that was written with the other name', async () => {
    const cases = fc.tuple(
      names,
      names,
      fc.oneof(names, fc.constant(null)),
      names,
      fc.nat(statements.length - 1),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([source, target, otherName, name, index]) => {
        const statement = statements[index];
        // A name that is not a schema's is most interesting when it is the same.
        const other = quoted(otherName ?? source);
        const makers = [...made, otherName ?? source, name].map((each) =>
          object('TYPE', each, `CREATE TYPE x AS (a integer);`, { schema: source }),
        );
        const sql = statement?.(quoted(source), other, name) ?? '';
        const { objects } = await remap(
          [...makers, object('X', 'x', sql, { schema: source })],
          [source, target],
        );
        const result = objects.at(-1)?.sql ?? '';
        const wanted = statement?.(quoted(target), other, name) ?? '';
        assert.equal(unquoteNeedlessly(result, target), unquoteNeedlessly(wanted, target));
      }),
      { numRuns: 3_000 },
    );
  });

  test('quotes a name where that is needed only', async () => {
    const table = object('TABLE', 't', 'CREATE TABLE app.t ();');
    for (const [target, sql] of [
      ['tenant', 'CREATE TABLE tenant.t ();'],
      ['Tenant', 'CREATE TABLE "Tenant".t ();'],
      ['user', 'CREATE TABLE "user".t ();'],
      ['t 1', 'CREATE TABLE "t 1".t ();'],
    ] as const) {
      assert.deepEqual(sqlOf((await remap([table], ['app', target])).objects), [sql]);
    }
  });

  test('leaves bodies, strings and what an extension makes alone, and says so', async () => {
    const { objects, leftAlone } = await remap(
      [
        object(
          'FUNCTION',
          'f(app.ty)',
          "CREATE FUNCTION app.f(app.ty) RETURNS integer LANGUAGE sql SET search_path TO 'app', 'pg_temp' AS 'select 1 from app.t';",
        ),
        object('TYPE', 'ty', 'CREATE TYPE app.ty AS ENUM ();'),
        object(
          'TABLE',
          't',
          "CREATE TABLE app.t (a app.citext DEFAULT 'app.t', b app.ty, c uuid DEFAULT app.uuid());",
        ),
        object('COMMENT', 't', "COMMENT ON TABLE app.t IS 'the table app.t';", { table: 't' }),
      ],
      ['app', 'tenant'],
    );
    assert.deepEqual(sqlOf(objects), [
      "CREATE FUNCTION tenant.f(tenant.ty) RETURNS integer LANGUAGE sql SET search_path TO 'tenant', 'pg_temp' AS 'select 1 from app.t';",
      'CREATE TYPE tenant.ty AS ENUM ();',
      "CREATE TABLE tenant.t (a app.citext DEFAULT 'app.t', b tenant.ty, c uuid DEFAULT app.uuid());",
      "COMMENT ON TABLE tenant.t IS 'the table app.t';",
    ]);
    assert.deepEqual(
      objects.map(({ schema, name }) => `${schema}.${name}`),
      ['tenant.f(tenant.ty)', 'tenant.ty', 'tenant.t', 'tenant.t'],
    );
    assert.equal(leftAlone.length, 4);
    assert.match(
      leftAlone.join('\n'),
      /^FUNCTION tenant.f\(tenant.ty\): the function body names the schema app/,
    );
    assert.match(
      leftAlone.join('\n'),
      /TABLE tenant.t: refers to app.citext, .*\n.*a string names.*\n.*app.uuid/,
    );
  });

  test('moves what an extension makes when it moves the extension', async () => {
    const { objects, leftAlone } = await remap(
      [
        object('EXTENSION', 'citext', 'CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA app;', {
          schema: null,
        }),
        object('TABLE', 't', 'CREATE TABLE app.t (a app.citext);'),
      ],
      ['app', 'tenant'],
    );
    assert.deepEqual(sqlOf(objects), [
      'CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA tenant;',
      'CREATE TABLE tenant.t (a tenant.citext);',
    ]);
    assert.deepEqual(leftAlone, []);
  });

  test('a target that is there or has two sources is made once, and keeps its description', async () => {
    const schema = (name: string): DdlObject[] => [
      object('SCHEMA', name, `CREATE SCHEMA ${name};`, { schema: null }),
      object('OWNER', name, `ALTER SCHEMA ${name} OWNER TO me;`, { schema: name }),
      object('COMMENT', name, `COMMENT ON SCHEMA ${name} IS 'x';`, { schema: name }),
      object('ACL', name, `GRANT USAGE ON SCHEMA ${name} TO you;`, { schema: name, section: 'post' }),
    ];
    const objects = [...schema('a'), ...schema('b'), ...schema('c')];
    assert.deepEqual(sqlOf((await remap(objects, ['a', 'x'], ['b', 'x'], ['c', 'public'])).objects), [
      'CREATE SCHEMA x;',
      'ALTER SCHEMA x OWNER TO me;',
      "COMMENT ON SCHEMA x IS 'x';",
      'GRANT USAGE ON SCHEMA x TO you;',
      'GRANT USAGE ON SCHEMA x TO you;',
      'GRANT USAGE ON SCHEMA public TO you;',
    ]);
    assert.equal(
      (await remap(objects, ['a', 'b'])).objects.filter(({ type }) => type === 'SCHEMA').length,
      2,
    );
    assert.deepEqual(
      (await remap(schema('a'), ['a', 'x'])).objects.map(({ name }) => name),
      ['x', 'x', 'x', 'x'],
    );
  });

  test('what was in public gets a schema', async () => {
    const table = object('TABLE', 't', 'CREATE TABLE public.t ();', { schema: 'public' });
    assert.deepEqual(sqlOf((await remap([table], ['public', 'Tenant'])).objects), [
      'CREATE SCHEMA "Tenant";',
      'CREATE TABLE "Tenant".t ();',
    ]);
  });

  test('refuses names that PostgreSQL does not take, and its own', async () => {
    for (const [source, target] of [
      ['app', ''],
      ['app', 'pg_mine'],
      ['app', 'é'.repeat(32)],
      ['pg_catalog', 'app'],
      ['information_schema', 'app'],
    ] as const) {
      await assert.rejects(remap([], [source, target]), { code: 'field-invalid', field: 'remap_schemas' });
    }
    await remap([], ['app', 'é'.repeat(31)]);
  });

  test('refuses a statement that it does not understand', async () => {
    const view = object('VIEW', 'v', 'CREATE VIEW app.v AS SELECT (5 !);');
    await assert.rejects(remap([view], ['app', 'tenant']), {
      code: 'remap-impossible',
      message: /VIEW app\.v/,
    });
    assert.deepEqual(sqlOf((await remap([view], ['other', 'tenant'])).objects), [view.sql]);
  });
});

/** The generators quote always, remap where needed: bring both to the same. */
const unquoteNeedlessly = (sql: string, name: string): string => sql.replaceAll(quoted(name), name);
