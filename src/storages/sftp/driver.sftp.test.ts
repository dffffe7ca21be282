import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bytesSource, failingSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { countingNetwork } from '../../../test/harness/counting-network.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { type Sshd, startSshd } from '../../../test/harness/sshd.ts';
import { Secret } from '../../base/secret.ts';
import { createNetwork } from '../../network/create-network.ts';
import type { Storage, StorageCredential } from '../storage.ts';
import { sftpDriver } from './driver.ts';

const context = recordingContext();
const some = Buffer.from('some bytes');
const fail = { ifExists: 'fail' } as const;
const otherPin = `SHA256:${'a'.repeat(43)}`;

describe('sftp driver and OpenSSH', () => {
  let server: Sshd;
  before(async () => {
    server = await startSshd();
  });
  after(() => server[Symbol.asyncDispose]());

  const credentialOf = (secret: string): StorageCredential => ({
    name: 'C',
    type: 'sftp',
    id: server.user,
    secret: new Secret(secret),
  });
  const open = (
    folder: string,
    pin: string | null = server.fingerprint,
    secret: string = server.privateKey,
  ): Storage =>
    sftpDriver.open({
      ...placeAt(`sftp://127.0.0.1:${server.port}${folder}`, pin === null ? {} : { 'host-key': pin }),
      credential: credentialOf(secret),
    });

  it('refuses a host whose key is not pinned, before it says anything of the user, and tells the fingerprint', async () => {
    await assert.rejects(open(server.root, null, 'wrong password').probe(context), {
      code: 'host-key-changed',
      temporary: false,
      message: `sftp://127.0.0.1:${server.port} shows the ssh-ed25519 host key ${server.fingerprint}, and the credential pins none.`,
    });
  });

  it('refuses a host that shows another key than the pinned one, with both fingerprints', async () => {
    await assert.rejects(open(server.root, server.rsaFingerprint).stat('x', context), {
      code: 'host-key-changed',
      temporary: false,
      message: new RegExp(
        `shows .*${escaped(server.fingerprint)}, but ${escaped(server.rsaFingerprint)} is pinned`,
      ),
    });
  });

  it('lets a host in that shows one of several pinned keys', async () => {
    await open(server.root, `${otherPin},${server.fingerprint}`).probe(context);
  });

  it('comes in with a password', async (t) => {
    if (server.password === null)
      return t.diagnostic('This process cannot give the server accounts of its own.');
    await open(`${server.root}/password`, server.fingerprint, server.password).probe(context);
  });

  it('a refused login says so, without the secret', async () => {
    await assert.rejects(
      open(server.root, server.fingerprint, 'not the right one').stat('x', context),
      (error: Error) => {
        assert.match(error.message, /refuses the user or the secret of the credential/);
        assert.doesNotMatch(JSON.stringify([error.message, error.stack, error.cause]), /not the right one/);
        return true;
      },
    );
  });

  it('refuses keys of other kinds of form with a sentence', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' });
    await assert.rejects(open(server.root, server.fingerprint, String(pem)).stat('x', context), {
      code: 'storage-denied',
      message: /protected by a passphrase/,
    });
  });

  it('puts below the home folder with /~/', async () => {
    await open('/~/home').put('a/x', bytesSource(some), fail, context);
    assert.deepEqual(await readFile(path.join(server.root, 'home/a/x')), some);
    assert.deepEqual(await readAll(open('/~').get('home/a/x', null, context)), some);
    await open('/~/home').remove('a/x', context);
    assert.deepEqual(await readdir(path.join(server.root, 'home')), []);
  });

  it('makes files that others cannot read', async () => {
    await open(`${server.root}/modes`).put('a/x', bytesSource(some), fail, context);
    for (const name of ['modes/a/x', 'modes/a'])
      assert.equal((await stat(path.join(server.root, name))).mode & 0o007, 0);
  });

  it('removes folders that a remove or a failed put leaves empty, but never the base', async () => {
    const storage = open(`${server.root}/tidy`);
    await storage.put('a/b/x', bytesSource(some), fail, context);
    await storage.put('a/y', bytesSource(some), fail, context);
    await storage.remove('a/b/x', context);
    assert.deepEqual(await readdir(path.join(server.root, 'tidy'), { recursive: true }), ['a', 'a/y']);
    await storage.remove('a/y', context);
    await assert.rejects(storage.put('c/d/x', failingSource(some, new Error('no')), fail, context));
    assert.deepEqual(await readdir(path.join(server.root, 'tidy')), []);
  });

  it('puts and removes of one folder do not disturb each other', async () => {
    const storage = open(`${server.root}/busy`);
    const rounds = Array.from({ length: 8 }, async (_, index) => {
      for (let round = 0; round < 5; round += 1) {
        await storage.put(`a/b/${index}`, bytesSource(some), fail, context);
        await storage.remove(`a/b/${index}`, context);
      }
    });
    await Promise.all(rounds);
    assert.deepEqual(await readdir(path.join(server.root, 'busy')), []);
  });

  it('tells what lies in the way', async () => {
    const storage = open(`${server.root}/way`);
    await storage.put('a/x', bytesSource(some), fail, context);
    for (const ifExists of ['fail', 'replace'] as const)
      await assert.rejects(storage.put('a', bytesSource(some), { ifExists }, context), {
        code: 'file-exists',
      });
    await assert.rejects(storage.put('a/x/y', bytesSource(some), fail, context), {
      code: 'storage-unwritable',
    });
  });

  it('lists links to files, and follows none to folders', async () => {
    const root = path.join(server.root, 'links');
    await mkdir(path.join(root, 'folder'), { recursive: true });
    await writeFile(path.join(root, 'folder/x'), some);
    await symlink('folder', path.join(root, 'circle'));
    await symlink('folder/x', path.join(root, 'file'));
    await symlink('nowhere', path.join(root, 'dangling'));
    assert.deepEqual(await listAll(open(root).list('', context)), [
      { name: 'file', bytes: some.length },
      { name: 'folder/x', bytes: some.length },
    ]);
  });

  it('reads and writes large files, in the sizes between those of its requests', async () => {
    const storage = open(`${server.root}/large`);
    const bytes = Buffer.alloc(
      9_000_011,
      Uint8Array.from({ length: 251 }, (_, index) => index),
    );
    await storage.put('x', bytesSource(bytes, 1_000_003), fail, context);
    assert.ok((await readAll(storage.get('x', null, context))).equals(bytes));
    const range = { start: 1_234_567, end: 8_765_432 };
    assert.ok((await readAll(storage.get('x', range, context))).equals(bytes.subarray(1_234_567, 8_765_433)));
  });

  it('goes nowhere that the URL policy refuses', async () => {
    const place = { ...placeAt(`sftp://127.0.0.1:${server.port}/x`), network: createNetwork({ allow: [] }) };
    const storage = sftpDriver.open({ ...place, credential: credentialOf('x') });
    await assert.rejects(storage.probe(context), { code: 'address-refused' });
  });

  it('uses its connections again, however often the place is opened', async () => {
    const counted = countingNetwork();
    const ask = (): Promise<unknown> => {
      const place = placeAt(`sftp://127.0.0.1:${server.port}/~/again`, { 'host-key': server.fingerprint });
      const credential = credentialOf(server.privateKey);
      return sftpDriver.open({ ...place, network: counted.network, credential }).stat('x', context);
    };
    await Promise.all(Array.from({ length: 4 }, ask));
    assert.equal(counted.connections, 4);
    for (let index = 0; index < 100; index += 1) assert.equal(await ask(), null);
    assert.equal(counted.connections, 4);
  });
});

const escaped = (text: string): string => text.replace(/[+/]/g, '\\$&');
