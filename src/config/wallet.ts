import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createFile } from '../base/atomic-file.ts';
import type { Secret } from '../base/secret.ts';
import { AppError } from '../core/errors.ts';
import type { Sealer } from '../core/sealer.ts';
import { keyBytes } from './option-types.ts';

/** First part of a sealed text: says how the rest is to be read. */
const format = 'wallet1';
const ivBytes = 12;
const tagBytes = 16;

/**
 * The sealer of a data folder: AES-256-GCM. Sealed text is `wallet1:<key id>:<base64url of iv, tag and ciphertext>`.
 * @param path the key file: read, or made with a fresh key and mode 0600 when it does not exist; processes that race agree on one key
 * @param key used instead of the file: the option `wallet-key`
 * @throws AppError option-invalid when the file holds no key, data-folder-unwritable when it cannot be made
 */
export async function openWallet(path: string, key: Secret | null): Promise<Sealer> {
  return createSealer(key === null ? await keyOfFile(path) : (keyBytes(key.reveal()) as Buffer), path);
}

async function keyOfFile(path: string): Promise<Buffer> {
  const stored = await read(path);
  if (stored !== null) return checked(stored, path);
  const fresh = randomBytes(32).toString('base64');
  try {
    if (await createFile(path, `${fresh}\n`, 0o600)) return checked(fresh, path);
  } catch (error) {
    throw new AppError('data-folder-unwritable', {
      message: `The key file ${path} cannot be made: ${(error as Error).message}.`,
      cause: error,
    });
  }
  return checked((await read(path)) ?? '', path);
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError('option-invalid', {
      field: 'wallet-key',
      message: `The key file ${path} cannot be read: ${(error as Error).message}.`,
      hint: 'Make it readable for the user that Pumphouse runs as.',
      cause: error,
    });
  }
}

function checked(text: string, path: string): Buffer {
  const bytes = keyBytes(text);
  if (bytes !== null) return bytes;
  throw new AppError('option-invalid', {
    field: 'wallet-key',
    message: `The key file ${path} holds no key of 32 bytes.`,
    hint: 'Put back the original file; without it the stored secrets cannot be opened.',
  });
}

function createSealer(key: Buffer, keyFile: string): Sealer {
  const keyId = createHash('sha256').update('pumphouse wallet key\0').update(key).digest('hex').slice(0, 12);
  const header = `${format}:${keyId}`;
  const sealedError = (problem: string): AppError =>
    new AppError('option-invalid', {
      field: 'wallet-key',
      message: `A stored secret ${problem}.`,
      hint: `Put back the ${keyFile} or PUMPHOUSE_WALLET_KEY that was used before, or register the database again.`,
    });
  return {
    seal(plain) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(header));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return `${header}:${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
    },
    unseal(sealed) {
      const [sealedFormat, sealedKeyId, body = ''] = sealed.split(':');
      if (sealedFormat !== format) throw sealedError('is in a format that this version does not read');
      if (sealedKeyId !== keyId) throw sealedError('was sealed with another key than the one in use');
      const bytes = Buffer.from(body, 'base64url');
      try {
        const iv = bytes.subarray(0, ivBytes);
        const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(header));
        decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
        const text = bytes.subarray(ivBytes + tagBytes);
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
      } catch {
        throw sealedError('is damaged');
      }
    },
  };
}
