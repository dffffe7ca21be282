import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { releaseChunk } from '../base/release-chunk.ts';
import type { Secret } from '../base/secret.ts';
import { AppError } from '../core/errors.ts';
import type { EncryptionFacts } from '../core/manifest.ts';

/**
 * Encryption of the frames of a dump set: AES-256-GCM in segments, each with its own tag, so that nothing is handed on unchecked and a frame
 * may have any size. A frame is
 *
 *     magic (4)       `PHE1`
 *     salt (16)       random; the frame's key is HKDF-SHA256(set key, salt, 'pumphouse frame')
 *     segments        1 MiB of the compressed bytes and a tag (16) each; the last one shorter, maybe empty
 *
 * The nonce of a segment is its number (11 bytes, big endian) and 1 for the last segment, else 0: segments can neither be moved nor cut off.
 */
export const encryptedMagic = 'PHE1';

const saltBytes = 16;
const headerBytes = encryptedMagic.length + saltBytes;
const segmentBytes = 1024 * 1024;
const tagBytes = 16;

/** OWASP's parameters for 32 MiB of memory. */
const derivation = { n: 2 ** 15, r: 8, p: 3 } as const;
/** What a manifest of anybody may ask for. */
const maxDerivation = { n: 2 ** 18, r: 16, p: 16 } as const;

/** Bytes that an encrypted frame of `length` bytes holds; below 0 when there is none of that length. */
export function plainBytes(length: number): number {
  const sealed = length - headerBytes;
  return sealed - Math.max(1, Math.ceil(sealed / (segmentBytes + tagBytes))) * tagBytes;
}

/** Encrypts and decrypts the frames of one dump set. */
export interface SetCipher {
  /** For the manifest. */
  readonly facts: EncryptionFacts;
  /** The stored form of one frame. The chunks are given away. */
  encrypt(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** The reverse. Throws `dump-damaged` with the fault as message; nothing that was not checked is yielded. */
  decrypt(stored: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Authenticates the manifest: HMAC-SHA256, in hex, of the SHA-256 (in hex) of what stands before it. */
  mac(covered: string): string;
}

/** A cipher with a fresh salt. `secret` is a passphrase or a key in any form: it is stretched. */
export async function newSetCipher(secret: Secret): Promise<SetCipher> {
  const keyDerivation = {
    function: 'scrypt',
    ...derivation,
    salt: randomBytes(saltBytes).toString('hex'),
  } as const;
  const key = await derive(secret, keyDerivation);
  return cipherOf(key, { algorithm: 'aes-256-gcm-segments', keyDerivation, check: checkOf(key) });
}

/** The cipher of a set that exists. Throws `encryption-key-wrong`, and `unsupported` where its facts ask for too much. */
export async function openSetCipher(secret: Secret, facts: EncryptionFacts): Promise<SetCipher> {
  const { n, r, p } = facts.keyDerivation;
  if (n > maxDerivation.n || r > maxDerivation.r || p > maxDerivation.p) {
    throw new AppError('unsupported', {
      message:
        'The manifest asks for a key derivation that takes more memory or time than this version spends on it.',
      field: 'file_pattern',
    });
  }
  const key = await derive(secret, facts.keyDerivation);
  if (!equal(checkOf(key), facts.check)) {
    throw new AppError('encryption-key-wrong', {
      message: 'The key is not the one that the dump set was encrypted with.',
      field: 'encryption_key',
    });
  }
  return cipherOf(key, facts);
}

const stretch = promisify<
  string,
  Buffer,
  number,
  { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number },
  Buffer
>(scrypt);

function derive(secret: Secret, { n, r, p, salt }: EncryptionFacts['keyDerivation']): Promise<Buffer> {
  return stretch(secret.reveal(), Buffer.from(salt, 'hex'), 32, { N: n, r, p, maxmem: 256 * n * r });
}

/** Tells a wrong key, and nothing about the right one. */
const checkOf = (key: Buffer): string =>
  createHmac('sha256', key).update('pumphouse key check').digest('hex').slice(0, 32);

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

function cipherOf(key: Buffer, facts: EncryptionFacts): SetCipher {
  const frameKey = (salt: Uint8Array): Buffer =>
    Buffer.from(hkdfSync('sha256', key, salt, 'pumphouse frame', 32));
  return {
    facts,
    mac: (covered) => createHmac('sha256', key).update(covered).digest('hex'),

    async *encrypt(bytes) {
      const salt = randomBytes(saltBytes);
      yield Buffer.concat([Buffer.from(encryptedMagic), salt]);
      const own = frameKey(salt);
      for await (const { segment, number, isLast } of segments(bytes, segmentBytes)) {
        const cipher = createCipheriv('aes-256-gcm', own, nonceOf(number, isLast));
        const sealed = cipher.update(segment);
        releaseChunk(segment);
        cipher.final();
        yield sealed;
        yield cipher.getAuthTag();
      }
    },

    async *decrypt(stored) {
      const chunks = stored[Symbol.asyncIterator]();
      const { header, rest } = await takeHeader(chunks);
      if (header.length < headerBytes || header.toString('latin1', 0, 4) !== encryptedMagic) {
        throw damagedSegment('it does not begin like an encrypted frame');
      }
      const own = frameKey(header.subarray(encryptedMagic.length));
      for await (const { segment, number, isLast } of segments(rest, segmentBytes + tagBytes)) {
        if (segment.length < tagBytes) throw damagedSegment('it ends too early');
        const end = segment.length - tagBytes;
        const decipher = createDecipheriv('aes-256-gcm', own, nonceOf(number, isLast));
        decipher.setAuthTag(segment.subarray(end));
        const opened = decipher.update(segment.subarray(0, end));
        try {
          decipher.final();
        } catch {
          throw damagedSegment(`segment ${number} was not made with the key of the set`);
        }
        releaseChunk(segment);
        yield opened;
      }
    },
  };
}

const damagedSegment = (fault: string): AppError => new AppError('dump-damaged', { message: fault });

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Cut into pieces of exactly `size` bytes, the last of which may be shorter; there is always a last one, maybe empty. Chunks are given away. */
async function* segments(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly segment: Buffer; readonly number: number; readonly isLast: boolean }> {
  let segment = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  let number = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; ) {
      // Only when more comes is a full one known not to be the last.
      if (filled === size) {
        yield { segment, number, isLast: false };
        number += 1;
        segment = Buffer.allocUnsafeSlow(size);
        filled = 0;
      }
      const taken = Math.min(size - filled, chunk.length - at);
      segment.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
    releaseChunk(chunk);
  }
  yield { segment: segment.subarray(0, filled), number, isLast: true };
}

/** The first bytes, and what follows them. */
async function takeHeader(
  chunks: AsyncIterator<Uint8Array>,
): Promise<{ readonly header: Buffer; readonly rest: AsyncIterable<Uint8Array> }> {
  let begin = Buffer.alloc(0);
  while (begin.length < headerBytes) {
    const step = await chunks.next();
    if (step.done === true) break;
    begin = Buffer.concat([begin, step.value]);
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      if (begin.length > headerBytes) yield Buffer.from(begin.subarray(headerBytes));
      for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) yield step.value;
    } finally {
      await chunks.return?.();
    }
  }
  return { header: begin.subarray(0, headerBytes), rest: rest() };
}
