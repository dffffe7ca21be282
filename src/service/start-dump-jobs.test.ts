import assert from 'node:assert/strict';
import { cp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  filePatterns,
  localStorage,
  sampleJob,
  sampleUnits,
  writeSample,
} from '../../test/harness/dump-sample.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { rewriteManifest } from '../../test/harness/rewrite-manifest.ts';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { Secret } from '../base/secret.ts';
import { localAdministrator } from '../core/permission.ts';
import type { LocationRequest } from '../core/request.ts';
import { newSetCipher } from '../dump/encryption.ts';
import type { JobStore } from '../jobs/job-store.ts';

/* What a start of a copy or a removal of a dump set refuses, and encryption keys. Nothing runs the jobs. */

const native = { api: 'native' };
const here: LocationRequest = { type: 'directory', directory: 'DATA_PUMP_DIR' };
const there: LocationRequest = { type: 'directory', directory: 'SPARE' };
let fixture: ServiceFixture;

beforeEach(async () => {
  fixture = await openServiceFixture();
  await fixture.service.addDirectory(admin(), { name: 'SPARE', path: join(fixture.folder, 'spare') });
  for (const pattern of filePatterns)
    await writeSample(localStorage(fixture.dumps), pattern, recordingContext());
});
afterEach(() => fixture[Symbol.asyncDispose]());

const admin = () => fixture.as(localAdministrator);
const copy = (input: object = {}, context = admin()) =>
  fixture.service.startDumpCopy(context, { filePattern: 'one.dmp', to: there, ...input }, native);
const remove = (input: object = {}, context = admin()) =>
  fixture.service.startDumpDelete(context, { filePattern: 'one.dmp', ...input }, native);

/** Ends a job as if it had failed, with the plan that it had. */
async function fail(store: JobStore, plan: unknown): Promise<void> {
  const claimed = await store.claimTask('test');
  assert.ok(claimed);
  await store.completeTask(claimed.lease, {
    result: null,
    plan,
    spawn: [{ ...claimed.task, key: 'next', kind: 'file', group: 'file', waitsFor: [] }],
  });
  const next = await store.claimTask('test');
  assert.ok(next);
  await store.failJob(next.lease, { code: 'storage-failed', message: 'gone', hint: '' });
}

test('the jobs are made with their requests, and are about no database', async () => {
  const copied = (await copy({ threads: 99 })).job;
  assert.deepEqual(copied.request, {
    kind: 'dump_copy',
    database: '',
    location: here,
    filePattern: 'one.dmp',
    to: there,
    threads: 16,
  });
  assert.match(copied.name, /^DUMP_COPY_\d{14}$/);
  const removed = (await remove({ filePattern: 'EXP%U.DMP' })).job;
  assert.deepEqual(removed.request, {
    kind: 'dump_delete',
    database: '',
    location: here,
    filePattern: 'EXP%U.DMP',
    threads: 1,
  });
  const trail = (await fixture.registry.listAudit(10)).map(({ action, subject }) => `${action} ${subject}`);
  assert.ok(trail.includes('dump_copy:start DATA_PUMP_DIR to SPARE'), trail.join());
  assert.ok(trail.includes('dump_delete:start EXP%U.DMP at DATA_PUMP_DIR'), trail.join());
});

test('what is wrong with the request is told by its fields, those of the other place with to_', async () => {
  await assert.rejects(copy({ to: undefined }), { code: 'field-invalid', field: 'to_location' });
  await assert.rejects(copy({ to: { type: 'url', url: 'no url', credential: null } }), {
    code: 'location-invalid',
    field: 'to_location',
  });
  await assert.rejects(copy({ to: { type: 'directory', directory: 'NONE' } }), {
    code: 'directory-unknown',
    field: 'to_directory',
  });
  await assert.rejects(copy({ to: { type: 'url', url: 's3://b/p', credential: 'nobody' } }), {
    code: 'credential-unknown',
    field: 'to_credential',
  });
  await assert.rejects(copy({ to: here }), { code: 'file-exists', field: 'to_directory' });
  await assert.rejects(copy({ filePattern: 'none.dmp' }), { code: 'file-missing', field: 'file_pattern' });
  await assert.rejects(remove({ filePattern: 'none.dmp' }), { code: 'file-missing', field: 'file_pattern' });
  await assert.rejects(remove({ filePattern: 'EXP02.DMP' }), { code: 'dump-truncated' });
});

test('a set of that name at the other place is in the way, in every form', async () => {
  for (const pattern of filePatterns) {
    await writeSample(localStorage(join(fixture.folder, 'spare')), pattern, recordingContext());
    await assert.rejects(copy({ filePattern: pattern ?? sampleJob }), {
      code: 'file-exists',
      field: 'file_pattern',
    });
  }
});

