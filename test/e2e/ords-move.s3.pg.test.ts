import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startApp, type TestApp } from '../harness/app.ts';
import { type CephServer, startCeph } from '../harness/ceph.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { basic, checkTranscript } from '../harness/transcript.ts';

/*
 * The published case P5 with a real PostgreSQL and a real bucket: two databases, user DBTST in both, a credential of his, numbered files.
 * Once word for word, and once as a client does it that knows the first address and follows links.
 */

const sample = `
  CREATE SCHEMA dbtst;
  CREATE TABLE dbtst.regions (region_id integer PRIMARY KEY, region_name text);
  CREATE TABLE dbtst.countries (country_id char(2) PRIMARY KEY, region_id integer REFERENCES dbtst.regions);
  CREATE TABLE dbtst.employees (employee_id integer PRIMARY KEY, name text NOT NULL, country_id char(2) REFERENCES dbtst.countries);
  CREATE TABLE dbtst.job_history (employee_id integer REFERENCES dbtst.employees, start_date date, PRIMARY KEY (employee_id, start_date));
  INSERT INTO dbtst.regions VALUES (1, 'Europe'), (2, 'Americas');
  INSERT INTO dbtst.countries VALUES ('FR', 1), ('IT', 1), ('BR', 2);
  INSERT INTO dbtst.employees SELECT i, 'employee ' || i, (ARRAY['FR', 'IT', 'BR'])[1 + i % 3] FROM generate_series(1, 107) i;
  INSERT INTO dbtst.job_history SELECT i, date '2026-01-01' + i FROM generate_series(1, 10) i;
  ANALYZE;
`;
const user = { name: 'DBTST', role: 'SQL Developer', password: 'Lantern7' };
const credential = 'DATAPUMP_CRED_NAME';

