import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Secret } from '../base/secret.ts';
import { openWallet } from './wallet.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pumphouse-wallet-'));
});
after(() => rm(folder, { recursive: true }));

const plain = '{"password":"grün & \\n"}';

test('what was sealed opens again, also after a restart; equal texts are sealed differently', async () => {
  const file = join(folder, 'restart.key');
  const sealer = await openWallet(file, null);
  const sealed = sealer.seal(plain);
  assert.match(sealed, /^wallet1:[0-9a-f]{12}:[A-Za-z0-9_-]+$/);
  assert.notEqual(sealer.seal(plain), sealed);
  assert.equal((await openWallet(file, null)).unseal(sealed), plain);
  assert.equal(sealer.unseal(sealer.seal('')), '');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('processes that race for the first key agree on one', async () => {
  const file = join(folder, 'race.key');
  const sealers = await Promise.all(Array.from({ length: 20 }, () => openWallet(file, null)));
  const sealed = sealers[0]?.seal(plain) ?? '';
  for (const sealer of sealers) assert.equal(sealer.unseal(sealed), plain);
});

test('a key that is given is used instead of the file, in base64 and in hex', async () => {
  const file = join(folder, 'unused.key');
  const bytes = Buffer.alloc(32, 0xa7);
  const sealed = (await openWallet(file, new Secret(bytes.toString('base64')))).seal(plain);
  for (const text of [bytes.toString('hex'), bytes.toString('base64url')]) {
    assert.equal((await openWallet(file, new Secret(text))).unseal(sealed), plain);
  }
  await assert.rejects(readFile(file), { code: 'ENOENT' });
});

test('another key, a damaged text and an unknown format are refused with the remedy', async () => {
  const sealer = await openWallet(join(folder, 'a.key'), null);
  const other = await openWallet(join(folder, 'b.key'), null);
  const sealed = sealer.seal(plain);
  const refusal = (message: string) => ({ code: 'option-invalid', field: 'wallet-key', message });
  assert.throws(
    () => other.unseal(sealed),
    refusal('A stored secret was sealed with another key than the one in use.'),
  );
  const at = sealed.length - 3;
  const flipped = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
  for (const text of [flipped, sealed.slice(0, 30), sealed.slice(0, -4)]) {
    assert.throws(() => sealer.unseal(text), refusal('A stored secret is damaged.'));
  }
  for (const text of ['', plain, sealed.replace('wallet1', 'wallet2')]) {
    assert.throws(
      () => sealer.unseal(text),
      refusal('A stored secret is in a format that this version does not read.'),
    );
  }
});

test('a key file that holds no key, or cannot be made, is an error', async () => {
  const empty = join(folder, 'empty.key');
  await writeFile(empty, 'nonsense');
  await assert.rejects(openWallet(empty, null), {
    code: 'option-invalid',
    field: 'wallet-key',
  });
  await assert.rejects(openWallet(join(folder, 'none', 'x.key'), null), {
    code: 'data-folder-unwritable',
  });
});
