import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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

const ofFile = { key: null, previous: null };
const given = (key: string) => ({ key: new Secret(key), previous: null });

const plain = '{"password":"grün & \\n"}';

test('what was sealed opens again, also after a restart; equal texts are sealed differently', async () => {
  const file = join(folder, 'restart.key');
  const sealer = await openWallet(file, ofFile);
  const sealed = sealer.seal(plain);
  assert.match(sealed, /^wallet1:[0-9a-f]{12}:[A-Za-z0-9_-]+$/);
  assert.notEqual(sealer.seal(plain), sealed);
  assert.equal((await openWallet(file, ofFile)).unseal(sealed), plain);
  assert.equal(sealer.unseal(sealer.seal('')), '');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('processes that race for the first key agree on one', async () => {
  const file = join(folder, 'race.key');
  const sealers = await Promise.all(Array.from({ length: 20 }, () => openWallet(file, ofFile)));
  const sealed = sealers[0]?.seal(plain) ?? '';
  for (const sealer of sealers) assert.equal(sealer.unseal(sealed), plain);
});

test('a key that is given is used instead of the file, in base64 and in hex', async () => {
  const file = join(folder, 'unused.key');
  const bytes = Buffer.alloc(32, 0xa7);
  const sealed = (await openWallet(file, given(bytes.toString('base64')))).seal(plain);
  for (const text of [bytes.toString('hex'), bytes.toString('base64url')]) {
    assert.equal((await openWallet(file, given(text))).unseal(sealed), plain);
  }
  await assert.rejects(readFile(file), { code: 'ENOENT' });
});

test('another key, a damaged text and an unknown format are refused with the remedy', async () => {
  const sealer = await openWallet(join(folder, 'a.key'), ofFile);
  const other = await openWallet(join(folder, 'b.key'), ofFile);
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

test('a new key seals and the old one still opens, until it is dropped', async () => {
  const file = join(folder, 'rotated.key');
  const wallet = await openWallet(file, ofFile);
  const old = wallet.seal(plain);
  assert.equal(wallet.keptIn, 'file');
  assert.equal(wallet.hasOldKeys, false);
  const oldLine = await readFile(file, 'utf8');

  await wallet.addKey();
  assert.equal(wallet.hasOldKeys, true);
  const fresh = wallet.seal(plain);
  assert.notEqual(fresh.split(':')[1], old.split(':')[1]);
  // As a process finds it that starts now.
  const second = await openWallet(file, ofFile);
  assert.equal(second.hasOldKeys, true);
  for (const sealer of [wallet, second]) {
    assert.equal(sealer.unseal(old), plain);
    assert.equal(sealer.unseal(fresh), plain);
  }
  assert.equal(second.seal(plain).split(':')[1], fresh.split(':')[1]);

  await writeFile(join(folder, '.rotated.key.0a1b2c'), oldLine);
  await wallet.dropOldKeys();
  assert.equal(wallet.hasOldKeys, false);
  assert.equal(wallet.unseal(old), plain, 'somebody may have read it just before');
  assert.doesNotMatch(await readFile(file, 'utf8'), new RegExp(oldLine.trim().replaceAll(/[+/]/g, '.')));
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('.rotated.key')),
    [],
  );
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const third = await openWallet(file, ofFile);
  assert.equal(third.unseal(fresh), plain);
  assert.throws(() => third.unseal(old), { message: /sealed with another key/ });
});

test('the previous key is given beside a new one: it opens, and the new one seals', async () => {
  const file = join(folder, 'unused.key');
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((key) => key.toString('base64'));
  const old = (await openWallet(file, given(first as string))).seal(plain);
  const keys = { key: new Secret(second as string), previous: new Secret(first as string) };
  const wallet = await openWallet(file, keys);
  assert.equal(wallet.keptIn, 'environment');
  assert.equal(wallet.hasOldKeys, true);
  assert.equal(wallet.unseal(old), plain);
  const fresh = wallet.seal(plain);
  await wallet.dropOldKeys();
  assert.equal((await openWallet(file, given(second as string))).unseal(fresh), plain);
  await assert.rejects(readFile(file), { code: 'ENOENT' });
});

test('a key file that holds no key, or cannot be made, is an error', async () => {
  const empty = join(folder, 'empty.key');
  await writeFile(empty, 'nonsense');
  await assert.rejects(openWallet(empty, ofFile), {
    code: 'option-invalid',
    field: 'wallet-key',
  });
  await assert.rejects(openWallet(join(folder, 'none', 'x.key'), ofFile), {
    code: 'data-folder-unwritable',
  });
});

test('a key file that is missing while something is sealed is not made anew', async () => {
  const file = join(folder, 'lost.key');
  const bytes = Buffer.alloc(32, 3).toString('base64');
  const sealed = (await openWallet(file, given(bytes))).seal(plain);
  const lost = await openWallet(file, ofFile, true);
  const refusal = { code: 'option-invalid', field: 'wallet-key' };
  assert.throws(() => lost.unseal(sealed), { ...refusal, message: /sealed with a key that is not there/ });
  assert.throws(() => lost.seal(plain), {
    ...refusal,
    message: /no key to seal with: .*lost\.key is missing/,
  });
  await assert.rejects(lost.addKey(), refusal);
  await assert.rejects(readFile(file), { code: 'ENOENT' });

  // Away from the environment, on purpose: the file is made, and the key of before still opens.
  const moving = await openWallet(file, { key: null, previous: new Secret(bytes) }, true);
  assert.equal(moving.unseal(sealed), plain);
  assert.equal((await openWallet(file, ofFile, true)).unseal(moving.seal(plain)), plain);
});
