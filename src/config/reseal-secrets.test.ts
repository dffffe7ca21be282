import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { openConfigFolder } from './config-folder.ts';
import { openOrdsFolder } from './ords/ords-folder.ts';
import { resealSecrets } from './reseal-secrets.ts';
import { openWallet } from './wallet.ts';

test('all secrets of a folder are sealed again, in both layouts', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-reseal-'));
  try {
    const wallet = await openWallet(path.join(folder, 'wallet.key'), { key: null, previous: null });
    const [own, ords] = [openConfigFolder(folder), openOrdsFolder(folder)];
    const places = [own.secrets, ords.global.secrets, ords.pool('wharf').secrets];
    for (const secrets of places) await secrets.set('a.password', 'Lantern7', wallet);
    await wallet.addKey();
    assert.equal(await resealSecrets(folder, wallet), 3);
    await wallet.dropOldKeys();
    const later = await openWallet(path.join(folder, 'wallet.key'), { key: null, previous: null });
    for (const secrets of places)
      assert.equal(later.unseal((await secrets.read()).get('a.password') ?? ''), 'Lantern7');
    assert.equal(await resealSecrets(path.join(folder, 'none'), wallet), 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
