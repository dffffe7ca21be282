import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';
import type { LocationRequest } from '../core/request.ts';
import { postgresEngine } from '../engines/postgres/engine.ts';
import { sqliteEngine } from '../engines/sqlite/engine.ts';
import { createNetwork } from '../network/create-network.ts';
import { createEnvironment } from '../operations/environment.ts';
import { localDriver } from '../storages/local/driver.ts';
import { s3Driver } from '../storages/s3/driver.ts';
import { createStorageStack } from '../storages/stack.ts';
import { createService } from './create-service.ts';
import type { Service } from './service.ts';

/* What may be named where several instances share the store: the same fixture, whose service believes that it is one of them. */

let fixture: ServiceFixture;
let service: Service;
const admin = () => fixture.as(localAdministrator);
const native = { api: 'native', placeLater: true } as const;
const local: LocationRequest = { type: 'directory', directory: 'DATA_PUMP_DIR' };
const common: LocationRequest = { type: 'directory', directory: 'COMMON' };
const remote: LocationRequest = { type: 'url', url: 's3://bucket/dumps', credential: null };

beforeEach(async () => {
  fixture = await openServiceFixture();
  const { registry, wallet } = fixture.dependencies;
  const storages = createStorageStack({
    drivers: [localDriver, s3Driver],
    network: createNetwork({ allow: [] }),
  });
  const environment = createEnvironment({
    engines: [sqliteEngine, postgresEngine],
    openStorage: storages.open,
    registry,
    sealer: wallet,
    spread: { instance: 'two', isLocal: storages.isLocal },
  });
  service = createService({ ...fixture.dependencies, environment });
  await service.addDatabase(admin(), { name: 'shop', url: 'postgres://shop@db.example.net/shop' });
  const url = `sqlite:${join(fixture.folder, 'orders.db')}`;
  await service.addDatabase(admin(), { name: 'common', url, shared: true });
  const path = join(fixture.folder, 'common');
  await service.addDirectory(admin(), { name: 'COMMON', path, shared: true });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const refused = (field: string, message: RegExp) => (error: unknown) => {
  const { code, field: at, message: text, hint } = error as Record<string, string>;
  assert.deepEqual([code, at], ['not-shared', field]);
  assert.match(text ?? '', message);
  assert.match(hint ?? '', /--shared/);
  return true;
};

test('a job is refused that names what one machine alone sees, with the field and the remedy', async () => {
  const folder = /DATA_PUMP_DIR is the folder .*dumps/;
  const file = /database orders is a file/;
  const start = (input: object) => service.startExport(admin(), { database: 'shop', ...input }, native);
  await assert.rejects(start({ location: local }), refused('directory', folder));
  const url = pathToFileURL(fixture.dumps).href;
  const byUrl = { type: 'url', url, credential: null };
  await assert.rejects(start({ location: byUrl }), refused('location', /location is a folder/));
  await assert.rejects(start({ database: 'orders', location: remote }), refused('database', file));

  const ownFiles = [
    { location: remote, file: 'a.rdb' },
    { location: local, file: 'b.rdb' },
  ];
  const importing = service.startImport(admin(), { database: 'shop', ownFiles }, native);
  await assert.rejects(importing, refused('own_files[1].directory', folder));
  const copying = service.startCopy(admin(), { database: 'shop', target: 'orders' }, native);
  await assert.rejects(copying, refused('target', file));
  const moving = service.startDumpCopy(admin(), { location: remote, to: local, filePattern: 'x' }, native);
  await assert.rejects(moving, refused('to_directory', folder));
  const verifying = service.startVerify(admin(), { location: local, filePattern: 'x' }, native);
  await assert.rejects(verifying, refused('directory', folder));
  const removing = service.startDumpDelete(admin(), { location: local, filePattern: 'x' }, native);
  await assert.rejects(removing, refused('directory', folder));
  const policy = service.setBackupPolicy(admin(), { database: 'shop', location: local });
  await assert.rejects(policy, refused('directory', folder));
  const ofFile = service.setBackupPolicy(admin(), { database: 'orders', location: common });
  await assert.rejects(ofFile, refused('database', file));
  assert.deepEqual(await fixture.store.listJobs({ limit: 10 }), []);
});

test('what is marked as shared may be named, and what every instance reaches', async () => {
  const start = (input: object) => service.startExport(admin(), { database: 'shop', ...input }, native);
  assert.equal((await start({ location: common })).created, true);
  assert.equal((await start({ location: remote })).created, true);
  assert.equal((await start({ database: 'common', location: common })).created, true);
  const { shared } = await service.getDirectory(admin(), 'COMMON');
  const databases = await service.listDatabases(admin());
  assert.equal(shared, true);
  assert.deepEqual(
    databases.map(({ name, shared: isShared }) => [name, isShared]),
    [
      ['common', true],
      ['empty', false],
      ['orders', false],
      ['shop', false],
    ],
  );
});

test('a shared folder that an instance does not see is told of by that instance, and is not made', async () => {
  await rm(join(fixture.folder, 'common'), { recursive: true });
  const tested = service.testLocation(admin(), { location: common });
  await assert.rejects(tested, (error: unknown) => {
    const { code, message, hint } = error as Record<string, string>;
    assert.equal(code, 'not-shared');
    assert.match(message ?? '', /common cannot be seen on the instance two/);
    assert.match(hint ?? '', /Mount it at .*common on two/);
    return true;
  });
});

test('only files and folders are shared or not', async () => {
  const directory = { name: 'CLOUD', path: 's3://bucket/dumps', shared: true };
  await assert.rejects(service.addDirectory(admin(), directory), { code: 'field-invalid', field: 'shared' });
  const database = { name: 'other', url: 'postgres://ann@db.example.net/other', shared: true };
  await assert.rejects(service.addDatabase(admin(), database), { code: 'field-invalid', field: 'shared' });
});

test('where one process has the store for itself, nothing is refused', async () => {
  const { job } = await fixture.service.startExport(
    admin(),
    { database: 'orders', location: local },
    { api: 'native' },
  );
  assert.equal(job.state, 'queued');
});
