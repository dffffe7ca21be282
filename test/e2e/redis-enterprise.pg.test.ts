import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { startApp } from '../harness/app.ts';
import { startPostgres } from '../harness/postgres.ts';
import { basic } from '../harness/transcript.ts';

/* A PostgreSQL database behind the Redis Enterprise API: exported into one file, and brought into another in place of what is there. */

const ann = { name: 'ann', role: 'operator', password: 'Lantern44' };

test('a PostgreSQL database is a bdb like any other', async () => {
  await using server = await startPostgres({ version: 17 });
  const [shop, mirror] = [await server.createDatabase(), await server.createDatabase()];
  await server.query(
    shop,
    "CREATE TABLE berth (id int PRIMARY KEY, name text); INSERT INTO berth VALUES (1, 'north')",
  );
  await server.query(mirror, 'CREATE TABLE berth (id int PRIMARY KEY); INSERT INTO berth VALUES (7)');
  await using app = await startApp({
    databases: { shop: server.url(shop), mirror: server.url(mirror) },
    users: [ann],
  });
  const call = async (method: string, address: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(app.origin + address, {
      method,
      headers: { authorization: basic(ann), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.equal(answer.status, 200, `${method} ${address}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const ended = async (uid: number, action: string) => {
    for (;;) {
      const bdb = await call(
        'GET',
        `/v1/bdbs/${uid}?fields=action_uid,${action}_status,${action}_failure_reason`,
      );
      if (bdb.action_uid === undefined) return bdb;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  const { type, version, redis_version, tags, endpoints } = await call('GET', '/v1/bdbs/1');
  assert.equal(type, 'postgres');
  assert.match(`${version} ${redis_version}`, /^17\.\d+ 17\.\d+$/);
  assert.deepEqual(tags, [{ key: 'engine', value: 'postgres' }]);
  assert.equal((endpoints as readonly { port: number }[])[0]?.port, Number(new URL(server.url(shop)).port));

  const export_location = { type: 'mount_point', path: app.dumps };
  await call('POST', '/v1/bdbs/1/actions/export', { export_location });
  assert.deepEqual(await ended(1, 'export'), { export_failure_reason: '', export_status: 'succeeded' });
  const [file = '', ...others] = await readdir(app.dumps);
  assert.deepEqual(others, []);
  assert.match(file, /^shop-.*-1_of_1\.dmp$/);

  const source = { type: 'mount_point', path: path.join(app.dumps, file) };
  await call('POST', '/v1/bdbs/2/actions/import', { dataset_import_sources: [source] });
  assert.deepEqual(await ended(2, 'import'), { import_failure_reason: '', import_status: 'succeeded' });
  assert.deepEqual(await server.query(mirror, 'SELECT * FROM berth'), [{ id: 1, name: 'north' }]);
});
