// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { addFourNodes, killInEachNode, nodeNames, nodesOf, startFourNodes } from '../harness/four-nodes.ts';
import { startServiceProcess } from '../harness/service-process.ts';
import { makeFolder } from '../harness/with-folder.ts';

/*
 * A definition of four nodes on SQLite, killed in each of them: scripts go on for a while, and the storage is slow. Not of `npm test`, which does the
 * same on PostgreSQL; `npm run test:kills` runs it.
 */

/** Takes some hundreds of milliseconds, and writes one row. */
const slowly = (table: string): string =>
  `INSERT INTO ${table} WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000000) SELECT 'slow ' || max(x) FROM n`;

test('a run that is killed in each of its nodes has each effect once', async (t) => {
  await using folder = await makeFolder();
  const paths = { shop: folder.join('shop.db'), twin: folder.join('twin.db') };
  const shop = new Database(paths.shop);
  shop.exec(`CREATE TABLE night (day TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, tries INTEGER, note TEXT);
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 6000)
    INSERT INTO orders SELECT x, 0, hex(randomblob(64)) FROM n`);
  shop.close();
  const twin = new Database(paths.twin);
  twin.exec('CREATE TABLE twin_night (day TEXT)');
  twin.close();

  const flags = ['--workers', '2', '--unit-bytes', '65536', '--storage-rate', '800000'];
  const service = await startServiceProcess({ data: folder.join('data'), flags });
  for (const [name, path] of Object.entries(paths)) {
    await service.request('POST', '/api/v1/databases', { name, url: `sqlite:${path}` });
  }
  await addFourNodes(service, {
    load: `INSERT INTO night VALUES ('\${day}'); ${slowly('night')};
      BEGIN; UPDATE orders SET tries = tries + 1; INSERT INTO night VALUES ('done'); COMMIT`,
    prepare: `INSERT INTO twin_night VALUES ('\${day}'); ${slowly('twin_night')}`,
  });
  const { id } = await startFourNodes(service);
  const killed = await killInEachNode(service, id, flags, async (name, wasIn) => {
    t.diagnostic(`${wasIn ? 'killed in' : 'too late for'} ${name}`);
  });
  await using last = killed.service;
  assert.equal(killed.job.state, 'completed', JSON.stringify(killed.job.error));
  assert.equal(killed.job.error_count, 0);
  assert.deepEqual(
    (await nodesOf(last, id)).map(({ state, tries }) => [state, tries]),
    nodeNames.map(() => ['completed', 1]),
  );
  const found = new Database(paths.twin, { readonly: true });
  const all = (sql: string) => found.prepare(sql).pluck().all();
  assert.deepEqual(all('SELECT day FROM night ORDER BY rowid'), ['20260214', 'slow 2000000', 'done']);
  assert.deepEqual(all('SELECT day FROM twin_night ORDER BY rowid'), ['20260214', 'slow 2000000']);
  assert.deepEqual(all('SELECT count(*) FROM orders WHERE tries = 1'), [6000]);
  assert.deepEqual(all("SELECT name FROM sqlite_schema WHERE name LIKE '%pumphouse%'"), []);
  found.close();
});
