import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DdlObject } from '../../../core/catalogue.ts';
import type { ResolvedRemaps } from '../../engine.ts';
import { remapObjects } from './remap.ts';

const none: ResolvedRemaps = { schemas: [], tables: [], tablespaces: [], owners: [] };

const object = (type: string, name: string, sql: string, rest: Partial<DdlObject> = {}): DdlObject => ({
  section: 'pre',
  type,
  schema: 'hr',
  name,
  table: null,
  owner: null,
  sql,
  ...rest,
});
const remapOne = async (sql: string, remaps: Partial<ResolvedRemaps>): Promise<string> => {
  const { objects } = await remapObjects([object('X', 'x', sql)], { ...none, ...remaps });
  return objects[0]?.sql ?? '';
};

describe('remap of tables', () => {
  const tables = [
    { schema: 'hr', name: 'emp', target: 'Staff' },
    { schema: 'hr', name: 'dept', target: 'emp' },
    { schema: 'fin', name: 'emp', target: 'spent' },
  ];
  const cases: readonly (readonly [sql: string, expected: string])[] = [
    [
      'CREATE TABLE hr.emp (emp integer, boss hr.emp);',
      'CREATE TABLE hr."Staff" (emp integer, boss hr."Staff");',
    ],
    ['ALTER TABLE hr.emp OWNER TO emp;', 'ALTER TABLE hr."Staff" OWNER TO emp;'],
    [
      'ALTER TABLE ONLY hr.dept ADD CONSTRAINT emp FOREIGN KEY (emp) REFERENCES hr.emp(emp);',
      'ALTER TABLE ONLY hr.emp ADD CONSTRAINT emp FOREIGN KEY (emp) REFERENCES hr."Staff"(emp);',
    ],
    [
      'CREATE INDEX emp ON ONLY hr.emp USING btree (emp);',
      'CREATE INDEX emp ON ONLY hr."Staff" USING btree (emp);',
    ],
    [
      'CREATE TABLE hr.x () INHERITS (hr.emp, fin.emp);',
      'CREATE TABLE hr.x () INHERITS (hr."Staff", fin.spent);',
    ],
    [
      "ALTER TABLE ONLY hr.emp ATTACH PARTITION fin.emp FOR VALUES IN ('hr.emp');",
      'ALTER TABLE ONLY hr."Staff" ATTACH PARTITION fin.spent FOR VALUES IN (\'hr.emp\');',
    ],
    ['CREATE TABLE hr.x PARTITION OF hr.emp DEFAULT;', 'CREATE TABLE hr.x PARTITION OF hr."Staff" DEFAULT;'],
    ['COMMENT ON TABLE hr.emp IS NULL;', 'COMMENT ON TABLE hr."Staff" IS NULL;'],
    ['COMMENT ON COLUMN hr.emp.emp IS NULL;', 'COMMENT ON COLUMN hr."Staff".emp IS NULL;'],
    ['COMMENT ON CONSTRAINT emp ON hr.emp IS NULL;', 'COMMENT ON CONSTRAINT emp ON hr."Staff" IS NULL;'],
    ['COMMENT ON TRIGGER emp ON hr.dept IS NULL;', 'COMMENT ON TRIGGER emp ON hr.emp IS NULL;'],
    ['COMMENT ON FUNCTION hr.emp(hr.emp) IS NULL;', 'COMMENT ON FUNCTION hr.emp(hr."Staff") IS NULL;'],
    ['COMMENT ON TYPE hr.emp IS NULL;', 'COMMENT ON TYPE hr."Staff" IS NULL;'],
    ['GRANT SELECT(emp) ON TABLE hr.emp TO emp;', 'GRANT SELECT(emp) ON TABLE hr."Staff" TO emp;'],
    [
      'SECURITY LABEL FOR x ON COLUMN hr.emp.a IS NULL;',
      'SECURITY LABEL FOR x ON COLUMN hr."Staff".a IS NULL;',
    ],
    [
      'ALTER SEQUENCE hr.emp_id_seq OWNED BY hr.emp.id;',
      'ALTER SEQUENCE hr.emp_id_seq OWNED BY hr."Staff".id;',
    ],
    [
      "ALTER TABLE ONLY hr.emp ALTER COLUMN id SET DEFAULT nextval('hr.emp_id_seq'::regclass);",
      'ALTER TABLE ONLY hr."Staff" ALTER COLUMN id SET DEFAULT nextval(\'hr.emp_id_seq\'::regclass);',
    ],
    [
      "ALTER TABLE hr.x ALTER COLUMN a SET DEFAULT 'hr.emp'::regclass;",
      'ALTER TABLE hr.x ALTER COLUMN a SET DEFAULT \'hr."Staff"\'::regclass;',
    ],
    [
      "ALTER TABLE hr.x ALTER COLUMN a SET DEFAULT 'hr.emp(hr.emp[])'::regprocedure;",
      'ALTER TABLE hr.x ALTER COLUMN a SET DEFAULT \'hr.emp(hr."Staff"[])\'::regprocedure;',
    ],
    [
      "CREATE FUNCTION hr.emp(emp hr.emp, n hr.emp.emp%TYPE) RETURNS SETOF hr.emp LANGUAGE sql AS 'select 1';",
      'CREATE FUNCTION hr.emp(emp hr."Staff", n hr."Staff".emp%TYPE) RETURNS SETOF hr."Staff" LANGUAGE sql AS \'select 1\';',
    ],
    [
      'CREATE TRIGGER emp AFTER INSERT ON hr.emp FOR EACH ROW WHEN ((new.emp > 1)) EXECUTE FUNCTION hr.emp();',
      'CREATE TRIGGER emp AFTER INSERT ON hr."Staff" FOR EACH ROW WHEN ((new.emp > 1)) EXECUTE FUNCTION hr.emp();',
    ],
    [
      'ALTER PUBLICATION emp ADD TABLE ONLY hr.emp (emp) WHERE ((emp > 1));',
      'ALTER PUBLICATION emp ADD TABLE ONLY hr."Staff" (emp) WHERE ((emp > 1));',
    ],
    [
      'CREATE STATISTICS hr.emp ON a, emp FROM hr.emp;',
      'CREATE STATISTICS hr.emp ON a, emp FROM hr."Staff";',
    ],
    // Queries know the table by its old name.
    [
      'CREATE VIEW hr.v AS SELECT emp.id, (emp.*)::hr.emp AS emp, hr.emp(emp.*) AS f FROM hr.emp;',
      'CREATE VIEW hr.v AS SELECT emp.id, (emp.*)::hr."Staff" AS emp, hr.emp(emp.*) AS f FROM hr."Staff" AS emp;',
    ],
    [
      'CREATE VIEW hr.v AS SELECT e.id FROM hr.emp e UNION SELECT emp.id FROM ONLY fin.emp;',
      'CREATE VIEW hr.v AS SELECT e.id FROM hr."Staff" e UNION SELECT emp.id FROM ONLY fin.spent AS emp;',
    ],
    [
      'CREATE VIEW hr.v AS WITH emp AS (SELECT dept.a FROM hr.dept) SELECT emp.a FROM (emp JOIN hr.dept ON (emp.a = dept.a)) FOR UPDATE OF dept;',
      'CREATE VIEW hr.v AS WITH emp AS (SELECT dept.a FROM hr.emp AS dept) SELECT emp.a FROM (emp JOIN hr.emp AS dept ON (emp.a = dept.a)) FOR UPDATE OF dept;',
    ],
    [
      'CREATE VIEW hr.v AS SELECT emp.a FROM hr.emp TABLESAMPLE system (10) WHERE (EXISTS (SELECT 1 FROM hr.dept WHERE dept.a = emp.a));',
      'CREATE VIEW hr.v AS SELECT emp.a FROM hr."Staff" AS emp TABLESAMPLE system (10) WHERE (EXISTS (SELECT 1 FROM hr.emp AS dept WHERE dept.a = emp.a));',
    ],
    [
      'CREATE RULE emp AS ON UPDATE TO hr.emp DO INSTEAD UPDATE hr.emp SET emp = new.emp WHERE (emp.id = old.id);',
      'CREATE RULE emp AS ON UPDATE TO hr."Staff" DO INSTEAD UPDATE hr."Staff" AS emp SET emp = new.emp WHERE (emp.id = old.id);',
    ],
    [
      'CREATE RULE r AS ON INSERT TO hr.v DO INSTEAD INSERT INTO hr.emp (emp) VALUES (new.emp) ON CONFLICT (emp) DO UPDATE SET emp = emp.emp RETURNING emp.emp;',
      'CREATE RULE r AS ON INSERT TO hr.v DO INSTEAD INSERT INTO hr."Staff" AS emp (emp) VALUES (new.emp) ON CONFLICT (emp) DO UPDATE SET emp = emp.emp RETURNING emp.emp;',
    ],
    [
      'CREATE RULE r AS ON DELETE TO hr.v DO INSTEAD DELETE FROM hr.emp USING hr.dept WHERE (emp.id = dept.id);',
      'CREATE RULE r AS ON DELETE TO hr.v DO INSTEAD DELETE FROM hr."Staff" AS emp USING hr.emp AS dept WHERE (emp.id = dept.id);',
    ],
    [
      'CREATE FUNCTION hr.f() RETURNS void LANGUAGE sql BEGIN ATOMIC MERGE INTO hr.emp USING hr.dept ON (emp.a = dept.a) WHEN MATCHED THEN DELETE; END;',
      'CREATE FUNCTION hr.f() RETURNS void LANGUAGE sql BEGIN ATOMIC MERGE INTO hr."Staff" AS emp USING hr.emp AS dept ON (emp.a = dept.a) WHEN MATCHED THEN DELETE; END;',
    ],
    // Expressions on the table itself know it by its new one.
    [
      'CREATE TABLE hr.emp (a integer, CHECK ((emp.* IS NOT NULL)));',
      'CREATE TABLE hr."Staff" (a integer, CHECK (("Staff".* IS NOT NULL)));',
    ],
    [
      'CREATE INDEX i ON hr.emp USING btree (hr.emp(emp.*));',
      'CREATE INDEX i ON hr."Staff" USING btree (hr.emp("Staff".*));',
    ],
    [
      'CREATE POLICY p ON hr.emp USING ((EXISTS ( SELECT 1 FROM hr.dept d WHERE (d.id = emp.dept))));',
      'CREATE POLICY p ON hr."Staff" USING ((EXISTS ( SELECT 1 FROM hr.emp d WHERE (d.id = "Staff".dept))));',
    ],
    [
      'ALTER PUBLICATION p ADD TABLE ONLY hr.emp WHERE ((emp.a > 1));',
      'ALTER PUBLICATION p ADD TABLE ONLY hr."Staff" WHERE (("Staff".a > 1));',
    ],
    // Other things of the name.
    [
      'CREATE VIEW fin.v AS SELECT hr.emp(1), x COLLATE hr.emp FROM other.emp;',
      'CREATE VIEW fin.v AS SELECT hr.emp(1), x COLLATE hr.emp FROM other.emp;',
    ],
    [
      'CREATE OPERATOR CLASS hr.emp FOR TYPE hr.emp USING btree AS STORAGE hr.emp;',
      'CREATE OPERATOR CLASS hr.emp FOR TYPE hr."Staff" USING btree AS STORAGE hr."Staff";',
    ],
  ];
  for (const [sql, expected] of cases) {
    test(sql, async () => {
      assert.equal(await remapOne(sql, { tables }), expected);
    });
  }

  test('refuses names that would mean something else', async () => {
    for (const sql of [
      // Which emp is meant within?
      'CREATE POLICY p ON hr.emp USING ((EXISTS ( SELECT 1 FROM hr.emp WHERE (emp.id = 1))));',
      // The new name is an alias within.
      'CREATE POLICY p ON hr.emp USING ((EXISTS ( SELECT 1 FROM hr.x "Staff" WHERE ("Staff".id = emp.id))));',
      'CREATE VIEW hr.v AS SELECT hr.emp.id FROM hr.emp;',
    ]) {
      await assert.rejects(remapOne(sql, { tables }), { code: 'remap-impossible' });
    }
  });

  test('goes together with a remap of schemas', async () => {
    const { objects } = await remapObjects(
      [
        object('TABLE', 'emp', 'CREATE TABLE hr.emp (id integer);'),
        object('SEQUENCE', 'emp', 'CREATE SEQUENCE fin.emp;', { schema: 'fin', table: 'dept' }),
        object('CONSTRAINT', 'emp', 'ALTER TABLE ONLY hr.emp ADD CONSTRAINT emp PRIMARY KEY (id);', {
          table: 'emp',
        }),
        object('COMMENT', 'emp', "COMMENT ON TABLE hr.emp IS 'hr.emp';", { table: 'emp' }),
        object(
          'FUNCTION',
          'f(hr.emp)',
          "CREATE FUNCTION hr.f(hr.emp) RETURNS integer LANGUAGE sql AS 'select 1 from emp';",
        ),
      ],
      {
        ...none,
        schemas: [
          { source: 'hr', target: 'fin' },
          { source: 'fin', target: 'hr' },
        ],
        tables: [{ schema: 'hr', name: 'emp', target: 'staff' }],
      },
    );
    assert.deepEqual(
      objects.map(({ schema, name, table, sql }) => [schema, name, table, sql]),
      [
        ['fin', 'staff', null, 'CREATE TABLE fin.staff (id integer);'],
        ['hr', 'emp', 'dept', 'CREATE SEQUENCE hr.emp;'],
        ['fin', 'emp', 'staff', 'ALTER TABLE ONLY fin.staff ADD CONSTRAINT emp PRIMARY KEY (id);'],
        ['fin', 'staff', 'staff', "COMMENT ON TABLE fin.staff IS 'hr.emp';"],
        [
          'fin',
          'f(fin.staff)',
          null,
          "CREATE FUNCTION fin.f(fin.staff) RETURNS integer LANGUAGE sql AS 'select 1 from emp';",
        ],
      ],
    );
  });

  test('lists the bodies and strings that still say the old name', async () => {
    const { leftAlone } = await remapObjects(
      [
        object(
          'FUNCTION',
          'f()',
          "CREATE FUNCTION hr.f() RETURNS void LANGUAGE sql AS 'select employee from emp';",
        ),
        object('FUNCTION', 'g()', "CREATE FUNCTION hr.g() RETURNS void LANGUAGE sql AS 'select employee';"),
        object('COMMENT', 'x', "COMMENT ON VIEW hr.x IS 'of hr.emp';"),
        object('VIEW', 'x', "CREATE VIEW hr.x AS SELECT 'hr . \"emp\"', 'emp';"),
      ],
      { ...none, tables },
    );
    assert.deepEqual(leftAlone, [
      'FUNCTION hr.f(): the function body names the table hr.emp, and was left as it is.',
      'FUNCTION hr.f(): the function body names the table fin.emp, and was left as it is.',
      'VIEW hr.x: a string names the table hr.emp, and was left as it is.',
    ]);
  });

  test('refuses a name that is taken in the set', async () => {
    const table = (name: string): DdlObject => object('TABLE', name, `CREATE TABLE hr.${name} ();`);
    const to = (target: string) => ({ ...none, tables: [{ schema: 'hr', name: 'emp', target }] });
    const view = object('VIEW', 'v', 'CREATE VIEW hr.v AS SELECT 1;');
    const type = object('TYPE', 'ty', 'CREATE TYPE hr.ty AS ENUM ();');
    const index = object('INDEX', 'i', 'CREATE INDEX i ON hr.dept USING btree (a);', { table: 'dept' });
    const objects = [table('emp'), table('dept'), view, type, index];
    for (const target of ['dept', 'v', 'ty', 'i']) {
      await assert.rejects(remapObjects(objects, to(target)), {
        code: 'object-exists',
        field: 'remap_tables',
      });
    }
    const swapped = [
      { schema: 'hr', name: 'emp', target: 'dept' },
      { schema: 'hr', name: 'dept', target: 'emp' },
    ];
    assert.equal((await remapObjects(objects, { ...none, tables: swapped })).objects[0]?.name, 'dept');
    await assert.rejects(
      remapObjects([view, { ...view, schema: 'fin', sql: 'CREATE VIEW fin.v AS SELECT 1;' }], {
        ...none,
        schemas: [{ source: 'fin', target: 'hr' }],
      }),
      { code: 'object-exists', field: 'remap_schemas' },
    );
  });
});

