import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestApp } from '../harness/app.ts';
import { type CephServer, startCeph } from '../harness/ceph.ts';
import { type DataArtsCall, listing, signIn, startDataArts } from '../harness/dataarts-stage.ts';

/* Buckets of the contract's own storage: by a directory, and by the caller's credential. */

describe('obs:// at a server', () => {
  let app: TestApp;
  let ceph: CephServer;
  let call: DataArtsCall;
  before(async () => {
    [app, ceph] = await Promise.all([startDataArts({ urlAllow: '127.0.0.1' }), startCeph()]);
    call = await signIn(app.origin);
    const job = { name: 'job_6278', nodes: [], schedule: { type: 'EXECUTE_ONCE' }, processType: 'BATCH' };
    assert.equal((await call('POST', '/jobs', job)).status, 204);
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await ceph[Symbol.asyncDispose]();
  });

  async function ask(path: string, body: object) {
    const answer = await call('POST', path, body);
    const type = answer.headers.get('content-type');
    if (type === 'application/octet-stream') return { status: answer.status, zip: await answer.bytes() };
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  }
  const exportTo = (obsPath: string, more: object = {}) => ask('/jobs/job_6278/export', { obsPath, ...more });
  const addCredential = (name: string, type: string, secret: string) =>
    app.json({
      method: 'POST',
      path: '/api/v1/credentials',
      body: {
        name,
        type,
        id: ceph.owner.accessKey,
        secret,
        owner: 'ann',
        options: { endpoint: ceph.endpoint, region: ceph.region },
      },
    });

  /** The file of an export lies whole where its answer says, when it comes. */
  async function assertThere(obsPath: unknown, more: object = {}): Promise<void> {
    const path = `${obsPath}/job_6278.zip`;
    const { status, body } = await ask('/jobs/check-file', { path, ...more });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body?.jobs, [{ name: 'job_6278', path: '/', params: {} }]);
  }

  it('nobody knows the bucket: the zip is the answer', async () => {
    const { status, zip } = await exportTo(`obs://${ceph.bucket}/out/`);
    assert.equal(status, 200);
    assert.equal(await listing(zip ?? assert.fail()), 'jobs/job_6278.job');
  });

  it('the only credential of the caller opens it', async () => {
    await addCredential('keys', 'obs', ceph.owner.secretKey);
    const { status, body } = await exportTo(`obs://${ceph.bucket}/out`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(String(body?.obsPath), new RegExp(`^obs://${ceph.bucket}/out/job_6278_exported/\\d{13}$`));
    await assertThere(body?.obsPath);
  });

  it('one that cannot be written is refused, and one that cannot be read', async () => {
    const gone = await exportTo('obs://no-such-bucket/out/');
    assert.deepEqual([gone.status, gone.body?.error_code], [400, 'DLF.1242']);
    const missing = await ask('/jobs/check-file', { path: `obs://${ceph.bucket}/none.zip` });
    assert.deepEqual([missing.status, missing.body?.error_code], [400, 'DLF.0815']);
  });

  it('of several credentials the request names one', async () => {
    await addCredential('wrong', 'obs', 'wrong');
    const unclear = await exportTo(`obs://${ceph.bucket}/out`);
    assert.deepEqual([unclear.status, unclear.body?.error_code], [400, 'DLF.1242']);
    const { body } = await exportTo(`obs://${ceph.bucket}/out`, { credential: 'keys' });
    await assertThere(body?.obsPath, { credential: 'keys' });
    const denied = await exportTo(`obs://${ceph.bucket}/out`, { credential: 'wrong' });
    assert.deepEqual([denied.status, denied.body?.error_code], [400, 'DLF.1242']);
    assert.ok(!JSON.stringify(denied.body).includes(ceph.owner.secretKey));
  });

  it('a directory leads to it, for everybody', async () => {
    const directory = { name: 'nightly', path: `obs://${ceph.bucket}/nightly`, credential: 'keys' };
    await app.json({ method: 'POST', path: '/api/v1/directories', body: directory });
    const { body } = await exportTo(`obs://${ceph.bucket}/nightly/tide/`);
    await assertThere(body?.obsPath);
  });

  it('another storage will do too', async () => {
    await addCredential('aws', 's3', ceph.owner.secretKey);
    const { status, body } = await exportTo(`s3://${ceph.bucket}/elsewhere/`);
    assert.equal(status, 200, JSON.stringify(body));
    await assertThere(body?.obsPath);
  });
});
