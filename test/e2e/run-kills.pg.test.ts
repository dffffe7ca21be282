// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import {
  addFourNodes,
  killInEachNode,
  nodeNames,
  nodesOf,
  scheduleFourNodes,
} from '../harness/four-nodes.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { startServiceProcess } from '../harness/service-process.ts';
import { makeFolder } from '../harness/with-folder.ts';

/* A schedule starts a definition of four nodes, and the service is killed in each of them. Locks of the test hold each node until its kill: none is missed. */

const tables: Readonly<Record<string, string>> = {
  shop: `CREATE TABLE night (day text); CREATE TABLE load_gate (); CREATE TABLE save_gate ();
    CREATE TABLE orders AS SELECT g AS id, 0 AS tries, md5(g::text) AS note FROM generate_series(1, 2000) g`,
  twin: 'CREATE TABLE twin_night (day text); CREATE TABLE prepare_gate ()',
};
/** What keeps each node from its end. */
const gates: Readonly<Record<(typeof nodeNames)[number], readonly [database: string, lock: string]>> = {
  load: ['shop', 'LOCK TABLE load_gate'],
  save: ['shop', 'LOCK TABLE save_gate'],
  prepare: ['twin', 'LOCK TABLE prepare_gate'],
  bring: ['twin', 'CREATE TABLE orders ()'],
};

/** A transaction that holds a lock until it is disposed. */
async function hold(
  server: PostgresServer,
  [database, lock]: readonly [string, string],
): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: server.url(database) });
  // A test that fails may end the server before.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`BEGIN; ${lock}`);
  return { [Symbol.asyncDispose]: () => client.end() };
}

test('a scheduled run that is killed in each of its nodes has each effect once', async () => {
  await using server = await startPostgres({ version: 17 });
  await using data = await makeFolder();
  for (const [name, sql] of Object.entries(tables)) {
    await server.createDatabase(name);
    await server.query(name, sql);
  }
  const flags = ['--workers', '2'];
  const service = await startServiceProcess({ data: data.path, flags });
  for (const name of Object.keys(tables)) {
    await service.request('POST', '/api/v1/databases', { name, url: server.url(name) });
  }
  await addFourNodes(service, {
    load: `INSERT INTO night VALUES ('\${day}'); SELECT count(*) FROM load_gate;
      BEGIN; UPDATE orders SET tries = tries + 1; INSERT INTO night VALUES ('done'); COMMIT`,
    prepare: `INSERT INTO twin_night VALUES ('\${day}'); SELECT count(*) FROM prepare_gate; INSERT INTO twin_night VALUES ('done')`,
  });
  const held = new Map<string, AsyncDisposable>();
  for (const name of nodeNames) held.set(name, await hold(server, gates[name]));
  const { id } = await scheduleFourNodes(service);
  const killed = await killInEachNode(service, id, flags, async (name, wasIn) => {
    assert.ok(wasIn, `the service was killed in ${name}`);
    await held.get(name)?.[Symbol.asyncDispose]();
  });
  await using last = killed.service;
  assert.equal(killed.job.state, 'completed', JSON.stringify(killed.job.error));
  assert.equal(killed.job.error_count, 0);
  assert.deepEqual(
    (await nodesOf(last, id)).map(({ state, tries }) => [state, tries]),
    nodeNames.map(() => ['completed', 1]),
  );
  const rows = await server.query(
    'twin',
    `SELECT (SELECT string_agg(day, ',' ORDER BY day) FROM night) AS night,
      (SELECT string_agg(day, ',' ORDER BY day) FROM twin_night) AS twin_night,
      (SELECT count(*)::int FROM orders WHERE tries = 1) AS orders,
      (SELECT count(*)::int FROM pg_namespace WHERE nspname LIKE 'pumphouse%') AS receipts`,
  );
  assert.deepEqual(rows, [
    { night: '20260214,done', twin_night: '20260214,done', orders: 2000, receipts: 0 },
  ]);
});
