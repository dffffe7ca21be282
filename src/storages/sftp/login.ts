import { createPrivateKey } from 'node:crypto';
import type { ConnectConfig } from 'ssh2';
import ssh2 from 'ssh2';
import { AppError } from '../../core/errors.ts';
import type { StorageCredential } from '../storage.ts';

/** What ssh2 is given to log in with, and the order in which it tries. */
export type Login = Pick<ConnectConfig, 'password' | 'privateKey' | 'tryKeyboard' | 'authHandler'>;

/** The secret is a password, or a private key when it has the header of one. Throws `storage-denied` for a key that cannot be used. */
export function loginOf(credential: StorageCredential): Login {
  const secret = credential.secret?.reveal() ?? '';
  if (!/^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(secret))
    return { password: secret, tryKeyboard: true, authHandler: ['password', 'keyboard-interactive'] };
  const unusable = (fault: string): AppError =>
    new AppError('storage-denied', {
      message: `The private key of the credential ${credential.name} ${fault}.`,
      hint: 'Give a private key without passphrase (ssh-keygen -p -N "" -f COPY takes it off a copy); the credential is sealed at rest.',
    });
  const key = secret.trimStart();
  if (/ENCRYPTED/.test(key)) throw unusable('is protected by a passphrase');
  const privateKey = key.startsWith('-----BEGIN PRIVATE KEY-----') ? ofOwnKind(key, unusable) : key;
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) {
    // ssh2 quotes no part of the key.
    throw /encrypted|passphrase/i.test(parsed.message)
      ? unusable('is protected by a passphrase')
      : unusable(`cannot be read: ${parsed.message}`);
  }
  return { privateKey, authHandler: ['publickey'] };
}

/** A key in PKCS #8, which ssh2 does not read, in the older form of its kind. */
function ofOwnKind(pem: string, unusable: (fault: string) => AppError): string {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }) as string;
    if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }) as string;
  } catch {
    throw unusable('cannot be read: it is no valid PKCS #8');
  }
  throw unusable('is of a kind that SSH reads in OpenSSH form only (ssh-keygen -p makes that of a copy)');
}
