import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startApp } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { basic, checkTranscript } from '../harness/transcript.ts';

/*
 * The published cases P1 to P4 against a real PostgreSQL: the pool and alias of the published addresses, Oracle's capitals on
 * PostgreSQL's small letters, and a tablespace USERS.
 */

const sample = `
  CREATE SCHEMA scott;
  CREATE TABLE scott.dept (deptno integer PRIMARY KEY, dname text NOT NULL) TABLESPACE users;
  CREATE TABLE scott.emp (empno integer PRIMARY KEY, ename text NOT NULL, deptno integer REFERENCES scott.dept)
    TABLESPACE users;
  CREATE TABLE scott.emp_bonus (empno integer NOT NULL, bonus numeric(8,2)) TABLESPACE users;
  CREATE TABLE scott.emp_leave (empno integer NOT NULL, day date, reason text);
  INSERT INTO scott.dept SELECT i, 'department ' || i FROM generate_series(1, 4) i;
  INSERT INTO scott.emp SELECT i, 'employee ' || i, 1 + i % 4 FROM generate_series(1, 14) i;
  INSERT INTO scott.emp_bonus SELECT i, i * 100.5 FROM generate_series(1, 100) i;
  INSERT INTO scott.emp_leave SELECT i, date '2026-01-01' + i, repeat('rest ', 20) FROM generate_series(1, 200) i;
  CREATE SCHEMA hr;
  CREATE TABLE hr.regions (region_id integer PRIMARY KEY, region_name text);
  CREATE TABLE hr.countries (country_id char(2) PRIMARY KEY, region_id integer REFERENCES hr.regions);
  INSERT INTO hr.regions VALUES (1, 'Europe'), (2, 'Americas');
  INSERT INTO hr.countries VALUES ('FR', 1), ('IT', 1), ('BR', 2);
  ANALYZE;
`;

describe('the published cases', () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ version: 17, settings: { allow_in_place_tablespaces: 'on' } });
    await server.query('postgres', "CREATE TABLESPACE users LOCATION ''");
  });
  after(() => server[Symbol.asyncDispose]());

  for (const name of ['p1-tables', 'p2-older-export', 'p3-older-import', 'p4-import']) {
    it(name, async () => {
      const database = await server.createDatabase();
      await server.query(database, sample);
      const user = { name: 'pdbadmin', role: 'SQL Developer', password: 'Lantern7' };
      await using app = await startApp({ databases: { orcl: server.url(database) }, users: [user] });
      await checkTranscript(`ords/${name}`, { origin: app.origin, authorization: basic(user) });
      assert.deepEqual(await failures(app.origin, basic(user)), []);
    });
  }
});

/** Names and reasons of the jobs that did not end well. */
async function failures(origin: string, authorization: string): Promise<readonly string[]> {
  const url = `${origin}/ords/orcl/pdbadmin/_/db-api/stable/database/datapump/jobs/`;
  const response = await fetch(url, { headers: { authorization } });
  const { items } = (await response.json()) as {
    readonly items: readonly {
      readonly job_name: string;
      readonly error_count: number;
      readonly failure_message: string | null;
    }[];
  };
  return items
    .filter(({ error_count, failure_message }) => error_count > 0 || failure_message !== null)
    .map(({ job_name, failure_message }) => `${job_name}: ${failure_message}`);
}
