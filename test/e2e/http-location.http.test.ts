import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp } from '../harness/app.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { startNginx } from '../harness/nginx.ts';
import { makeFolder } from '../harness/with-folder.ts';

const start = (app: TestApp, body: Readonly<Record<string, unknown>>) =>
  app.json<{ readonly id: string; readonly name: string }>({ method: 'POST', path: '/api/v1/jobs', body });

test('a directory by a pre-authenticated URL: out, shown by name, back; the token shows nowhere', async () => {
  await using server = await startNginx();
  await using folder = await makeFolder();
  const [source, target] = [folder.join('shop.db'), folder.join('copy.db')];
  createSampleDatabase(source, { orderItems: 5000 });
  await using app = await startApp({
    databases: { shop: `sqlite:${source}`, copy: `sqlite:${target}` },
    flags: { urlAllow: '127.0.0.1' },
  });
  const origin = `http://127.0.0.1:${server.port}`;
  const answers: string[] = [];
  const call = async (method: 'GET' | 'POST', where: string, body?: unknown) => {
    const answer = await app.call({ method, path: where, ...(body === undefined ? {} : { body }) });
    answers.push(answer.body);
    return answer;
  };

  const credential = {
    name: 'PAR',
    type: 'http',
    secret: `${origin}/p/${server.urlToken}/`,
    options: { kind: 'url' },
  };
  assert.equal((await call('POST', '/api/v1/credentials', credential)).status, 201);
  const directory = { name: 'WEB', path: `${origin}/backups`, credential: 'PAR' };
  assert.equal((await call('POST', '/api/v1/directories', directory)).status, 201);

  const exporting = await start(app, { kind: 'export', database: 'shop', mode: 'full', directory: 'WEB' });
  const exported = await app.settled(exporting.id);
  assert.equal(exported.state, 'completed', JSON.stringify(exported.error));
  const files = await readdir(path.join(server.root, 'backups', exporting.name), { recursive: true });
  assert.ok(files.includes('manifest.json'), files.join());

  const listed = await call('GET', '/api/v1/dump-sets?directory=WEB');
  assert.equal(listed.status, 422);
  assert.match(listed.body, /cannot be listed/);
  const shown = await call('GET', `/api/v1/dump-sets/show?directory=WEB&file_pattern=${exporting.name}`);
  assert.equal(shown.status, 200, shown.body);
  const jobFiles = await call('GET', `/api/v1/jobs/${exporting.id}/files`);
  assert.equal(jobFiles.status, 200, jobFiles.body);
  assert.match(jobFiles.body, /manifest\.json/);

  const importing = await start(app, {
    kind: 'import',
    database: 'copy',
    directory: 'WEB',
    file_pattern: exporting.name,
  });
  const imported = await app.settled(importing.id);
  assert.equal(imported.state, 'completed', JSON.stringify(imported.error));
  assert.ok(compareDatabases(source, target).equal);

  // A refusal is told in words of our own.
  const wrong = { ...credential, name: 'WRONG', secret: `${origin}/p/other-hidden-token/` };
  assert.equal((await call('POST', '/api/v1/credentials', wrong)).status, 201);
  const shut = { name: 'SHUT', path: `${origin}/`, credential: 'WRONG' };
  const refused = await call('POST', '/api/v1/directories', shut);
  assert.match(refused.body, /storage-denied.*403 Forbidden/);
  const visible = { name: 'VISIBLE', path: `${origin}/p/other-hidden-token/n/x/b/y/o/` };
  const unhidden = await app.call({ method: 'POST', path: '/api/v1/directories', body: visible });
  assert.equal(unhidden.status, 400, unhidden.body);
  answers.push(unhidden.body);
  answers.push((await app.call({ method: 'GET', path: `/api/v1/jobs/${importing.id}/log` })).body);

  for (const secret of [server.urlToken, 'other-hidden-token']) {
    assert.ok(!answers.join('\n').includes(secret), 'an answer shows the token');
    assert.deepEqual(await filesHolding(app.data, secret), []);
  }
});
