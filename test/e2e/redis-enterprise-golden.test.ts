import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { startApp, type TestApp } from '../harness/app.ts';
import { basic, checkTranscript, type Stage } from '../harness/transcript.ts';

/*
 * The contract's cases on databases that need no server: what the API says does not depend on the engine. The same on a Redis, whose
 * files are RDBs, is in redis-enterprise.redis.test.ts.
 */

const ann = { name: 'ann', role: 'operator', password: 'Lantern44' };
const people = [
  ann,
  { name: 'vic', role: 'viewer', password: 'Halyard55' },
  { name: 'dev', role: 'developer', password: 'Capstan66', databases: ['second'] },
];

const version = new Database(':memory:').prepare('SELECT sqlite_version()').pluck().get() as string;

/** Database 1 has rows, 2 and 3 are empty. */
async function stageOf(): Promise<TestApp & Stage> {
  const app = await startApp({ users: people.slice(0, 2), flags: { urlAllow: '127.0.0.1' } });
  const files = ['harbor_cache', 'second', 'third'].map((name) => path.join(app.data, `${name}.db`));
  for (const [index, file] of files.entries()) {
    const database = new Database(file);
    if (index === 0)
      database.exec(
        "CREATE TABLE berth (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO berth VALUES (1, 'north');",
      );
    else database.exec('CREATE TABLE gone (id INTEGER); DROP TABLE gone');
    database.close();
    const body = { name: path.basename(file, '.db'), url: `sqlite:${file}` };
    await app.json({ method: 'POST', path: '/api/v1/databases', body });
  }
  await app.json({ method: 'POST', path: '/api/v1/users', body: people[2] });
  const values = { folder: app.dumps, version, 'short version': version.split('.', 2).join('.') };
  return Object.assign(app, { authorization: basic(ann), values });
}

describe('the published cases of the Redis Enterprise API', () => {
  for (const name of ['published-export', 'refusals', 'tokens']) {
    it(name, async () => {
      await using stage = await stageOf();
      await checkTranscript(`redis-enterprise/${name}`, stage);
    });
  }

  it('busy', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket.on('error', () => {})));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    try {
      await using stage = await stageOf();
      const values = { ...stage.values, silent: `127.0.0.1:${port}` };
      await checkTranscript('redis-enterprise/busy', { ...stage, origin: stage.origin, values });
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  describe('one file', () => {
    let stage: TestApp & Stage;
    let file = '';
    before(async () => {
      stage = await stageOf();
    });
    after(() => stage[Symbol.asyncDispose]());

    it('is exported', async () => {
      await checkTranscript('redis-enterprise/export', stage);
      [file = ''] = await readdir(stage.dumps);
      assert.match(file, /^harbor-cache-\d{4}-\d\d-\d\dT\d{6}Z-1_of_1\.dmp$/);
    });

    it('is imported', async () => {
      await writeFile(path.join(stage.dumps, 'about.json'), '{}');
      await writeFile(path.join(stage.dumps, 'damaged.dmp'), 'no dump at all');
      await checkTranscript('redis-enterprise/import', {
        ...stage,
        origin: stage.origin,
        values: { ...stage.values, file },
      });
      for (const name of ['second', 'third']) {
        const database = new Database(path.join(stage.data, `${name}.db`), { readonly: true });
        assert.deepEqual(database.prepare('SELECT * FROM berth').all(), [{ id: 1, name: 'north' }]);
        database.close();
      }
    });
  });
});
