import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { filesHolding } from '../../test/harness/files-holding.ts';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { openWallet } from '../config/wallet.ts';
import { jobCredentialName, ownCredentialName } from '../core/job-credential.ts';
import { localAdministrator } from '../core/permission.ts';
import type { ExportRequest } from '../core/request.ts';
import { createService } from './create-service.ts';
import type { CallContext, Service } from './service.ts';
import type { OwnCredential, StartExport } from './start-input.ts';

const secret = 'Guillemot/48+secret';
const keys: OwnCredential = { type: 's3', id: 'AKIAGUILLEMOT', secret };
const passphrase: OwnCredential = { type: 'encryption', secret };

let fixture: ServiceFixture;
let service: Service;
before(async () => {
  fixture = await openServiceFixture();
  service = fixture.service;
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);
const ann = () => fixture.as(callerOf('ann', 'developer', ['*']));
const viewer = () => fixture.as(callerOf('vic', 'viewer'));

const encrypted: StartExport = { database: 'orders', encryptionKey: ownCredentialName(1) };
const start = (context: CallContext, input: StartExport, ownCredentials: readonly OwnCredential[]) =>
  service.startExport(context, input, { api: 'native', ownCredentials });
const atS3 = (credential: string | null): StartExport => ({
  database: 'orders',
  location: { type: 'url', url: 's3://bucket?endpoint=http://127.0.0.1:9', credential },
});

test('a credential that comes with the request is the job’s, sealed, and nobody else’s to name', async () => {
  const { job } = await start(ann(), encrypted, [keys, passphrase]);
  const name = jobCredentialName(job.id, 1);
  assert.equal((job.request as ExportRequest).encryptionKey, name);
  const opened = await fixture.dependencies.environment.encryptionKey(name);
  assert.equal(opened.reveal(), secret);
  for (const context of [ann(), administrator()]) {
    assert.deepEqual(await service.listCredentials(context), []);
    await assert.rejects(service.getCredential(context, name), { code: 'credential-unknown' });
    await assert.rejects(service.removeCredential(context, name), { code: 'credential-unknown' });
    await assert.rejects(start(context, { ...encrypted, encryptionKey: name }, []), {
      code: 'credential-unknown',
      field: 'encryption_key',
    });
    await assert.rejects(start(context, atS3(jobCredentialName(job.id, 0)), []), {
      code: 'credential-unknown',
      field: 'credential',
    });
    await assert.rejects(start(context, encrypted, []), { code: 'credential-unknown' });
    await assert.rejects(
      service.addDirectory(context, { name: 'D', path: 's3://b', credential: jobCredentialName(job.id, 0) }),
    );
  }

  // A job that rests keeps them: it can be resumed. Once cancelled, they are gone.
  await service.stopJob(ann(), job.id);
  await service.resumeJob(ann(), job.id);
  await service.cancelJob(ann(), job.id);
  const { store, registry } = fixture;
  const cleanup = await store.claimTask('w');
  assert.ok(cleanup);
  await store.completeTask(cleanup.lease, { result: null });
  assert.equal(await registry.getCredential(name), null);
  assert.equal((await service.cancelJob(ann(), job.id)).state, 'cancelled');
  await assert.rejects(fixture.dependencies.environment.credential(name), {
    code: 'credential-unknown',
    message: 'The credential that came with the job was removed when the job had ended.',
  });
});

test('it opens what a named one of the caller’s own would, and no more', async () => {
  // Nobody reaches the place, whose policy is asked last: everything before was in order.
  await assert.rejects(start(ann(), atS3(ownCredentialName(0)), [keys]), { code: 'address-refused' });
  await assert.rejects(start(ann(), atS3(null), [keys]), { code: 'forbidden' });
  await assert.rejects(start(viewer(), atS3(ownCredentialName(0)), [keys]), { code: 'forbidden' });
  const own: StartExport = {
    database: 'orders',
    location: { type: 'url', url: 'file:///etc', credential: ownCredentialName(0) },
  };
  await assert.rejects(start(ann(), own, [keys]), { code: 'forbidden' });
  await assert.rejects(start(ann(), atS3(ownCredentialName(2)), [keys]), { code: 'credential-unknown' });
});

test('what is wrong with one is said by its place, and its values never', async () => {
  const wrong: readonly (readonly [credential: unknown, field: string])[] = [
    ['s3', 'own_credentials[0]'],
    [{ secret }, 'own_credentials[0].type'],
    [{ type: 'floppy', secret }, 'own_credentials[0].type'],
    [{ type: 's3', id: 'x' }, 'own_credentials[0].secret'],
    [{ ...keys, options: { [secret]: secret } }, 'own_credentials[0].options'],
    [{ type: 's3', options: { keys: 'environment' } }, 'own_credentials[0].options.keys'],
  ];
  for (const [credential, field] of wrong) {
    const failing = start(administrator(), encrypted, [credential as OwnCredential]);
    await assert.rejects(failing, (error: unknown) => {
      assert.ok(!inspect(error, { depth: 10 }).includes(secret), field);
      return (
        (error as { field?: string }).field === field && (error as { code: string }).code === 'field-invalid'
      );
    });
  }
});

test('a repeated request gives the same job and keeps nothing more', async () => {
  const options = { api: 'native', idempotencyKey: 'once', ownCredentials: [keys, passphrase] };
  const first = await service.startExport(ann(), encrypted, options);
  const again = await service.startExport(ann(), encrypted, options);
  assert.deepEqual([again.created, again.job.id], [false, first.job.id]);
  assert.equal(await fixture.registry.replaceSealed((sealed) => sealed), 2 + 2);
  await service.stopJob(ann(), first.job.id);
});

test('a rotation of the wallet seals them again, those that come meanwhile too', async () => {
  const [sealed, stored] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = createService({
    ...fixture.dependencies,
    store: {
      ...fixture.store,
      async createJob(job) {
        sealed.resolve();
        await stored.promise;
        return fixture.store.createJob(job);
      },
    },
  });
  const starting = slow.startExport(ann(), encrypted, { api: 'native', ownCredentials: [keys, passphrase] });
  await sealed.promise;
  const rotating = slow.rotateWallet(administrator());
  // Time enough for a rotation that does not wait.
  await Promise.race([rotating, sleep(200)]);
  stored.resolve();
  const { job } = await starting;
  await rotating;
  // As a new process would find it.
  const wallet = await openWallet(join(fixture.folder, 'wallet.key'), { key: null, previous: null });
  const record = await fixture.registry.getCredential(jobCredentialName(job.id, 0));
  assert.match(wallet.unseal(record?.sealedBody ?? ''), /AKIAGUILLEMOT/);
  await service.stopJob(ann(), job.id);
});

test('the secret stands nowhere: not in jobs, lists, lines, files', async () => {
  const { jobs } = await service.listJobs(administrator(), {});
  const all = [
    jobs,
    fixture.lines,
    fixture.told,
    await fixture.registry.listAudit(1000),
    ...(await Promise.all(jobs.map(({ id }) => service.jobLog(administrator(), id, 0)))),
  ];
  for (const text of [secret, 'AKIAGUILLEMOT']) {
    assert.ok(!inspect(all, { depth: 20 }).includes(text));
    assert.deepEqual(await filesHolding(fixture.folder, text), []);
    assert.deepEqual(await filesHolding(fixture.folder, Buffer.from(text).toString('base64')), []);
  }
  assert.notDeepEqual(await filesHolding(fixture.folder, 'job:'), []);
});