test('viewers may not, developers only on databases that they have a grant on, and URLs need a credential', async () => {
  const viewer = fixture.as(callerOf('eve', 'viewer'));
  for (const start of [copy, remove]) {
    await assert.rejects(start({}, viewer), { code: 'forbidden', message: /dump:manage/ });
    const stranger = fixture.as(callerOf('dev', 'developer', ['orders']));
    await assert.rejects(start({}, stranger), { code: 'forbidden', message: /data of database hr/ });
  }
  const developer = fixture.as(callerOf('dev', 'developer', ['hr']));
  const to = { type: 'url', url: pathToFileURL(join(fixture.folder, 'x')).href, credential: null };
  await assert.rejects(copy({ to }, developer), { code: 'forbidden', field: 'to_location' });
  await copy({}, developer);
  await remove({ filePattern: 'EXP%U.DMP' }, developer);
});

test('a set that an unfinished job reads, writes or removes is not deleted, by whatever name it goes', async () => {
  const inUse = { code: 'dump-in-use', field: 'file_pattern' };
  const folder = pathToFileURL(join(fixture.dumps, sampleJob)).href;
  const { job } = await fixture.service.startVerify(admin(), { filePattern: sampleJob }, native);
  await assert.rejects(remove({ filePattern: sampleJob }), inUse);
  // The same folder, named as the place itself.
  const itself = { location: { type: 'url', url: folder, credential: null }, filePattern: null };
  await assert.rejects(remove(itself), inUse);
  await remove({ filePattern: 'one.dmp' });
  await assert.rejects(remove({ filePattern: 'one.dmp' }), inUse);
  await fixture.service.cancelJob(admin(), job.id);

  await copy({ filePattern: 'EXP%U.DMP' });
  await assert.rejects(remove({ filePattern: 'EXP%U.DMP' }), inUse);
});

test('a set that is being deleted is not read, and nothing is written in its place', async () => {
  await remove();
  const inUse = { code: 'dump-in-use', message: /^The job DUMP_DELETE_\d+ removes this dump set at file:/ };
  await assert.rejects(fixture.service.startVerify(admin(), { filePattern: 'one.dmp' }, native), inUse);
  await assert.rejects(
    fixture.service.startImport(admin(), { database: 'empty', filePattern: 'one.dmp' }, native),
    inUse,
  );
  await assert.rejects(copy(), inUse);
  await assert.rejects(
    fixture.service.startExport(admin(), { database: 'orders', filePattern: 'one.dmp' }, native),
    inUse,
  );
});

test('a set that counts a file of others among its own is neither copied nor deleted', async () => {
  await cp(join(fixture.dumps, sampleJob), fixture.dumps, { recursive: true });
  await rewriteManifest(join(fixture.dumps, 'manifest.json'), (text) =>
    text.replace(
      '"files":[\n',
      `"files":[\n{"name":"one.dmp","bytes":7,"digest":"sha256:${'0'.repeat(64)}"},\n`,
    ),
  );
  const hostile = { code: 'dump-damaged', field: 'file_pattern', message: /"one\.dmp"/ };
  await assert.rejects(remove({ filePattern: null }), hostile);
  await assert.rejects(copy({ filePattern: null }), hostile);
});