interface Item {
  readonly state: string;
  readonly failure_message: string | null;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

describe('P5: a move between two databases by way of a bucket', () => {
  let server: PostgresServer;
  let ceph: CephServer;
  before(async () => {
    [server, ceph] = await Promise.all([startPostgres({ version: 17 }), startCeph()]);
  });
  after(async () => {
    await ceph[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Two databases, of which the first has the tables, and DBTST with his credential. */
  async function stage(): Promise<{ app: TestApp; source: string; target: string }> {
    const [source, target] = [await server.createDatabase(), await server.createDatabase()];
    await server.query(source, sample);
    const app = await startApp({
      databases: { source: server.url(source), target: server.url(target) },
      users: [user],
      flags: { urlAllow: '127.0.0.1' },
    });
    const { id, secret } = ceph.credential;
    await app.json({
      method: 'POST',
      path: '/api/v1/credentials',
      body: {
        name: credential,
        type: 's3',
        id,
        secret,
        owner: user.name,
        options: { endpoint: ceph.endpoint, region: ceph.region },
      },
    });
    await ceph.empty();
    return { app, source, target };
  }

  it('goes word for word as the golden transcript has it', async () => {
    const { app } = await stage();
    await using _app = app;
    await checkTranscript('ords/p5-move', { origin: app.origin, authorization: basic(user) });
  });

  it('goes by the links of the answers alone', async () => {
    const { app, source, target } = await stage();
    await using _app = app;
    const ask = async (url: string, body?: unknown): Promise<Response> => {
      const response = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: basic(user), 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      assert.equal(response.ok, true, `${url}: ${response.status}`);
      return response;
    };
    const linked = (item: Item, rel: string): readonly string[] =>
      item.links.filter((link) => link.rel === rel).map(({ href }) => href);
    const settled = async (started: Item): Promise<Item> => {
      for (;;) {
        const item = (await (await ask(linked(started, 'self')[0] as string)).json()) as Item;
        if (!['EXECUTING', 'COMPLETING'].includes(item.state)) return item;
      }
    };
    const base = (pool: string): string => `${app.origin}/ords/${pool}/dbtst/_/db-api/stable/database`;
    const file_name = 's3://dumps/moves/EXPDAT%U-DBTST.DMP';

    const begun = (await (
      await ask(`${base('source')}/datapump/export`, {
        job_mode: 'SCHEMA',
        name_expressions: [{ expression: "!='JOB_HISTORY'" }],
        credential_name: credential,
        file_name,
        threads: 2,
      })
    ).json()) as Item;
    const exported = await settled(begun);
    assert.deepEqual([exported.state, exported.failure_message], ['COMPLETED', null]);
    const [log = '', ...dumps] = linked(exported, 'related');
    assert.match(await (await ask(log)).text(), /EXPDAT01-DBTST\.DMP.*successfully completed/s);
    assert.ok(dumps.length >= 2, 'numbered files');
    for (const dump of dumps) {
      assert.match(dump, /\/EXPDAT\d\d-DBTST\.DMP$/);
      assert.ok((await (await ask(dump)).arrayBuffer()).byteLength > 0);
    }

    const { items } = (await (await ask(`${base('target')}/objects/tables/`)).json()) as {
      items: readonly unknown[];
    };
    assert.deepEqual(items, []);
    const import_ = { operation: 'IMPORT', job_mode: 'SCHEMA', credential_name: credential, file_name };
    const imported = await settled(
      (await (await ask(`${base('target')}/datapump/jobs/`, import_)).json()) as Item,
    );
    assert.deepEqual([imported.state, imported.failure_message], ['COMPLETED', null]);
    assert.match(
      await (await ask(linked(imported, 'related')[0] as string)).text(),
      /imported.*successfully completed/s,
    );

    const rows = (database: string) =>
      server.query(
        database,
        'SELECT e.employee_id, e.name, c.country_id, r.region_name FROM dbtst.employees e JOIN dbtst.countries c USING (country_id) JOIN dbtst.regions r USING (region_id) ORDER BY 1',
      );
    assert.deepEqual(await rows(target), await rows(source));
    const [left] = await server.query(target, "SELECT to_regclass('dbtst.job_history') AS found");
    assert.deepEqual(Object.values(left ?? {}), [null]);
  });

  it('is refused before there is a job when the credential is missing or somebody else’s', async () => {
    const { app } = await stage();
    await using _app = app;
    await app.json({
      method: 'POST',
      path: '/api/v1/credentials',
      body: { name: 'OTHERS', type: 's3', id: 'x', secret: 'y' },
    });
    const start = (operation: string, credential_name: string, file_name: string): Promise<Response> =>
      fetch(`${app.origin}/ords/source/dbtst/_/db-api/stable/database/datapump/${operation}`, {
        method: 'POST',
        headers: { authorization: basic(user), 'content-type': 'application/json' },
        body: JSON.stringify({ credential_name, file_name }),
      });
    const uri = 's3://dumps/moves/EXPDAT%U-DBTST.DMP';
    for (const [name, file, message] of [
      ['NOBODYS', uri, /credential_name names no credential of user DBTST: "NOBODYS"/],
      ['OTHERS', uri, /credential_name names no credential of user DBTST: "OTHERS"/],
      [credential, 'EXPDAT%U.DMP', /file_name must be a URI/],
      [credential, 'tape://x/EXPDAT%U.DMP', /file_name: .*tape:/],
      [credential, 's3://dumps/x/EXP%Q.DMP', /file_name: .*unknown substitution/],
    ] as const) {
      for (const operation of ['export', 'import']) {
        const answer = await start(operation, name, file);
        const body = (await answer.json()) as { message: string };
        assert.equal(answer.status, 400, JSON.stringify(body));
        assert.match(body.message, message);
      }
    }
    const missing = await start('import', credential, 's3://dumps/nowhere/EXPDAT%U.DMP');
    assert.equal(missing.status, 400, await missing.text());
    const { items } = await app.json<{ items: readonly unknown[] }>({ method: 'GET', path: '/api/v1/jobs' });
    assert.deepEqual(items, []);
  });
});
