import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadSqlParser } from '../ddl/statements.ts';
import { type ReadStep, readStep, readSteps } from './script-step.ts';
import { type StatementKind, TemporaryNames } from './step-kind.ts';

before(() => loadSqlParser());

describe('the steps of a script', () => {
  const told = (script: string) =>
    readSteps(script).map(({ step: { line, title, text } }) => [line, title, text]);

  it('are its statements, with line and title', () => {
    assert.deepEqual(told(''), []);
    assert.deepEqual(told(' -- nothing;\n /* ; */ ;;'), []);
    assert.deepEqual(
      told(`-- größe;
INSERT INTO hr.emp (id, note) VALUES (1, 'it''s; fine'); -- behind
;
/* a comment; */ UPDATE "Größe"."t;" SET secret = 'x;y' WHERE id = 1;
  CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ SELECT 1; SELECT 2; $body$;
CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; DO $$ BEGIN; END $$;
ALTER ROLE ann PASSWORD 'secret'; SELECT E'\\';' -- the end`),
      [
        [2, 'INSERT INTO hr.emp', `INSERT INTO hr.emp (id, note) VALUES (1, 'it''s; fine')`],
        [4, 'UPDATE "Größe"."t;" SET secret', `UPDATE "Größe"."t;" SET secret = 'x;y' WHERE id = 1`],
        [
          5,
          'CREATE FUNCTION f',
          'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ SELECT 1; SELECT 2; $body$',
        ],
        [6, 'CREATE FUNCTION g', 'CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END'],
        [6, 'DO', 'DO $$ BEGIN; END $$'],
        [7, 'ALTER ROLE ann PASSWORD', `ALTER ROLE ann PASSWORD 'secret'`],
        [7, 'SELECT', `SELECT E'\\';' -- the end`],
      ],
    );
  });

  it('are whole transactions where the script has them', () => {
    const script = `SELECT 1;
BEGIN ISOLATION LEVEL SERIALIZABLE; -- why
  INSERT INTO t VALUES (1) -- no semicolon here
  ; SAVEPOINT a;
  ROLLBACK TO a;
END;
START TRANSACTION; DELETE FROM t; ROLLBACK; BEGIN; COMMIT`;
    const steps = readSteps(script);
    assert.deepEqual(
      steps.map(({ step, end, statements }) => [
        step.line,
        step.title,
        end,
        statements.map(({ line }) => line),
      ]),
      [
        [1, 'SELECT', 'COMMIT', [1]],
        [2, 'BEGIN … COMMIT, 3 statements', 'COMMIT', [3, 4, 5]],
        [7, 'BEGIN … ROLLBACK, 1 statement', 'ROLLBACK', [7]],
        [7, 'BEGIN … COMMIT, 0 statements', 'COMMIT', []],
      ],
    );
    assert.equal(steps[1]?.begin, 'BEGIN ISOLATION LEVEL SERIALIZABLE');
    // A step from a store is read again from its text.
    for (const read of steps) {
      const again = readStep(JSON.parse(JSON.stringify(read.step)));
      const shown = ({ begin, end, statements }: ReadStep) => [
        begin,
        end,
        statements.map(({ sql, line }) => [sql, line]),
      ];
      assert.deepEqual(shown(again), shown(read));
    }
  });

  const refused: Readonly<Record<string, RegExp>> = {
    'SELECT 1;\nSELEC 2': /^Line 2: syntax error at or near "SELEC"\.$/,
    "SELECT 1;\n\nALTER ROLE ann PASSWORD 'secret": /^Line 3: unterminated quoted string\.$/,
    "SELECT 'ä';\nALTER ROLE ann PASSWORD PASSWORD 'secret'":
      /^Line 2: syntax error at or near "PASSWORD"\.$/,
    "SELECT 1 'secret'": /^Line 1: syntax error\.$/,
    'SELECT 1;\n/* open': /^Line 2: unterminated \/\* comment\.$/,
    'SELECT 1;\n\n\\copy t from file': /^Line 3: \\copy is a command of psql, and none of the database\.$/,
    "SELECT 'größe 🎉';\n\\d": /^Line 2: \\d is a command of psql/,
    'SELECT 1 \\gexec': /^Line 1: \\gexec is a command of psql/,
    'SELECT 1;\nCOPY t FROM stdin;\n1\t2\n\\.\n':
      /^Line 2: COPY moves rows between the database and its client/,
    'COPY t TO STDOUT': /^Line 1: COPY moves rows/,
    "COPY t FROM '/etc/passwd'": /^Line 1: COPY reads or writes a file of the server\.$/,
    "COPY (SELECT 1) TO '/tmp/x'": /a file of the server/,
    "/**/COPY t FROM PROGRAM 'id'": /^Line 1: COPY runs a program on the server\.$/,
    "BEGIN; COPY t TO PROGRAM 'id'; COMMIT": /COPY runs a program/,
    "ALTER SYSTEM SET work_mem = '1GB'": /ALTER SYSTEM changes the whole server/,
    "LOAD 'auto_explain'": /LOAD brings a library/,
    'SET SESSION AUTHORIZATION ann': /somebody else’s/,
    "SET NAMES 'latin1'": /scripts are sent as UTF-8/,
    'SET client_encoding TO sjis': /scripts are sent as UTF-8/,
    'SET standard_conforming_strings = off': /decides where statements end/,
    'DELETE FROM _pumphouse.receipt': /_pumphouse belongs to the jobs/,
    'DROP SCHEMA U&"_pumphous\\0065" CASCADE': /_pumphouse belongs to the jobs/,
    'BEGIN; SELECT 1': /^Line 1: the transaction that begins here has no COMMIT\.$/,
    'BEGIN;\nBEGIN; COMMIT': /^Line 2: a transaction begins within another one\.$/,
    'SELECT 1; COMMIT': /COMMIT stands outside of a transaction/,
    ROLLBACK: /ROLLBACK stands outside/,
    'SAVEPOINT a': /SAVEPOINT a stands outside/,
    'SET TRANSACTION READ ONLY': /SET TRANSACTION stands outside/,
    'BEGIN; COMMIT AND CHAIN; COMMIT': /COMMIT AND CHAIN is not understood/,
    "BEGIN; PREPARE TRANSACTION 'x'": /two-phase commit is not for scripts/,
    "COMMIT PREPARED 'x'": /two-phase commit/,
    'SELECT 1;\n\0SELECT 2': /^Line 2: there is a zero byte\.$/,
    [`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`]: /nested too deep/,
  };

  it('are refused for what is no statement, and for what would leave the database, with the line', () => {
    for (const [script, message] of Object.entries(refused)) {
      assert.throws(() => readSteps(script), { code: 'script-invalid', message }, script.slice(0, 100));
    }
  });

  it('may hold what the server decides about', () => {
    for (const script of [
      `DO $$ BEGIN EXECUTE 'COPY t TO PROGRAM $x$id$x$'; END $$`,
      `SELECT dblink_exec('host=x', 'DELETE FROM t')`,
      `SELECT '\\copy'; -- \\copy`,
      `SET client_encoding = 'UTF8'; SET NAMES 'utf-8'; SET standard_conforming_strings = on; RESET client_encoding`,
      `SELECT '_pumphouse'; VACUUM t; CREATE DATABASE x; SET ROLE ann; LISTEN x`,
    ]) {
      assert.ok(readSteps(script).length > 0);
    }
  });
});

