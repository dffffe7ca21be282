import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { basic } from '../harness/transcript.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/*
 * The options that users of Data Pump miss most, on a real server through both doors: an export of some rows with hidden values, and an
 * import of them under another schema's name into tables that are emptied first.
 */

const source = `
  CREATE SCHEMA hr;
  CREATE TABLE hr.dept (deptno integer PRIMARY KEY, dname text NOT NULL);
  CREATE TABLE hr.emp (empno bigint PRIMARY KEY, ename text NOT NULL, email text UNIQUE, phone text, notes text,
    salary integer, deptno integer REFERENCES hr.dept);
  CREATE INDEX emp_salary ON hr.emp (salary);
  INSERT INTO hr.dept SELECT i, 'department ' || i FROM generate_series(1, 4) i;
  INSERT INTO hr.emp SELECT i, 'employee ' || i, 'mail' || i || '@example.net', '+4930' || (1000000 + i), 'secret ' || i,
    i * 10, 1 + i % 4 FROM generate_series(1, 1000) i;
  ANALYZE;
`;
/** What the target has before: the same tables under the new name, with other rows and an index less. */
const target = `
  CREATE SCHEMA hr_test;
  CREATE TABLE hr_test.dept (deptno integer PRIMARY KEY, dname text NOT NULL);
  CREATE TABLE hr_test.emp (empno bigint PRIMARY KEY, ename text NOT NULL, email text, phone text, notes text DEFAULT 'none',
    salary integer, deptno integer REFERENCES hr_test.dept);
  INSERT INTO hr_test.dept VALUES (99, 'old'), (1, 'old too');
  INSERT INTO hr_test.emp (empno, ename, deptno) VALUES (1, 'old', 99);
`;

