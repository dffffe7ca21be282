import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { startApp } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** With the key of `hash` masks anybody could try values against the masked ones: it goes when its job is over. */
describe('the key of hash masks', () => {
  let server: PostgresServer;
  let folder: TestFolder;
  before(async () => {
    server = await startPostgres({ version: 17 });
    folder = await makeFolder();
    await server.createDatabase('shop');
    await server.query(
      'shop',
      "CREATE TABLE emp AS SELECT g AS id, 'mail' || g AS mail FROM generate_series(1, 50) g",
    );
    await server.createDatabase('twin');
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  it('is in no plan and no task of a job that has ended', async () => {
    const data = folder.join('data');
    const databases = { shop: server.url('shop'), twin: server.url('twin') };
    {
      await using app = await startApp({ data, databases });
      const reading = {
        database: 'shop',
        mode: 'full',
        mask: [{ table: 'emp', column: 'mail', method: 'hash' }],
      };
      for (const body of [
        { kind: 'export', ...reading },
        { kind: 'export', ...reading, file_pattern: 'one.dmp' },
        { kind: 'copy', ...reading, target: 'twin' },
      ]) {
        const { id } = await app.json<{ readonly id: string }>({
          method: 'POST',
          path: '/api/v1/jobs',
          body,
        });
        const { state, error_count } = await app.settled(id);
        assert.deepEqual([state, error_count], ['completed', 0], JSON.stringify(body));
      }
      const masked = await server.query(
        'twin',
        "SELECT count(*)::int AS n FROM emp WHERE mail ~ '^[0-9a-f]{64}$'",
      );
      assert.deepEqual(masked, [{ n: 50 }]);
    }
    const store = new Database(join(data, 'store.sqlite'), { readonly: true });
    try {
      const texts = store
        .prepare<[], string>(
          'SELECT body_json FROM job_document UNION ALL SELECT payload_json FROM task UNION ALL SELECT result_json FROM task',
        )
        .pluck()
        .all();
      const keys = texts.flatMap((text) =>
        [...(text ?? '').matchAll(/"hashKey":"([^"]*)"/g)].map(([, key]) => key),
      );
      assert.ok(keys.length >= 3, 'plans and rules have a place for it');
      assert.deepEqual([...new Set(keys)], ['']);
    } finally {
      store.close();
    }
  });
});