describe('what stays of a step', () => {
  /** Of each step of a script, one after the other as a session runs them. */
  const kinds = (script: string): readonly StatementKind[] => {
    const names = new TemporaryNames();
    return readSteps(script).map((read) => {
      const kind = names.kindOf(read);
      names.learn(read);
      return kind;
    });
  };

  it('is nothing of settings', () => {
    for (const script of [
      'SET search_path = hr; SET LOCAL x.y = 1; RESET ALL; SHOW work_mem; SET ROLE ann',
      'PREPARE p AS INSERT INTO t VALUES ($1); DEALLOCATE p; LISTEN a; UNLISTEN a; DISCARD PLANS',
      `SELECT pg_catalog.set_config('search_path', '', false), set_config('a.b', 'c', false)`,
      'BEGIN; SET search_path = hr; COMMIT',
    ]) {
      assert.deepEqual(new Set(kinds(script)), new Set(['setting']), script);
    }
  });

  it('is lasting for all the rest, functions and data among them', () => {
    for (const script of [
      'INSERT INTO t VALUES (1)',
      'SELECT f()',
      `SELECT set_config('a', 'b', false) FROM f()`,
      'WITH x AS (DELETE FROM t RETURNING 1) SELECT 1',
      'EXECUTE p(1)',
      'DO $$ BEGIN END $$',
      'DROP TABLE t',
      'BEGIN; SET search_path = hr; INSERT INTO t VALUES (1); COMMIT',
    ]) {
      assert.deepEqual(kinds(script), ['lasting'], script);
    }
  });

  it('is nothing of temporary tables, for as long as they are there', () => {
    const script = `CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); CREATE INDEX ON t (a); TRUNCATE t; SELECT 1 INTO TEMP u;
      CREATE TABLE pg_temp.v AS SELECT 1; UPDATE pg_temp.v SET a = 1; INSERT INTO public.t VALUES (1);
      WITH x AS (DELETE FROM real RETURNING 1) INSERT INTO t SELECT * FROM x; INSERT INTO real SELECT * FROM t;
      ALTER TABLE t RENAME TO w; INSERT INTO t VALUES (1); INSERT INTO w VALUES (1); DROP TABLE u, real; DROP TABLE w;
      INSERT INTO w VALUES (1); CREATE TEMP TABLE x (a int) ON COMMIT DROP; INSERT INTO x VALUES (1);
      BEGIN; CREATE TEMP TABLE y ON COMMIT DROP AS SELECT 1; INSERT INTO y VALUES (1); DROP TABLE y; COMMIT; INSERT INTO y VALUES (1);
      BEGIN; CREATE TEMP TABLE z (a int); ROLLBACK; INSERT INTO z VALUES (1); DISCARD TEMP; INSERT INTO v VALUES (1)`;
    const [t, l, s] = ['temporary', 'lasting', 'setting'];
    assert.deepEqual(kinds(script), [
      ...[t, t, t, t, t],
      ...[t, t, l],
      ...[l, l],
      ...[t, l, t, l, t],
      ...[l, t, l],
      ...[t, l],
      ...[t, l, s, l],
    ]);
  });
});