test('two copies, or a copy and an export, do not write the same files', async () => {
  const starts = await Promise.allSettled([copy(), copy()]);
  assert.deepEqual(starts.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const exporting = (filePattern: string) =>
    fixture.service.startExport(admin(), { database: 'orders', filePattern, location: there }, native);
  await assert.rejects(exporting('one.dmp'), { code: 'file-exists', message: /DUMP_COPY_\d+ is writing to/ });
  await exporting('EXP%U.DMP');
  await assert.rejects(copy({ filePattern: 'EXP%U.DMP' }), {
    code: 'file-exists',
    message: /EXPORT_\d+ of database orders is writing to the same files/,
  });
});

test('a copy that failed keeps its files, since it can be resumed', async () => {
  await copy();
  await fail(fixture.store, { kind: 'dump_copy', files: ['one.dmp'] });
  await assert.rejects(copy(), { code: 'file-exists', message: /is failed and keeps these files/ });
});

test('what a removal that failed may still remove is nobody else’s place', async () => {
  const { job } = await remove();
  await fail(fixture.store, { kind: 'dump_delete', files: ['one.dmp'], bytes: 1 });
  await rm(join(fixture.dumps, 'one.dmp'));
  const exporting = () =>
    fixture.service.startExport(admin(), { database: 'orders', filePattern: 'one.dmp' }, native);
  await assert.rejects(exporting(), {
    code: 'dump-in-use',
    message: /removes this dump set .* and is failed/,
  });
  await fixture.service.cancelJob(admin(), job.id);
  const cleanup = await fixture.store.claimTask('test');
  assert.ok(cleanup);
  await fixture.store.completeTask(cleanup.lease, { result: null });
  await exporting();
});

test('a removal is not resumed while a job reads the set, nor a job that reads while it is removed', async () => {
  const { job } = await remove();
  await fail(fixture.store, { kind: 'dump_delete', files: ['one.dmp'], bytes: 1 });
  const verifying = await fixture.service.startVerify(admin(), { filePattern: 'one.dmp' }, native);
  await assert.rejects(fixture.service.resumeJob(admin(), job.id), { code: 'dump-in-use' });
  await fixture.service.stopJob(admin(), verifying.job.id);
  await fixture.service.resumeJob(admin(), job.id);
  await assert.rejects(fixture.service.resumeJob(admin(), verifying.job.id), { code: 'dump-in-use' });
});

test('encryption keys: the own ones, of the right type, and the right one before there is a job', async () => {
  const key = (name: string, secret: string, type = 'encryption', owner?: string) =>
    fixture.service.addCredential(admin(), { name, type, secret, ...(owner === undefined ? {} : { owner }) });
  await key('right', 'correct horse');
  await key('wrong', 'battery staple');
  const cipher = await newSetCipher(new Secret('correct horse'));
  const coding = { compression: 'zstd', cipher } as const;
  const units = sampleUnits.slice(0, 1);
  await writeSample(
    localStorage(join(fixture.folder, 'spare')),
    'enc.dmp',
    recordingContext(),
    units,
    coding,
  );

  const exporting = (encryptionKey: string, context = admin()) =>
    fixture.service.startExport(context, { database: 'orders', encryptionKey }, native);
  assert.deepEqual((await exporting('right')).job.request.kind, 'export');
  await assert.rejects(exporting('nobody'), { code: 'credential-unknown', field: 'encryption_key' });
  const developer = fixture.as(callerOf('dev', 'developer', ['*']));
  await assert.rejects(exporting('right', developer), {
    code: 'credential-unknown',
    field: 'encryption_key',
  });

  const sets = await fixture.service.listDumpSets(admin(), there);
  assert.deepEqual(
    sets.map(({ filePattern, isEncrypted }) => [filePattern, isEncrypted]),
    [['enc.dmp', true]],
  );
  const jobs = async () => (await fixture.store.listJobs({ limit: 100 })).length;
  const before = await jobs();
  const importing = (encryptionKey?: string, dryRun = false) =>
    fixture.service.startImport(
      admin(),
      {
        database: 'empty',
        location: there,
        filePattern: 'enc.dmp',
        dryRun,
        ...(encryptionKey === undefined ? {} : { encryptionKey }),
      },
      native,
    );
  // The sample says that it comes from PostgreSQL, which is told first; the key of a set of this engine is looked at in test/e2e.
  await assert.rejects(importing('nobody'), { code: 'credential-unknown', field: 'encryption_key' });
  await assert.rejects(importing('right'), { code: 'unsupported' });
  assert.equal(await jobs(), before);
  await fixture.service.startVerify(admin(), { location: there, filePattern: 'enc.dmp' }, native);
});

test('file_size needs numbered files, and a number from 1 MiB', async () => {
  const exporting = (input: object) =>
    fixture.service.startExport(admin(), { database: 'orders', location: there, ...input }, native);
  for (const fileSize of [0, 1048575, 1.5e6 + 0.5, '5GB', true, Number.NaN])
    await assert.rejects(exporting({ fileSize, filePattern: 'A%U.DMP' }), {
      code: 'field-invalid',
      field: 'file_size',
    });
  for (const filePattern of [null, 'one.dmp'])
    await assert.rejects(exporting({ fileSize: 1048576, filePattern }), {
      code: 'field-invalid',
      field: 'file_size',
    });
  const { job } = await exporting({ fileSize: 1048576, filePattern: 'A%U.DMP' });
  assert.equal(job.request.kind === 'export' && job.request.fileSize, 1048576);
});

test('a directory for reading only is looked at when it is added, and nothing is written to it', async () => {
  const { service } = fixture;
  const path = join(fixture.folder, 'archive');
  const added = await service.addDirectory(admin(), { name: 'NOTHING', path, readOnly: true });
  assert.equal(added.readOnly, true);
  await assert.rejects(stat(path), { code: 'ENOENT' }, 'the probe wrote');
  await service.addDirectory(admin(), { name: 'ARCHIVE', path: fixture.dumps, readOnly: true });
  const archive: LocationRequest = { type: 'directory', directory: 'ARCHIVE' };
  const before = await readdir(fixture.dumps);

  const denied = (field: string) => ({ code: 'storage-denied', field, message: /for reading only\.$/ });
  const exporting = (input: object) =>
    service.startExport(admin(), { database: 'orders', location: archive, ...input }, native);
  await assert.rejects(exporting({}), denied('directory'));
  await assert.rejects(copy({ to: archive }), denied('to_directory'));
  await assert.rejects(remove({ location: archive }), denied('directory'));
  const testing = { purpose: 'export' as const, location: archive };
  await assert.rejects(service.testDatabase(admin(), 'orders', testing), denied('directory'));

  // What only reads from it, or writes nothing, goes on.
  await exporting({ estimate: true });
  await copy({ location: archive });
  await service.startVerify(admin(), { location: archive, filePattern: 'one.dmp' }, native);
  const tested = await service.testLocation(admin(), { location: archive });
  assert.deepEqual([tested.ok, /nothing was written/.test(tested.message)], [true, true], tested.message);
  assert.deepEqual(await readdir(fixture.dumps), before);
  // Jobs that were made before the directory became read-only find the same.
  const storage = await fixture.dependencies.environment.storage(archive);
  await assert.rejects(storage.remove('one.dmp', recordingContext()), denied('directory'));
});
