import assert from 'node:assert/strict';
import { chmod, copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import Database from 'better-sqlite3';
import { startApp, type TestApp } from '../harness/app.ts';
import { type Azurite, startAzurite } from '../harness/azurite.ts';
import { type CephServer, clientOf, startCeph } from '../harness/ceph.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { type Nginx, startNginx } from '../harness/nginx.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { basic } from '../harness/transcript.ts';

/*
 * The places of the Redis Enterprise API, entered with what stands in the request, on real servers; FTP is in
 * redis-enterprise.redis.test.ts. Google's storage has no server to test with that takes a key file without its address.
 */

const ann = { name: 'ann', role: 'operator', password: 'Lantern44' };

describe('places with the credentials of the request', () => {
  let app: TestApp;
  let ceph: CephServer;
  let azurite: Azurite;
  let sshd: Sshd;
  let nginx: Nginx;
  const answers: string[] = [];
  before(async () => {
    [ceph, azurite, sshd, nginx] = await Promise.all([
      startCeph(),
      startAzurite(),
      startSshd(),
      startNginx(),
    ]);
    await azurite.makeContainer('quay');
    app = await startApp({ users: [ann], flags: { urlAllow: '127.0.0.1' } });
    for (const name of ['shop', 'copy', 'other']) {
      const file = path.join(app.data, `${name}.db`);
      const database = new Database(file);
      if (name === 'shop') database.exec("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x');");
      else database.exec('CREATE TABLE gone (a); DROP TABLE gone');
      database.close();
      const body = { name, url: `sqlite:${file}` };
      await app.json({ method: 'POST', path: '/api/v1/databases', body });
    }
  });
  after(async () => {
    for (const thing of [app, ceph, azurite, sshd, nginx]) await thing[Symbol.asyncDispose]();
  });

  async function call(method: string, address: string, body?: unknown) {
    const answer = await fetch(app.origin + address, {
      method,
      headers: { authorization: basic(ann), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    answers.push(text);
    return { status: answer.status, text, json: () => JSON.parse(text) as Record<string, unknown> };
  }

  async function ended(uid: number, action: 'export' | 'import') {
    for (;;) {
      const bdb = (await call('GET', `/v1/bdbs/${uid}`)).json();
      if (bdb.action_uid === undefined) return [bdb[`${action}_status`], bdb[`${action}_failure_reason`]];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const s3 = () => ({
    type: 's3',
    bucket_name: ceph.bucket,
    subdir: 'nightly/2026-11-21',
    region_name: ceph.region,
    endpoint_url: ceph.endpoint,
    access_key_id: ceph.owner.accessKey,
    secret_access_key: ceph.owner.secretKey,
  });
  const abs = () => ({
    type: 'abs',
    container: 'quay',
    account_name: azurite.account,
    endpoint_url: azurite.endpoint,
  });
  const sftp = () => ({
    type: 'sftp',
    sftp_url: `sftp://${sshd.user}@127.0.0.1:${sshd.port}${sshd.root}/`,
    key: sshd.privateKey,
  });

  it('are tried, and what is wrong is said', async () => {
    const good = [
      s3(),
      { ...abs(), account_key: azurite.key },
      { ...abs(), sas_token: azurite.sasToken('rwdlc') },
      { ...sftp(), host_key: sshd.fingerprint },
      { ...sftp(), sftp_url: `${sftp().sftp_url}?host-key=${encodeURIComponent(sshd.fingerprint)}` },
    ];
    for (const backup_location of good) {
      const answer = await call('POST', '/v1/bdbs/actions/validate_backup_location', { backup_location });
      assert.deepEqual([answer.status, answer.text], [200, ''], backup_location.type);
    }
    const bad: readonly (readonly [object, RegExp])[] = [
      [{ ...s3(), secret_access_key: 'wrong' }, /./],
      [{ ...s3(), bucket_name: 'no-such-bucket' }, /./],
      // The fingerprint is told, so that it can be compared.
      [sftp(), /SHA256:/],
    ];
    for (const [backup_location, words] of bad) {
      const answer = await call('POST', '/v1/bdbs/actions/validate_backup_location', { backup_location });
      assert.equal(answer.status, 406, answer.text);
      assert.match(answer.text, words);
    }
  });

  it('take exports, which fail for the printed reasons, and give them back', async () => {
    const missing = { export_location: { ...s3(), bucket_name: 'no-such-bucket' } };
    assert.equal((await call('POST', '/v1/bdbs/1/actions/export', missing)).status, 200);
    assert.deepEqual(await ended(1, 'export'), ['failed', 'wrong-file-path']);
    const denied = { export_location: { ...s3(), secret_access_key: 'wrong' } };
    assert.equal((await call('POST', '/v1/bdbs/1/actions/export', denied)).status, 200);
    assert.deepEqual(await ended(1, 'export'), ['failed', 'no-permission']);

    const export_location = s3();
    assert.equal((await call('POST', '/v1/bdbs/1/actions/export', { export_location })).status, 200);
    assert.deepEqual(await ended(1, 'export'), ['succeeded', '']);
    // The credential has gone with the end of the job, so that only its owner can look there.
    const client = clientOf(ceph.endpoint, ceph.owner);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: ceph.bucket }));
    const filename = Contents.map(({ Key = '' }) => Key).find((key) => key.endsWith('.dmp'));
    assert.match(filename ?? '', /^nightly\/2026-11-21\/shop-.*-1_of_1\.dmp$/);
    const source = { ...s3(), subdir: 'nightly', filename: filename?.replace('nightly/', '') };
    const sources = { dataset_import_sources: [source] };
    assert.equal((await call('POST', '/v1/bdbs/2/actions/import', sources)).status, 200);
    assert.deepEqual(await ended(2, 'import'), ['succeeded', '']);
  });

  it('are web servers too, for imports', async () => {
    const export_location = { type: 'mount_point', path: app.dumps };
    assert.equal((await call('POST', '/v1/bdbs/1/actions/export', { export_location })).status, 200);
    assert.deepEqual(await ended(1, 'export'), ['succeeded', '']);
    const [file = ''] = await readdir(app.dumps);
    await copyFile(path.join(app.dumps, file), path.join(nginx.root, file));
    // The web server is another user.
    await chmod(path.join(nginx.root, file), 0o644);
    const url = `http://127.0.0.1:${nginx.port}/reading/${file}?signature=hidden-one`;
    assert.equal(
      (await call('PUT', '/v1/bdbs/3', { dataset_import_sources: [{ type: 'url', url }] })).status,
      200,
    );
    assert.equal((await call('POST', '/v1/bdbs/3/actions/import')).status, 200);
    assert.deepEqual(await ended(3, 'import'), ['succeeded', '']);
  });

  it('show no secret, in answers or in the data folder', async () => {
    for (const address of ['/v1/bdbs', '/v2/actions', '/v1/logs']) await call('GET', address);
    const secrets = [ceph.owner.secretKey, azurite.key, 'hidden-one', 'OPENSSH PRIVATE KEY'];
    for (const secret of secrets) {
      assert.ok(!answers.some((answer) => answer.includes(secret)));
      assert.deepEqual(await filesHolding(app.data, secret), []);
    }
  });
});
