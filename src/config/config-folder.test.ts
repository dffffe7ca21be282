import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { openConfigFolder } from './config-folder.ts';
import { openWallet } from './wallet.ts';

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

test('a database has settings of its own, and no more than those', async () => {
  const settings = openConfigFolder(join(folder, 'databases'));
  await settings.database('shop').set('threads-max', '2');
  await settings.database('Lager-2').set('patience', '5');
  assert.deepEqual(
    await settings.readDatabases(),
    new Map([
      ['Lager-2', new Map([['patience', '5']])],
      ['shop', new Map([['threads-max', '2']])],
    ]),
  );
  await assert.rejects(settings.database('shop').set('port', '1'), {
    code: 'option-invalid',
    message: 'The option port is one of the service as a whole, and cannot be set for a database.',
  });
  await assert.rejects(settings.set('smtp-password', 'Lantern7'), {
    code: 'option-invalid',
    hint: /config secret smtp-password --password-stdin/,
  });
  assert.equal(await settings.database('shop').delete('threads-max'), true);
  assert.equal((await settings.readDatabases()).has('shop'), false);
  await writeFile(settings.database('shop').path, '{"port": 1}');
  await assert.rejects(settings.readDatabases(), { code: 'option-unknown', field: 'port' });
});

test('the name of a database never leads out of the folder', () => {
  const settings = openConfigFolder(join(folder, 'names'));
  for (const name of ['..', '../x', 'a/b', '.', '', 'a\\b', '/etc', 'a\u0000b']) {
    assert.throws(() => settings.database(name), { code: 'name-invalid' }, JSON.stringify(name));
  }
});

test('many writers at once leave a whole file, that of one of them', async () => {
  const settings = openConfigFolder(join(folder, 'raced'));
  await settings.set('port', '1');
  const ports = Array.from({ length: 20 }, (_, index) => String(index + 2));
  const reading = ports.map(async () => (await openConfigFolder(join(folder, 'raced')).read()).get('port'));
  await Promise.all(ports.map((port) => openConfigFolder(join(folder, 'raced')).set('port', port)));
  for (const port of await Promise.all(reading)) assert.ok(port === '1' || ports.includes(port ?? ''));
  assert.ok(ports.includes((await settings.read()).get('port') ?? ''));
});

test('secrets are sealed, and sealed again for another key', async () => {
  const { secrets } = openConfigFolder(join(folder, 'secrets'));
  const old = await openWallet(join(folder, 'old.key'), { key: null, previous: null });
  await secrets.set('smtp-password', 'Lantern7', old);
  assert.equal((await stat(secrets.path)).mode & 0o777, 0o600);
  assert.ok(!(await readFile(secrets.path, 'utf8')).includes('Lantern7'));
  const fresh = await openWallet(join(folder, 'fresh.key'), { key: null, previous: null });
  const both = { seal: fresh.seal, unseal: old.unseal };
  assert.equal(await secrets.reseal(both), 1);
  assert.equal(fresh.unseal((await secrets.read()).get('smtp-password') ?? ''), 'Lantern7');
  await assert.rejects(secrets.reseal(old), { code: 'option-invalid' });
  assert.equal(fresh.unseal((await secrets.read()).get('smtp-password') ?? ''), 'Lantern7');
  assert.equal(await secrets.delete('smtp-password'), true);
  assert.equal(await secrets.delete('smtp-password'), false);
});
