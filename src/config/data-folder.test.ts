import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { locateDataFolder, prepareDataFolder } from './data-folder.ts';
import { readServiceFile, removeServiceFile, writeServiceFile } from './service-file.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pumphouse-data-'));
});
after(() => rm(folder, { recursive: true }));

test('a data folder is made with its dump folder, for its owner alone, and may be there already', async () => {
  const data = locateDataFolder(join(folder, 'a', 'b'));
  await prepareDataFolder(data);
  await prepareDataFolder(data);
  assert.equal((await stat(data.path)).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(data.path), ['dumps']);
});

test('a file in the way is told in one sentence', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  for (const path of [file, join(file, 'below')]) {
    await assert.rejects(prepareDataFolder(locateDataFolder(path)), {
      code: 'data-folder-unwritable',
      field: 'data',
      message: `The data folder ${path} cannot be made: a file is in the way.`,
    });
  }
});

test('the service file is found while its process lives, and removed by that process only', async () => {
  const path = join(folder, 'service.json');
  assert.equal(await readServiceFile(path), null);
  const service = { url: 'http://127.0.0.1:8080', pid: process.pid, token: 'T' };
  await writeServiceFile(path, service);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readServiceFile(path), service);
  await removeServiceFile(path, process.pid + 1);
  assert.deepEqual(await readServiceFile(path), service);
  await removeServiceFile(path, process.pid);
  assert.equal(await readServiceFile(path), null);
  await removeServiceFile(path, process.pid);
});

test('a service file of a process that is gone, or an unreadable one, is none', async () => {
  const path = join(folder, 'stale.json');
  // The largest process id of Linux is far below.
  await writeServiceFile(path, { url: 'http://127.0.0.1:1', pid: 2 ** 30, token: 'T' });
  assert.equal(await readServiceFile(path), null);
  for (const text of ['', '{', '[]', 'null', '{"url":1,"pid":1,"token":"T"}']) {
    await writeFile(path, text);
    assert.equal(await readServiceFile(path), null);
  }
});
