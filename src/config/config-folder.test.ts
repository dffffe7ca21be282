import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { openConfigFolder } from './config-folder.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pumphouse-config-'));
});
after(() => rm(folder, { recursive: true }));

test('set, read and delete; the file is for its owner alone', async () => {
  const settings = openConfigFolder(join(folder, 'new', 'folder'));
  assert.deepEqual(await settings.read(), new Map());
  await settings.set('port', '9090');
  await settings.set('unit-bytes', '1048576');
  assert.deepEqual(
    await settings.read(),
    new Map([
      ['port', '9090'],
      ['unit-bytes', '1MiB'],
    ]),
  );
  assert.equal((await stat(settings.path)).mode & 0o777, 0o600);
  assert.equal(await settings.delete('port'), true);
  assert.equal(await settings.delete('port'), false);
  assert.deepEqual(JSON.parse(await readFile(settings.path, 'utf8')), { 'unit-bytes': '1MiB' });
});

test('a wrong name or value changes nothing', async () => {
  const settings = openConfigFolder(join(folder, 'refused'));
  await assert.rejects(settings.set('prot', '1'), { code: 'option-unknown', field: 'prot' });
  await assert.rejects(settings.delete('prot'), { code: 'option-unknown' });
  await assert.rejects(settings.set('port', 'x'), { code: 'option-invalid', field: 'port' });
  await assert.rejects(settings.set('data', '/x'), {
    code: 'option-invalid',
    hint: 'Give it as --data or PUMPHOUSE_DATA.',
  });
  await assert.rejects(settings.set('wallet-key', 'x'), { hint: 'Give it as PUMPHOUSE_WALLET_KEY.' });
  assert.deepEqual(await settings.read(), new Map());
});

test('a folder that cannot be made is an error that names the file', async () => {
  const blocked = join(folder, 'blocked');
  await writeFile(blocked, '');
  await assert.rejects(openConfigFolder(blocked).set('port', '1'), {
    code: 'option-invalid',
    hint: 'Correct the file, or name another config folder with --config.',
  });
});
