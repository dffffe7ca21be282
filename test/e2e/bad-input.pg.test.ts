import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';

const password = 'Jib-and-mainsail-12';
const guess = 'Spinnaker-is-wrong-5';

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
}

describe('a PostgreSQL server that refuses', () => {
  let server: PostgresServer;
  let app: TestApp;
  before(async () => {
    server = await startPostgres({ password });
    const shop = await server.createDatabase('shop');
    await server.query(
      shop,
      `CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 10);
       CREATE TABLE items (id int); CREATE ROLE clerk LOGIN PASSWORD '${password}'; GRANT SELECT ON items TO clerk`,
    );
    const at = (user: string, secret: string, database = shop): string =>
      `postgres://${user}${secret === '' ? '' : `:${secret}`}@127.0.0.1:${server.port}/${database}`;
    app = await startApp({
      databases: {
        wrong: at('postgres', guess),
        nobody: at('nobody', guess),
        without: at('postgres', ''),
        missing: at('postgres', password, 'nope'),
        barred: at('clerk', password),
        right: at('postgres', password),
      },
      flags: { logLevel: 'silent' },
    });
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const refusals: readonly (readonly [
    what: string,
    database: string,
    status: number,
    code: string,
    says: RegExp,
  ])[] = [
    ['a wrong password', 'wrong', 422, 'database-refused', /password.*"postgres".*\n.*database URL/],
    ['an unknown user', 'nobody', 422, 'database-refused', /"nobody".*\n.*database URL/],
    ['no password', 'without', 422, 'database-refused', /password of "postgres".*\n.*database URL/],
    [
      'a database that does not exist',
      'missing',
      404,
      'database-missing',
      /"nope" does not exist.*\n.*database URL/,
    ],
  ];
  for (const [what, database, status, code, says] of refusals) {
    it(`${what}: in a test, in a job, and on the command line`, async () => {
      const path = `/api/v1/databases/${database}/test`;
      const tested = await app.call({ method: 'POST', path, body: { purpose: 'export' } });
      const problem = JSON.parse(tested.body) as Problem;
      assert.deepEqual([tested.status, problem.code], [status, code]);
      assert.match(`${problem.detail}\n${problem.hint}`, says);

      const body = { kind: 'export', database, mode: 'full' };
      const { id } = await app.json<TestJob>({ method: 'POST', path: '/api/v1/jobs', body });
      const { state, error } = await app.settled(id);
      assert.deepEqual([state, error?.code], ['failed', code]);
      assert.match(`${error?.message}\n${error?.hint}`, says);
      const log = await app.call({ method: 'GET', path: `/api/v1/jobs/${id}/log` });

      const typed = await runCommand(['database', 'test', database, '--data', app.data]);
      assert.equal(typed.code, code === 'database-refused' ? 4 : 3);
      assert.match(typed.stderr, says);
      const told = [tested.body, JSON.stringify(error), log.body, typed.stdout, typed.stderr].join('\n');
      for (const secret of [password, guess]) assert.ok(!told.includes(secret), 'a password');
    });
  }

  it('a table to a user who may not read it: named with the remedy, and the remedy helps', async () => {
    const run = (...args: readonly string[]) => runCommand([...args, '--data', app.data]);
    const tested = await run('database', 'test', 'barred');
    assert.match(tested.stdout, /^amber .*may not read.*public\.orders.*GRANT USAGE.*leave them out/m);
    const partly = await run('export', 'barred', '--file', 'BARRED%U.DMP');
    assert.equal(partly.code, 8, partly.stdout);
    assert.match(partly.stdout, /"orders" could not be read: permission denied for table orders/);
    const others = await run('export', 'barred', '--mode', 'full', '--name', "<> 'orders'");
    assert.equal(others.code, 0, others.stdout);
    const rest = await run('export', 'barred', '--table', 'items');
    assert.equal(rest.code, 0, rest.stdout);
  });

  it('a selection that fits nothing, or not the mode', async () => {
    const run = (...args: readonly string[]) => runCommand(['export', 'right', ...args, '--data', app.data]);
    const none = await run('--schema', 'sails');
    assert.equal(none.code, 9);
    assert.match(none.stdout, /Nothing in database right matches: .*schema mode.*'sails'.*Loosen/);
    const several = await run('--table', 'orders', '--schema', 'public', '--schema', 'sails');
    assert.equal(several.code, 2);
    assert.match(several.stderr, /single schema.*\n.*one schema/);
    const tablespace = await run('--mode', 'tablespace');
    assert.equal(tablespace.code, 2);
    assert.match(
      tablespace.stderr,
      /Tablespace mode needs a tablespace expression.*\n.*tablespace_expressions/,
    );
  });
});
