import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import ssh2 from 'ssh2';
import { makeSshKey } from '../../../test/harness/ssh-key.ts';
import { Secret } from '../../base/secret.ts';
import { loginOf } from './login.ts';

const login = (secret: string) =>
  loginOf({ name: 'C', type: 'sftp', id: 'user', secret: new Secret(secret) });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const encrypted = { cipher: 'aes-256-cbc', passphrase: 'secret' } as const;

describe('secret of a credential', () => {
  it('is a password', () => {
    const found = login('-----BEGIN of a password');
    assert.equal(found.password, '-----BEGIN of a password');
    assert.equal(found.privateKey, undefined);
  });

  it('is a private key, by its header, in each form that SSH tools write', () => {
    const keys = [
      makeSshKey().private,
      rsa.export({ type: 'pkcs1', format: 'pem' }),
      rsa.export({ type: 'pkcs8', format: 'pem' }),
      ec.export({ type: 'sec1', format: 'pem' }),
      ec.export({ type: 'pkcs8', format: 'pem' }),
    ];
    for (const key of keys) {
      const found = login(`\n${String(key)}`);
      assert.equal(found.password, undefined);
      assert.ok(!(ssh2.utils.parseKey(found.privateKey as string) instanceof Error));
      assert.deepEqual(found.authHandler, ['publickey']);
    }
  });

  it('is refused when the key is protected by a passphrase, without showing it', () => {
    const keys = [
      ssh2.utils.generateKeyPairSync('ed25519', { cipher: 'aes256-ctr', passphrase: 'secret', rounds: 4 })
        .private,
      rsa.export({ type: 'pkcs1', format: 'pem', ...encrypted }),
      rsa.export({ type: 'pkcs8', format: 'pem', ...encrypted }),
    ];
    for (const key of keys) {
      assert.throws(() => login(String(key)), {
        code: 'storage-denied',
        message: 'The private key of the credential C is protected by a passphrase.',
        hint: /without passphrase/,
      });
    }
  });

  it('is refused when the key cannot be read', () => {
    assert.throws(() => login(String(ed25519.export({ type: 'pkcs8', format: 'pem' }))), {
      code: 'storage-denied',
      message: /OpenSSH form/,
    });
    for (const kind of ['', 'OPENSSH ', 'RSA ']) {
      const broken = `-----BEGIN ${kind}PRIVATE KEY-----\nAAAA\n-----END ${kind}PRIVATE KEY-----\n`;
      assert.throws(() => login(broken), { code: 'storage-denied', message: /cannot be read/ });
    }
  });
});
