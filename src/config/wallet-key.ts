import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const cipherName = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

/** One key of the wallet: AES-256-GCM. */
export interface WalletKey {
  /** 12 hexadecimal digits that tell keys apart and nothing about them. */
  readonly id: string;
  /** base64url of iv, tag and ciphertext; `header` goes with it and is not hidden. */
  encrypt(plain: string, header: string): string;
  /** Throws when body or header are not as `encrypt` made them. */
  decrypt(body: string, header: string): string;
  /** 32 bytes that tell nothing about the key. */
  derive(purpose: string): Buffer;
}

/** @param key 32 bytes */
export function createWalletKey(key: Buffer): WalletKey {
  const id = createHash('sha256').update('pumphouse wallet key\0').update(key).digest('hex').slice(0, 12);
  return {
    id,
    encrypt(plain, header) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(cipherName, key, iv, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(header));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url');
    },
    decrypt(body, header) {
      const bytes = Buffer.from(body, 'base64url');
      const decipher = createDecipheriv(cipherName, key, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(header));
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      const text = bytes.subarray(ivBytes + tagBytes);
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
    },
    derive: (purpose) => Buffer.from(hkdfSync('sha256', key, '', `pumphouse ${purpose}`, 32)),
  };
}