describe('an export that chooses and hides, and an import that renames and empties', () => {
  let server: PostgresServer;
  let app: TestApp;
  let folder: TestFolder;
  const harbor = { name: 'harbor', role: 'SQL Administrator', password: 'Lantern7' };
  before(async () => {
    server = await startPostgres({ version: 17 });
    folder = await makeFolder();
    await server.createDatabase('shop');
    await server.query('shop', source);
    app = await startApp({ databases: { shop: server.url('shop') }, users: [harbor] });
  });
  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  /** A registered database with `sql` in it. */
  async function registered(name: string, sql: string): Promise<string> {
    const database = await server.createDatabase();
    if (sql !== '') await server.query(database, sql);
    const body = { name, url: server.url(database) };
    await app.json({ method: 'POST', path: '/api/v1/databases', body });
    return database;
  }
  const run = (...args: readonly string[]) => runCommand([...args, '--data', app.data]);
  async function ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
    return stdout;
  }
  const json = async (...args: readonly string[]) => JSON.parse(await ok(...args, '--json'));

  /** The rows are those asked for, their values are hidden, and what was there before is gone. */
  async function assertMoved(database: string): Promise<void> {
    const [counts] = await server.query(
      database,
      `SELECT count(*)::int AS rows, min(salary) AS lowest, count(DISTINCT email)::int AS emails,
         count(*) FILTER (WHERE email ~ '^[0-9a-f]{64}$')::int AS hashed,
         count(*) FILTER (WHERE phone ~ '^\\+4\\*+[0-9]{2}$')::int AS hidden,
         count(*) FILTER (WHERE notes LIKE 'secret%')::int AS secrets,
         (SELECT count(*)::int FROM hr_test.dept) AS departments,
         (SELECT count(*)::int FROM hr_test.dept WHERE dname LIKE 'old%') AS old
       FROM hr_test.emp`,
    );
    assert.deepEqual(counts, {
      rows: 500,
      lowest: 5010,
      emails: 500,
      hashed: 500,
      hidden: 500,
      secrets: 0,
      departments: 4,
      old: 0,
    });
    // Of a table that stays, nothing but its rows is touched.
    const indexes = "SELECT 1 FROM pg_indexes WHERE schemaname = 'hr_test' AND indexname = 'emp_salary'";
    assert.deepEqual(await server.query(database, indexes), []);
    assert.deepEqual(await server.query(database, "SELECT 1 FROM pg_namespace WHERE nspname = 'hr'"), []);
  }

  it('through the command line', async () => {
    const copied = await registered('by_hand', target);
    const reading = [
      ...['--schema', 'hr', '--query', 'hr.emp:salary > 5000', '--exclude-column', 'hr.emp.notes'],
      ...['--mask', 'hr.emp.email:hash', '--mask', 'hr.emp.phone:partial:2:2'],
    ];
    const to = folder.join('hand');
    await ok('export', 'shop', ...reading, '--to', to, '--file', 'HAND%U.DMP', '--threads', '2');
    const shown = await ok('dump', 'show', to, '--file', 'HAND%U.DMP');
    assert.match(shown, /hr +emp +500 .* filtered, masked, columns left out +complete/);
    assert.match(await ok('dump', 'list', to), / 1 table /);
    const reduced = /Rows of 1 table are filtered; columns of 1 table are masked, of 1 left out: hr\.emp\./;
    assert.match(await ok('jobs', 'log'), reduced);
    const writing = ['--from', to, '--file', 'HAND%U.DMP', '--remap-schema', 'hr:hr_test'];

    const refused = await run('import', 'by_hand', ...writing, '--dry-run');
    assert.equal(refused.code, 5, refused.stdout + refused.stderr);
    assert.match(refused.stdout, /The import would stop: .*exists already.*\n.*table_exists_action/);

    const tried = await json('import', 'by_hand', ...writing, '--table-exists', 'truncate', '--dry-run');
    assert.equal(tried.error, null);
    assert.match(tried.warnings.join('\n'), reduced);
    assert.deepEqual(
      tried.tables
        .map((table: Record<string, unknown>) => [table.schema, table.name, table.action, table.rows])
        .sort(),
      [
        ['hr_test', 'dept', 'truncate', 4],
        ['hr_test', 'emp', 'truncate', 500],
      ],
    );
    assert.equal(
      (await server.query(copied, 'SELECT 1 FROM hr_test.emp')).length,
      1,
      'a dry run writes nothing',
    );

    const done = await ok('import', 'by_hand', ...writing, '--table-exists', 'truncate');
    assert.match(done, /warn: The dump set does not hold all that its source had\. Rows of 1 table/);
    assert.match(done, /completed: 2 tables, 504 rows, [\d.]+ [KM]?B read/);
    await assertMoved(copied);
  });

  it('through ORDS', async () => {
    const copied = await registered('by_rest', target);
    const authorization = basic(harbor);

    async function job(pool: string, operation: 'export' | 'import', body: object): Promise<string> {
      const base = `${app.origin}/ords/${pool}/harbor/_/db-api/stable/database/datapump/`;
      const started = await fetch(base + operation, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      assert.equal(started.status, 201, await started.clone().text());
      const url = started.headers.get('location') as string;
      for (;;) {
        const item = (await (await fetch(url, { headers: { authorization } })).json()) as {
          readonly state: string;
          readonly failure_message: string | null;
          readonly links: readonly { readonly rel: string; readonly href: string }[];
        };
        if (item.state === 'EXECUTING' || item.state === 'COMPLETING') {
          await sleep(20);
          continue;
        }
        assert.equal(item.state, 'COMPLETED', item.failure_message ?? '');
        const log = item.links.find(({ rel }) => rel === 'related')?.href as string;
        return (await fetch(log, { headers: { authorization } })).text();
      }
    }

    const reading = {
      schema_expressions: [{ expression: "= 'HR'" }],
      query: [{ table: 'HR.EMP', where: 'SALARY > 5000' }],
      exclude_columns: [{ table: 'HR.EMP', columns: ['NOTES'] }],
      mask: [
        { table: 'HR.EMP', column: 'EMAIL', method: 'HASH' },
        { table: 'HR.EMP', column: 'PHONE', method: 'PARTIAL', keep_first: 2, keep_last: 2 },
      ],
    };
    assert.match(
      await job('shop', 'export', { ...reading, estimate: true }),
      /^\. {2}estimated "hr"\."emp" +[\d.]+ KB$/m,
    );
    assert.match(
      await job('shop', 'export', { ...reading, file_name: 'REST%U.DMP' }),
      /^\. \. exported "hr"\."emp" .* 500 rows$/m,
    );
    const writing = {
      file_name: 'REST%U.DMP',
      remap_schemas: [{ source: 'HR', target: 'HR_TEST' }],
      table_exists_action: 'TRUNCATE',
    };
    const tried = await job('by_rest', 'import', { ...writing, dry_run: true });
    assert.match(tried, /^\. \. TABLE_DATA "hr_test"\."emp" 500 rows: truncate$/m);
    assert.match(tried, /^Dry run, nothing was changed\./m);
    assert.match(await job('by_rest', 'import', writing), /^\. \. imported "hr_test"\."emp" .* 500 rows$/m);
    await assertMoved(copied);
  });

  it('in one step, from database to database', async () => {
    const copied = await registered('by_copy', target);
    const done = await ok(
      ...['copy', 'shop', 'by_copy', '--schema', 'hr', '--query', 'hr.emp:salary > 5000'],
      ...[
        '--exclude-column',
        'hr.emp.notes',
        '--mask',
        'hr.emp.email:hash',
        '--mask',
        'hr.emp.phone:partial:2:2',
      ],
      ...['--remap-schema', 'hr:hr_test', '--table-exists', 'truncate', '--threads', '2'],
    );
    assert.match(done, /COPY_\d{14} completed: 2 tables, 504 rows/);
    await assertMoved(copied);
    assert.match(await ok('jobs', 'show'), /copy of shop to by_copy/);
    // ORDS knows no copies: its lists stay what its clients expect.
    const url = `${app.origin}/ords/shop/harbor/_/db-api/stable/database/datapump/jobs/`;
    const { items } = (await (await fetch(url, { headers: { authorization: basic(harbor) } })).json()) as {
      readonly items: readonly { readonly operation: string; readonly job_name: string }[];
    };
    assert.ok(
      items.every(({ job_name }) => job_name.startsWith('DATAPUMP_REST_')),
      JSON.stringify(items),
    );
  });

  it('is tested for first', async () => {
    const text = await ok('database', 'test', 'shop', '--for', 'export', '--at', folder.join('room'));
    assert.match(text, /^shop answers: postgres 17/);
    assert.match(text, /^(green|amber) .* are free at file:/m);
    assert.match(text, /^An export can run/m);
    const { findings } = await json('database', 'test', 'shop', '--for', 'import', '--at', 'DATA_PUMP_DIR');
    assert.ok(findings.some(({ check }: { readonly check: string }) => check === 'location'));
    const wrong = await run('database', 'test', 'shop', '--for', 'export', '--at', '/proc/nowhere');
    assert.equal(wrong.code, 12, wrong.stdout + wrong.stderr);
    assert.match(wrong.stdout, /^red .*\n(.*\n)*An export would stop: 1 red/m);
  });

  it('is estimated', async () => {
    const text = await ok('export', 'shop', '--schema', 'hr', '--estimate');
    assert.match(text, /^schema +table +rows +size$/m);
    assert.match(text, /^hr +emp +1,000 +[\d.]+ KB$/m);
    assert.match(text, /^Estimate: 2 tables, 1,004 rows, .* Nothing was read or written\.$/m);
    const report = await json('export', 'shop', '--schema', 'hr', '--estimate');
    assert.deepEqual([report.kind, report.rows, report.tables[0].name], ['estimate', 1004, 'emp']);
    assert.match(await ok('jobs', 'report'), /^Estimate: 2 tables/m);
    await ok('export', 'shop', '--schema', 'hr', '--content', 'metadata_only', '--compression', 'none');
    const none = await run('jobs', 'report');
    assert.deepEqual([none.code, /has no report/.test(none.stderr)], [3, true], none.stderr);
  });
});
