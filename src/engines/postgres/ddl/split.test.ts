import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { splitDump } from './split.ts';

const header = (type: string, name: string, schema: string | null, owner: string | null, rest = ''): string =>
  `--\n-- Name: ${name}; Type: ${type}; Schema: ${schema ?? '-'}; Owner: ${owner ?? '-'}${rest}\n--\n\n`;
const preamble =
  "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\n";
const trailer = '--\n-- PostgreSQL database dump complete\n--\n\n';
const dump = (...pieces: readonly string[]): string => `${preamble}${pieces.join('\n\n')}\n\n${trailer}`;

const brief = async (text: string) =>
  (await splitDump(text)).map(({ section, type, schema, name, table, owner }) => [
    section,
    type,
    schema,
    name,
    table,
    owner,
  ]);
const sqlOf = async (text: string) => (await splitDump(text)).map(({ sql }) => sql);

describe('splitDump', () => {
  test('an empty dump has no objects', async () => {
    assert.deepEqual(await splitDump(dump()), []);
    assert.deepEqual(await splitDump(''), []);
  });

  test('headers inside of strings, bodies, names and comments are none', async () => {
    const fake = `\n--\n-- Name: fake; Type: TABLE; Schema: app; Owner: me\n--\n\nCREATE TABLE app.fake ();\n`;
    const statements = [
      `CREATE FUNCTION app.f() RETURNS text\n    LANGUAGE sql\n    AS $_$${fake}$$ $_X$ $_$;`,
      `CREATE FUNCTION app.g() RETURNS text\n    LANGUAGE sql\n    AS '${fake} '' ''';`,
      `COMMENT ON FUNCTION app.f() IS '${fake}${fake}';`,
      `CREATE TABLE app."${fake}" (\n    a text DEFAULT 'é;''${fake}'\n);`,
      `CREATE VIEW app.v AS\n SELECT 1 /* ${fake} /* nested ${fake} */ ; */ AS a;`,
      `CREATE TABLE app.last (\n    a integer\n);`,
    ];
    const types = ['FUNCTION', 'FUNCTION', 'COMMENT', 'TABLE', 'VIEW', 'TABLE'];
    const pieces = statements.map((sql, i) => header(types[i] ?? '', 'any', 'app', 'me') + sql);
    assert.deepEqual(await sqlOf(dump(...pieces)), statements);
  });

  test('a name that looks like the rest of a header', async () => {
    const name = 'x; Type: VIEW; Schema: app; Owner: you';
    const owner = 'r; Type: VIEW; Schema: app; Owner: q';
    assert.deepEqual(
      await brief(
        dump(
          `${header('TABLE', name, 'app', 'me')}CREATE TABLE app."${name}" ();`,
          `${header('TABLE', 't', 'app', owner)}CREATE TABLE app.t ();`,
          `${header('INDEX', 'i', 'a; Owner: b', 'me')}CREATE INDEX i ON "a; Owner: b".t USING btree (a);`,
        ),
      ),
      [
        ['pre', 'TABLE', 'app', name, null, 'me'],
        ['pre', 'TABLE', 'app', 't', null, owner],
        ['post', 'INDEX', 'a; Owner: b', 'i', 't', 'me'],
      ],
    );
  });

  test('what can fail by itself is an object by itself', async () => {
    const text = dump(
      `${header('TABLE', 't', 'app', 'me')}CREATE TABLE app.t (\n    a integer\n);\n\nALTER TABLE ONLY app.t ALTER COLUMN a SET STATISTICS 5;\n\n\nALTER TABLE app.t OWNER TO me;`,
      `${header('INDEX', 'i', 'app', 'me')}CREATE UNIQUE INDEX i ON app.t USING btree (a);\n\nALTER TABLE app.t CLUSTER ON i;\n\n\nALTER TABLE ONLY app.t REPLICA IDENTITY USING INDEX i;`,
      `${header('ACL', 'TABLE t', 'app', 'me')}GRANT SELECT ON TABLE app.t TO a;\nSET SESSION AUTHORIZATION a;\nGRANT SELECT ON TABLE app.t TO b;\nRESET SESSION AUTHORIZATION;\nGRANT INSERT ON TABLE app.t TO c;`,
    );
    assert.deepEqual(await brief(text), [
      ['pre', 'TABLE', 'app', 't', null, 'me'],
      ['pre', 'OWNER', 'app', 't', 't', 'me'],
      ['post', 'INDEX', 'app', 'i', 't', 'me'],
      ['post', 'CLUSTER ON', 'app', 'i', 't', 'me'],
      ['post', 'REPLICA IDENTITY', 'app', 'i', 't', 'me'],
      ['post', 'ACL', 'app', 't', 't', 'me'],
      ['post', 'ACL', 'app', 't', 't', 'me'],
      ['post', 'ACL', 'app', 't', 't', 'me'],
    ]);
    assert.deepEqual(await sqlOf(text), [
      'CREATE TABLE app.t (\n    a integer\n);\nALTER TABLE ONLY app.t ALTER COLUMN a SET STATISTICS 5;',
      'ALTER TABLE app.t OWNER TO me;',
      'CREATE UNIQUE INDEX i ON app.t USING btree (a);',
      'ALTER TABLE app.t CLUSTER ON i;',
      'ALTER TABLE ONLY app.t REPLICA IDENTITY USING INDEX i;',
      'GRANT SELECT ON TABLE app.t TO a;',
      'SET SESSION AUTHORIZATION a;\nGRANT SELECT ON TABLE app.t TO b;\nRESET SESSION AUTHORIZATION;',
      'GRANT INSERT ON TABLE app.t TO c;',
    ]);
  });

  test('storage settings go into the objects that they are for', async () => {
    const text = dump(
      `${header('TYPE', 'e', 'app', 'me')}CREATE TYPE app.e AS ENUM ();\n\nSET default_tablespace = 'it''s';\n\nSET default_table_access_method = zheap;`,
      `${header('TABLE', 't', 'app', 'me', '; Tablespace: it')}CREATE TABLE app.t ();\n\nSET default_tablespace = '';`,
      `${header('VIEW', 'v', 'app', 'me')}CREATE VIEW app.v AS SELECT 1;\n\nSET default_table_access_method = heap;`,
      `${header('TABLE', 'u', 'app', 'me')}CREATE TABLE app.u ();`,
    );
    assert.deepEqual(await sqlOf(text), [
      'CREATE TYPE app.e AS ENUM ();',
      "SET default_tablespace = 'it''s';\nSET default_table_access_method = 'zheap';\nCREATE TABLE app.t ();\nSET default_tablespace = '';\nSET default_table_access_method = 'heap';",
      'CREATE VIEW app.v AS SELECT 1;',
      'CREATE TABLE app.u ();',
    ]);
  });

  test('statements that this grammar does not know are kept as they are', async () => {
    const view = 'CREATE VIEW app.v AS\n SELECT (5 !) AS n;';
    const text = dump(
      `${header('VIEW', 'v', 'app', 'me')}${view}\n\n\nALTER VIEW app.v OWNER TO me;`,
      `${header('TABLE', 't', 'app', 'me')}CREATE TABLE app.t ();`,
    );
    assert.deepEqual(await sqlOf(text), [view, 'ALTER VIEW app.v OWNER TO me;', 'CREATE TABLE app.t ();']);
    assert.deepEqual((await brief(text))[0], ['pre', 'VIEW', 'app', 'v', null, 'me']);
  });

  test('after the first object that needs the data, everything does', async () => {
    const text = dump(
      `${header('TABLE', 't', 'app', 'me')}CREATE TABLE app.t ();`,
      `${header('CONSTRAINT', 't t_pkey', 'app', 'me')}ALTER TABLE ONLY app.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (a);`,
      `${header('VIEW', 'v', 'app', 'me')}CREATE VIEW app.v AS SELECT a, b FROM app.t GROUP BY a;`,
    );
    assert.deepEqual(
      (await splitDump(text)).map(({ section }) => section),
      ['pre', 'post', 'post'],
    );
  });

  test('a text that breaks off is an error', async () => {
    const text = `${preamble}\n${header('FUNCTION', 'f()', 'app', 'me')}CREATE FUNCTION app.f() AS $$ begin`;
    await assert.rejects(splitDump(text), { code: 'internal' });
  });
});
