import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { type Proftpd, startProftpd } from '../harness/proftpd.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/*
 * A password that comes with a request, in the URL of the Redis Enterprise API: jobs use it against a real server, and it is looked for in
 * every answer, log and file. Wrong ones are planted too, which provoke errors.
 */

const wrong = 'Wr0ng=Razorbill+66';

describe('a credential that comes with a request', () => {
  let folder: TestFolder;
  let ftp: Proftpd;
  let app: TestApp;
  const told: string[] = [];
  before(async () => {
    folder = await makeFolder();
    ftp = await startProftpd();
    createSampleDatabase(folder.join('shop.db'), { orderItems: 500 });
    app = await startApp({
      data: folder.join('data'),
      databases: { shop: `sqlite:${folder.join('shop.db')}` },
      flags: { urlAllow: '127.0.0.1' },
    });
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await ftp[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const call = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<string> => {
    const answer = await app.call({ method, path, ...(body === undefined ? {} : { body }) });
    told.push(JSON.stringify(answer));
    assert.equal(Math.floor(answer.status / 100), 2, answer.body);
    return answer.body;
  };
  /** Exports to the server, as whom a password lets in; the job when it rests. */
  const exported = async (password: string): Promise<TestJob> => {
    const url = `ftp://${ftp.user}:${encodeURIComponent(password)}@127.0.0.1:${ftp.port}${ftp.base}/out/`;
    await call('POST', '/v1/bdbs/1/actions/export', { export_location: { type: 'url', url } });
    const { items } = JSON.parse(await call('GET', '/api/v1/jobs?limit=1')) as {
      readonly items: readonly { readonly id: string }[];
    };
    const job = await app.settled(items[0]?.id ?? '');
    for (const path of ['', '/log', '/tables']) await call('GET', `/api/v1/jobs/${job.id}${path}`);
    await call('GET', '/v1/bdbs/1');
    return job;
  };
  /** The jobs whose credentials are kept, by the store's own word. */
  const keptBy = (): readonly string[] => {
    const store = new Database(folder.join('data', 'store.sqlite'), { readonly: true });
    try {
      const rows = store.prepare("SELECT name FROM credential WHERE name LIKE 'job:%'").all();
      return (rows as { readonly name: string }[]).map(({ name }) => name.split(':')[1] ?? '');
    } finally {
      store.close();
    }
  };

  it('opens the place, goes with its job, and stands nowhere', async () => {
    const refused = await exported(wrong);
    assert.deepEqual([refused.state, refused.error?.code], ['failed', 'storage-denied']);
    const done = await exported(ftp.password);
    assert.deepEqual([done.state, done.error_count], ['completed', 0], done.error?.message);
    const given = await exported(wrong);
    await call('POST', `/api/v1/jobs/${given.id}/cancel`);
    assert.match((await app.settled(given.id)).state, /cancelled|failed/);
    assert.equal(JSON.parse(await call('GET', '/api/v1/credentials')).items.length, 0);
    await app[Symbol.asyncDispose]();

    // What failed can be resumed, and what was done or given up cannot.
    assert.ok(keptBy().includes(refused.id));
    assert.ok(!keptBy().includes(done.id));
    for (const secret of [wrong, ftp.password]) {
      for (const text of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
        assert.deepEqual(
          told.filter((line) => line.includes(text)),
          [],
        );
        assert.deepEqual(await filesHolding(folder.join('data'), text), []);
      }
    }
  });
});
