import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { inspect } from 'node:util';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { AppError } from '../core/errors.ts';
import { localAdministrator } from '../core/permission.ts';
import type { CallContext, Service } from './service.ts';
import type { StartOptions } from './start-input.ts';

type NewCredential = Parameters<Service['addCredential']>[1];

const secret = 'Kittiwake/7731+secret';
const id = 'AKIAKITTIWAKE';
const minio: NewCredential = {
  name: 'minio',
  type: 's3',
  id,
  secret,
  options: { endpoint: 'https://kittiwake.example.net', region: 'eu-1' },
};
const options: StartOptions = { api: 'native' };

let fixture: ServiceFixture;
let service: Service;
before(async () => {
  fixture = await openServiceFixture();
  service = fixture.service;
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);
const ann = () => fixture.as(callerOf('ann', 'developer', ['*']));
const bob = () => fixture.as(callerOf('bob', 'operator'));
const viewer = () => fixture.as(callerOf('vic', 'viewer'));

/** The credential for the length of a test, and whatever a test makes with it. */
async function withCredential(
  context: CallContext,
  credential: NewCredential,
  work: () => Promise<void>,
): Promise<void> {
  await service.addCredential(context, credential);
  await work();
  await service.removeCredential(administrator(), credential.name);
}

test('a credential is shown by name, type and owner, to its owner and to administrators', async () => {
  await withCredential(ann(), minio, async () => {
    const view = { name: 'minio', type: 's3', owner: 'ann', createdAt: fixture.now };
    assert.deepEqual(await service.getCredential(ann(), 'minio'), view);
    assert.deepEqual(await service.listCredentials(ann()), [view]);
    assert.deepEqual(await service.listCredentials(administrator()), [view]);
    assert.deepEqual(await service.listCredentials(bob()), []);
    await assert.rejects(service.getCredential(bob(), 'minio'), { code: 'credential-unknown' });
    await assert.rejects(service.removeCredential(bob(), 'minio'), { code: 'credential-unknown' });
    await assert.rejects(service.addCredential(bob(), minio), { code: 'credential-exists' });
  });
  assert.deepEqual(await service.listCredentials(administrator()), []);
});

test('a missing credential and one of somebody else look the same', async () => {
  await withCredential(ann(), minio, async () => {
    const messageFor = async (name: string) => {
      const error = await service.getCredential(bob(), name).catch((thrown: AppError) => thrown);
      return (error as AppError).message.replace(name, 'NAME');
    };
    assert.equal(await messageFor('minio'), await messageFor('other'));
  });
});

test('viewers have no credentials', async () => {
  const calls = [
    service.addCredential(viewer(), minio),
    service.listCredentials(viewer()),
    service.getCredential(viewer(), 'minio'),
    service.removeCredential(viewer(), 'minio'),
  ];
  for (const call of calls) await assert.rejects(call, { code: 'forbidden' });
});

test('what does not fit the type is refused, and no value is repeated', async () => {
  const hidden = 'Guillemot-9';
  const cases: readonly (readonly [input: object, field: string, message: RegExp])[] = [
    [{ type: undefined }, 'type', /type is missing/],
    [{ type: hidden }, 'type', /type must be one of s3, sftp, encryption/],
    [{ type: 7 }, 'type', /must be a text/],
    [{ type: 'sftp', secret: undefined, options: {} }, 'secret', /secret is missing: .* sftp/],
    [{ type: 'encryption', id: null, secret: null, options: {} }, 'secret', /secret is missing/],
    [{ type: 'encryption', id: hidden, options: {} }, 'id', /has none/],
    [{ id: 7 }, 'id', /id must be a text/],
    [{ id: '' }, 'id', /id is empty/],
    [{ id: `${hidden}\n` }, 'id', /id holds a line break/],
    [{ secret: { [hidden]: hidden } }, 'secret', /secret must be a text/],
    [{ secret: '' }, 'secret', /secret is empty/],
    [{ secret: hidden.repeat(10_000) }, 'secret', /longer than 65536/],
    [{ secret: `${hidden}\0` }, 'secret', /NUL/],
    [{ options: [hidden] }, 'options', /options must be an object/],
    [{ options: hidden }, 'options', /options must be an object/],
    [{ options: { [hidden]: 'x' } }, 'options', /options holds an unknown option/],
    [{ options: { bucket: hidden } }, 'options', /options holds the unknown option "bucket"/],
    [{ options: { endpoint: 7 } }, 'options.endpoint', /must be a text/],
    [{ options: { 'host-key': hidden } }, 'options', /unknown option "host-key"/],
    [{ type: 'encryption', id: undefined }, 'options', /unknown option "endpoint"/],
    [{ name: 'not good' }, 'name', /cannot be used/],
    [{ owner: 'nobody' }, 'owner', /no user "nobody"/],
    [{ secret: null }, 'secret', /needs one, or the option keys/],
    [{ options: { 'path-style': hidden } }, 'options.path-style', /must be one of true, false/],
    [{ secret: null, options: { keys: hidden } }, 'options.keys', /must be one of environment, instance/],
    [{ options: { keys: 'instance' } }, 'options.keys', /a secret is given/],
  ];
  for (const [change, field, message] of cases) {
    await assert.rejects(
      service.addCredential(administrator(), { ...minio, ...change } as NewCredential),
      (error: AppError) => {
        assert.equal(error.field, field, inspect(change));
        assert.match(error.message, message, inspect(change));
        assert.doesNotMatch(`${error.message} ${error.hint}`, /Guillemot|Kittiwake/);
        return true;
      },
    );
  }
  assert.deepEqual(await service.listCredentials(administrator()), []);
});

test('only administrators lend the keys of the service itself, and add for others', async () => {
  const own = [
    { ...minio, id: null, secret: null, options: { keys: 'environment' } },
    { ...minio, id: null, secret: null, options: { keys: 'instance' } },
  ];
  for (const credential of own) {
    for (const context of [ann(), bob()]) {
      await assert.rejects(service.addCredential(context, credential), { code: 'forbidden' });
    }
    await withCredential(administrator(), credential, async () => undefined);
  }
  await service.addUser(administrator(), { name: 'carl', role: 'developer', password: 'x' });
  await assert.rejects(service.addCredential(ann(), { ...minio, owner: 'carl' }), { code: 'forbidden' });
  await withCredential(administrator(), { ...minio, owner: 'carl' }, async () => {
    const carl = fixture.as(callerOf('carl', 'developer'));
    assert.equal((await service.getCredential(carl, 'minio')).owner, 'carl');
  });
  const long = `${'d'.repeat(60)}@example.net`;
  await service.addUser(administrator(), { name: long, role: 'developer', password: 'x' });
  await withCredential(administrator(), { ...minio, owner: long }, async () => undefined);
  await withCredential(ann(), { ...minio, owner: 'ann' }, async () => undefined);
  await service.removeUser(administrator(), 'carl');
});

test('a user who is removed takes his credentials along, unless they are in use', async () => {
  await service.addUser(administrator(), { name: 'dora', role: 'developer', password: 'x' });
  await service.addCredential(administrator(), { ...minio, owner: 'dora' });
  await service.addCredential(administrator(), { ...minio, name: 'spare', owner: 'dora' });
  await fixture.registry.addDirectory({ name: 'D', url: 's3://b', credential: 'spare' });
  await assert.rejects(service.removeUser(administrator(), 'dora'), { code: 'credential-in-use' });
  await service.removeDirectory(administrator(), 'D');
  await service.removeUser(administrator(), 'dora');
  assert.deepEqual(await service.listCredentials(administrator()), []);
});

test('a credential stays while an unfinished job needs it, and a job that rests does not come by another one', async () => {
  const location = { type: 'url', url: 's3://bucket/prefix', credential: 'minio' } as const;
  await service.addCredential(ann(), minio);
  // What is there already is asked for first, and nobody answers at the example's host: the job comes from the store.
  const { job } = await fixture.store.createJob({
    name: () => 'HELD',
    owner: 'ann',
    database: 'orders',
    api: 'native',
    apiData: {},
    request: { kind: 'verify', database: '', location, filePattern: null, threads: 1 },
    requestFor: () => ({ kind: 'verify', database: '', location, filePattern: null, threads: 1 }),
    threads: 1,
    idempotency: null,
  });
  await assert.rejects(service.removeCredential(ann(), 'minio'), {
    code: 'credential-in-use',
    message: 'The job HELD uses credential minio and is not finished.',
  });
  await service.stopJob(ann(), job.id);
  await service.removeCredential(ann(), 'minio');
  await assert.rejects(service.resumeJob(ann(), job.id), { code: 'credential-unknown' });

  fixture.now += 1000;
  await service.addCredential(bob(), minio);
  await assert.rejects(service.resumeJob(ann(), job.id), { code: 'credential-unknown' });
  await assert.rejects(service.cancelJob(ann(), job.id), { code: 'credential-unknown' });
  await assert.rejects(service.jobFiles(ann(), job.id), { code: 'credential-unknown' });
  await service.removeCredential(bob(), 'minio');

  await service.addCredential(ann(), { ...minio, secret: 'a new one' });
  await service.resumeJob(ann(), job.id);
  await service.stopJob(ann(), job.id);
  await service.removeCredential(ann(), 'minio');
});

test('a storage URL is for administrators, or for a credential of one’s own', async () => {
  const url = 's3://bucket/prefix';
  const start = (context: CallContext, place: { url: string; credential: string | null }) =>
    service.startExport(context, { database: 'orders', location: { type: 'url', ...place } }, options);
  await withCredential(ann(), minio, async () => {
    for (const context of [ann(), bob(), viewer()]) {
      await assert.rejects(start(context, { url, credential: null }), { code: 'forbidden' });
    }
    await assert.rejects(start(bob(), { url, credential: 'minio' }), { code: 'credential-unknown' });
    await assert.rejects(start(ann(), { url, credential: 'other' }), {
      code: 'credential-unknown',
      field: 'credential',
    });
    for (const own of ['file:///etc', 'null:']) {
      await assert.rejects(start(ann(), { url: own, credential: 'minio' }), { code: 'forbidden' });
      await assert.rejects(start(administrator(), { url: own, credential: 'minio' }), {
        code: 'location-invalid',
      });
    }
    // The place itself is asked, and the URL policy lets nobody reach it: everything before was in order.
    const reached = 's3://bucket?endpoint=http://127.0.0.1:9';
    await assert.rejects(start(ann(), { url: reached, credential: 'minio' }), { code: 'address-refused' });
    for (const call of [
      service.listDumpSets(ann(), { type: 'url', url, credential: null }),
      service.showDumpSet(bob(), { type: 'url', url, credential: null }, null),
      service.startVerify(ann(), { location: { type: 'url', url, credential: null } }, options),
      service.testLocation(ann(), { location: { type: 'url', url, credential: null } }),
    ]) {
      await assert.rejects(call, { code: 'forbidden' });
    }
  });
});

test('an encryption key is a credential of the caller’s own', async () => {
  await withCredential(ann(), { name: 'key', type: 'encryption', secret }, async () => {
    const start = (context: CallContext) =>
      service.startExport(context, { database: 'orders', encryptionKey: 'key' }, options);
    await assert.rejects(start(bob()), { code: 'credential-unknown', field: 'encryption_key' });
    const { job } = await start(ann());
    await assert.rejects(service.removeCredential(ann(), 'key'), { code: 'credential-in-use' });
    await service.stopJob(ann(), job.id);
  });
});

test('an address that is a secret in itself stays out of the audit trail', async () => {
  const urls = {
    'https://store.example.net/p/Sh4g-T0ken/n/b/o': 'https://store.example.net',
    's3://bucket/prefix?sig=Sh4g-T0ken': 's3://bucket/prefix',
    'file:///var/dumps': 'file:///var/dumps',
  };
  for (const [url, subject] of Object.entries(urls)) {
    const location = { type: 'url', url, credential: null } as const;
    for (const call of [
      service.startVerify(bob(), { location }, options),
      service.testLocation(bob(), { location }),
    ]) {
      await assert.rejects(call, { code: 'forbidden' });
    }
    const trail = await fixture.registry.listAudit(2);
    assert.deepEqual([...new Set(trail.map((entry) => entry.subject))], [subject]);
  }
});

test('every change is in the audit trail, and nothing secret is in any file', async () => {
  await withCredential(ann(), minio, async () => {
    await assert.rejects(service.addCredential(viewer(), minio));
    const trail = await fixture.registry.listAudit(2);
    assert.deepEqual(
      trail.map(({ caller, action, subject, outcome }) => [caller, action, subject, outcome]),
      [
        ['vic', 'credential:add', 'minio', 'refused'],
        ['ann', 'credential:add', 'minio', 'allowed'],
      ],
    );
    const files = (await readdir(fixture.folder, { recursive: true, withFileTypes: true })).filter((file) =>
      file.isFile(),
    );
    assert.ok(files.some(({ name }) => name.startsWith('store.sqlite')));
    for (const file of files) {
      const bytes = await readFile(join(file.parentPath, file.name), 'latin1');
      for (const text of [secret, id, 'kittiwake.example.net', Buffer.from(secret).toString('base64')]) {
        assert.ok(!bytes.includes(text), `${file.name} holds ${text}`);
      }
    }
    assert.doesNotMatch(JSON.stringify(fixture.lines), /kittiwake/i);
  });
});
