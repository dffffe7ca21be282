import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startApp } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/* Access keys by the command line, and by the API that it uses. */

let folder: TestFolder;
before(async () => {
  folder = await makeFolder();
});
after(() => folder[Symbol.asyncDispose]());

const run = (args: readonly string[], stdin = '') =>
  runCommand(['user', ...args, '--data', folder.join('data')], { stdin });

test('a key is made, shown once, listed and removed', async () => {
  assert.equal((await run(['add', 'ann', '--role', 'developer', '--password-stdin'], 'Lantern-7\n')).code, 0);
  assert.match((await run(['key', 'list', 'ann'])).stdout, /ann has no access keys/);
  const added = await run(['key', 'add', 'ann']);
  const [, id = '', secret = ''] =
    /^Access key: ([A-Z0-9]{20})\nSecret: {5}([A-Za-z0-9]{40})\n/.exec(added.stdout) ?? [];
  assert.ok(id !== '' && secret !== '', added.stdout + added.stderr);
  const listed = await run(['key', 'list', 'ann']);
  assert.ok(listed.stdout.includes(id) && !listed.stdout.includes(secret));
  assert.ok(!(await run(['key', 'list', 'ann', '--json'])).stdout.includes(secret));
  assert.equal((await run(['key', 'remove', id])).stdout, `Removed ${id}.\n`);
  const again = await run(['key', 'remove', id]);
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, new RegExp(`There is no access key .*${id}`));
  assert.match((await run(['key', 'add', 'nobody'])).stderr, /There is no user "nobody"/);
});

test("users see to their own keys, and to nobody else's", async () => {
  await using app = await startApp({ data: folder.join('data') });
  const authorization = `Basic ${Buffer.from('ann:Lantern-7').toString('base64')}`;
  const call = async (method: string, path: string) => {
    const answer = await fetch(`${app.origin}/api/v1${path}`, { method, headers: { authorization } });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  const added = await call('POST', '/users/ann/access-keys');
  assert.equal(added.status, 201);
  const { secret, ...view } = added.body;
  assert.equal(secret.length, 40);
  assert.deepEqual((await call('GET', '/users/ann/access-keys')).body, { items: [view] });
  assert.equal((await call('POST', '/users/ben/access-keys')).status, 403);
  assert.equal((await call('DELETE', `/access-keys/${view.id}`)).status, 204);
  assert.equal((await call('DELETE', `/access-keys/${view.id}`)).status, 404);
});
