import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { createKeyedEngine, slateFile } from '../../test/harness/keyed-engine.ts';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';
import type { ImportRequest } from '../core/request.ts';
import type { CallContext } from './service.ts';
import type { StartImport } from './start-input.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture([createKeyedEngine().engine]);
  await fixture.service.addDatabase(administrator(), { name: 'slate', url: 'slate://s' });
  for (const name of ['one', 'p-1_of_2', 'p-2_of_2']) {
    await writeFile(join(fixture.dumps, `${name}.slate`), slateFile([]));
  }
  await fixture.service.addCredential(ann(), { name: 'minio', type: 's3', id: 'i', secret: 's' });
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);
const ann = () => fixture.as(callerOf('ann', 'developer', ['slate']));
const bob = () => fixture.as(callerOf('bob', 'developer', ['*']));

const start = (context: CallContext, input: Readonly<Record<string, unknown>>) =>
  fixture.service.startImport(context, { database: 'slate', ...input } as StartImport, { api: 'native' });
const one = { file: 'one.slate' };
const atS3 = { type: 'url', url: 's3://bucket?endpoint=http://127.0.0.1:9', credential: 'minio' };

test('files are taken as they are named; the directory has its default', async () => {
  const ownFiles = [one, ...[1, 2].map((n) => ({ file: `p-${n}_of_2.slate` }))];
  const { job } = await start(bob(), { ownFiles, erase: true });
  const request = job.request as ImportRequest;
  const location = { type: 'directory', directory: 'DATA_PUMP_DIR' };
  assert.deepEqual(
    request.ownFiles,
    ownFiles.map((file) => ({ location, ...file })),
  );
  assert.deepEqual([request.location, request.filePattern, request.erase], [location, null, true]);
  const [entry] = await fixture.registry.listAudit(1);
  assert.deepEqual([entry?.action, entry?.subject, entry?.outcome], ['import:erase', 'slate', 'allowed']);
  await assert.rejects(fixture.service.removeDirectory(administrator(), 'DATA_PUMP_DIR'), {
    code: 'directory-in-use',
  });
});

const wrong: readonly (readonly [input: Readonly<Record<string, unknown>>, code: string, field: string])[] = [
  [{ ownFiles: {} }, 'field-invalid', 'own_files'],
  [{ ownFiles: [] }, 'field-invalid', 'own_files'],
  [{ ownFiles: ['one.slate'] }, 'field-invalid', 'own_files[0]'],
  [{ ownFiles: [one, {}] }, 'field-invalid', 'own_files[1].file'],
  [{ ownFiles: Array.from({ length: 1001 }, (_, n) => ({ file: `${n}` })) }, 'field-invalid', 'own_files'],
  [{ ownFiles: [{ ...one, location: 'here' }] }, 'field-invalid', 'own_files[0].location'],
  [
    { ownFiles: [{ ...one, location: { type: 'directory', directory: 'NO' } }] },
    'directory-unknown',
    'own_files[0].directory',
  ],
  [{ ownFiles: [one, { file: 'none.slate' }] }, 'file-missing', 'own_files[1].file'],
  [{ ownFiles: [{ file: '../one.slate' }] }, 'file-name-invalid', 'own_files[0].file'],
  [{ ownFiles: [one, one] }, 'field-invalid', 'own_files'],
  [{ ownFiles: [{ file: 'p-1_of_2.slate' }] }, 'field-invalid', 'own_files'],
  [
    { ownFiles: [one], location: { type: 'directory', directory: 'DATA_PUMP_DIR' } },
    'field-invalid',
    'location',
  ],
  [{ ownFiles: [one], filePattern: 'A%U.DMP' }, 'field-invalid', 'file_pattern'],
  [{ ownFiles: [one], encryptionKey: 'minio' }, 'field-invalid', 'encryption_key'],
  [{ ownFiles: [one], content: 'metadata_only' }, 'field-invalid', 'content'],
  [{ ownFiles: [one], erase: 'yes' }, 'field-invalid', 'erase'],
  [{ ownFiles: [one], erase: true, tableExistsAction: 'truncate' }, 'field-invalid', 'table_exists_action'],
  [{ ownFiles: [one], database: 'orders' }, 'unsupported', 'own_files'],
  [{ erase: true, database: 'orders' }, 'unsupported', 'erase'],
  [{ remapKeys: [{ source: '', target: 'a' }], database: 'orders' }, 'unsupported', 'remap_keys'],
];
for (const [input, code, field] of wrong) {
  test(`${JSON.stringify(input).slice(0, 80)} is refused by its field`, async () => {
    await assert.rejects(start(administrator(), input), { code, field });
  });
}

test('each place is one that the caller may go to', async () => {
  await assert.rejects(start(bob(), { ownFiles: [one, { ...one, location: atS3 }] }), {
    code: 'credential-unknown',
    field: 'own_files[1].credential',
  });
  await assert.rejects(start(bob(), { ownFiles: [{ ...one, location: { ...atS3, credential: null } }] }), {
    code: 'forbidden',
    field: 'own_files[0].location',
  });
  // Whose grants are on single databases reads nothing that may be of others.
  await assert.rejects(start(ann(), { ownFiles: [one] }), {
    code: 'forbidden',
    field: 'own_files[0].directory',
  });
  // The place is asked, and the URL policy lets nobody reach it: everything before was in order.
  await assert.rejects(start(ann(), { ownFiles: [{ ...one, location: atS3 }] }), { code: 'address-refused' });
});

test('a credential that a job’s file needs stays', async () => {
  const location = { type: 'url', url: 's3://bucket', credential: 'minio' } as const;
  const { job } = await start(bob(), { ownFiles: [one] });
  const request = { ...(job.request as ImportRequest), ownFiles: [{ location, file: 'x' }] };
  await fixture.store.createJob({
    ...{ name: () => 'HELD', owner: 'ann', database: 'slate', api: 'native', apiData: {} },
    ...{ request, threads: 1, idempotency: null },
  });
  await assert.rejects(fixture.service.removeCredential(ann(), 'minio'), { code: 'credential-in-use' });
});