describe('remap of roles and tablespaces', () => {
  const remaps = {
    owners: [
      { source: 'old', target: 'New One' },
      { source: 'Other', target: 'other' },
    ],
    tablespaces: [{ source: 'fast', target: "ss'd" }],
  };
  const cases: readonly (readonly [sql: string, expected: string])[] = [
    ['ALTER TABLE hr.old OWNER TO old;', 'ALTER TABLE hr.old OWNER TO "New One";'],
    [
      'ALTER FUNCTION hr.old(old hr.old) OWNER TO "Other";',
      'ALTER FUNCTION hr.old(old hr.old) OWNER TO other;',
    ],
    [
      'GRANT SELECT(old) ON TABLE hr.old TO old, PUBLIC, "Other" WITH GRANT OPTION GRANTED BY old;',
      'GRANT SELECT(old) ON TABLE hr.old TO "New One", PUBLIC, other WITH GRANT OPTION GRANTED BY "New One";',
    ],
    ['REVOKE ALL ON SCHEMA old FROM old;', 'REVOKE ALL ON SCHEMA old FROM "New One";'],
    [
      'SET SESSION AUTHORIZATION old;\nGRANT SELECT ON TABLE hr.t TO x;\nRESET SESSION AUTHORIZATION;',
      'SET SESSION AUTHORIZATION "New One";\nGRANT SELECT ON TABLE hr.t TO x;\nRESET SESSION AUTHORIZATION;',
    ],
    ["SET SESSION AUTHORIZATION 'old';", "SET SESSION AUTHORIZATION 'New One';"],
    [
      'CREATE POLICY old ON hr.old TO old, CURRENT_USER USING ((old = 1));',
      'CREATE POLICY old ON hr.old TO "New One", CURRENT_USER USING ((old = 1));',
    ],
    [
      'ALTER DEFAULT PRIVILEGES FOR ROLE old IN SCHEMA old GRANT SELECT ON TABLES TO "Other";',
      'ALTER DEFAULT PRIVILEGES FOR ROLE "New One" IN SCHEMA old GRANT SELECT ON TABLES TO other;',
    ],
    ['CREATE USER MAPPING FOR old SERVER old;', 'CREATE USER MAPPING FOR "New One" SERVER old;'],
    ['CREATE SCHEMA old AUTHORIZATION old;', 'CREATE SCHEMA old AUTHORIZATION "New One";'],
    [
      "ALTER TABLE hr.t ALTER COLUMN a SET DEFAULT 'old'::regrole;",
      'ALTER TABLE hr.t ALTER COLUMN a SET DEFAULT \'"New One"\'::regrole;',
    ],
    [
      'CREATE ROLE old WITH LOGIN;\nALTER ROLE old SET search_path TO old;\nGRANT "Other" TO old GRANTED BY old;\nCOMMENT ON ROLE old IS \'old\';',
      'CREATE ROLE "New One" WITH LOGIN;\nALTER ROLE "New One" SET search_path TO old;\nGRANT other TO "New One" GRANTED BY "New One";\nCOMMENT ON ROLE "New One" IS \'old\';',
    ],
    [
      "SET default_tablespace = 'fast';\nCREATE TABLE hr.fast (fast integer);\nSET default_tablespace = '';",
      "SET default_tablespace = 'ss''d';\nCREATE TABLE hr.fast (fast integer);\nSET default_tablespace = '';",
    ],
    ['SET default_tablespace = fast;', 'SET default_tablespace = "ss\'d";'],
    [
      'CREATE TABLE hr.fast (a integer PRIMARY KEY USING INDEX TABLESPACE fast) TABLESPACE fast;',
      'CREATE TABLE hr.fast (a integer PRIMARY KEY USING INDEX TABLESPACE "ss\'d") TABLESPACE "ss\'d";',
    ],
    [
      'CREATE INDEX fast ON hr.fast USING btree (fast) TABLESPACE fast;',
      'CREATE INDEX fast ON hr.fast USING btree (fast) TABLESPACE "ss\'d";',
    ],
    [
      'CREATE MATERIALIZED VIEW hr.fast TABLESPACE fast AS SELECT 1 AS fast;',
      'CREATE MATERIALIZED VIEW hr.fast TABLESPACE "ss\'d" AS SELECT 1 AS fast;',
    ],
    ['ALTER TABLE hr.fast SET TABLESPACE fast;', 'ALTER TABLE hr.fast SET TABLESPACE "ss\'d";'],
    [
      "CREATE TABLESPACE fast LOCATION '/fast';\nALTER TABLESPACE fast OWNER TO old;\nGRANT CREATE ON TABLESPACE fast TO old;\nCOMMENT ON TABLESPACE fast IS 'x';",
      'CREATE TABLESPACE "ss\'d" LOCATION \'/fast\';\nALTER TABLESPACE "ss\'d" OWNER TO "New One";\nGRANT CREATE ON TABLESPACE "ss\'d" TO "New One";\nCOMMENT ON TABLESPACE "ss\'d" IS \'x\';',
    ],
  ];
  for (const [sql, expected] of cases) {
    test(sql, async () => {
      assert.equal(await remapOne(sql, remaps), expected);
    });
  }

  test('owners of objects, and strings that are a role', async () => {
    const { objects, leftAlone } = await remapObjects(
      [
        object('TABLE', 't', 'CREATE TABLE hr.t ();', { owner: 'old' }),
        object('POLICY', 'p', "CREATE POLICY p ON hr.t USING (pg_has_role('old', 'x'));", {
          owner: 'you',
          table: 't',
        }),
      ],
      { ...none, ...remaps },
    );
    assert.deepEqual(
      objects.map(({ owner }) => owner),
      ['New One', 'you'],
    );
    assert.deepEqual(leftAlone, ['POLICY hr.p: a string names the role old, and was left as it is.']);
  });

  test('roles and tablespaces are made once, and those of PostgreSQL never', async () => {
    const role = (name: string): DdlObject => object('ROLE', name, `CREATE ROLE ${name};`, { schema: null });
    const space = object('TABLESPACE', 'fast', "CREATE TABLESPACE fast LOCATION '';", { schema: null });
    const { objects } = await remapObjects([role('a'), role('b'), role('c'), role('d'), space], {
      ...none,
      owners: [
        { source: 'a', target: 'x' },
        { source: 'b', target: 'x' },
        { source: 'c', target: 'd' },
      ],
      tablespaces: [{ source: 'fast', target: 'pg_default' }],
    });
    assert.deepEqual(
      objects.map(({ name, sql }) => [name, sql]),
      [
        ['x', 'CREATE ROLE x;'],
        ['d', 'CREATE ROLE d;'],
      ],
    );
  });
});

test('names that PostgreSQL does not take, and its own, are refused by field', async () => {
  const pair = (source: string, target: string) => [{ source, target }];
  const table = (target: string) => [{ schema: 'hr', name: 'emp', target }];
  for (const [field, remaps] of [
    ['remap_tables', { tables: table('') }],
    ['remap_tables', { tables: table('é'.repeat(32)) }],
    ['remap_tablespaces', { tablespaces: pair('pg_default', 'x') }],
    ['remap_tablespaces', { tablespaces: pair('x', 'pg_global') }],
    ['remap_owner', { owners: pair('pg_monitor', 'x') }],
    ['remap_owner', { owners: pair('x', 'pg_monitor') }],
    ['remap_owner', { owners: pair('x', 'public') }],
    ['remap_owner', { owners: pair('x', 'none') }],
    ['remap_owner', { owners: pair('x', 'a\0b') }],
  ] as const) {
    await assert.rejects(remapObjects([], { ...none, ...remaps }), { code: 'field-invalid', field });
  }
  await remapObjects([], { ...none, tablespaces: pair('x', 'pg_default'), tables: table('pg_x') });
});
