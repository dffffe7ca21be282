import { createHash } from 'node:crypto';
import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Storage } from '../storages/storage.ts';
import { encryptedMagic } from './encryption.ts';
import { plainManifestName } from './file-pattern.ts';
import { type DecodedManifest, damaged, decodeManifest, notADump } from './manifest-decode.ts';
import {
  maxManifestBytes,
  skippableHeaderBytes,
  skippableMagic,
  trailerBytes,
  trailerMagic,
} from './manifest-format.ts';

/** A packed master found from its end. */
export interface PackedMaster {
  readonly set: DecodedManifest;
  /** Bytes of the frames before the manifest's. */
  readonly payloadBytes: number;
  /** Digest of these. */
  readonly payloadDigest: string;
  /** Of the rest: the manifest's own frame. */
  readonly frameDigest: string;
}

/** Enough for the whole manifest of most sets. */
const tailBytes = 64 * 1024;

/** Whether a file that holds a manifest is the JSON itself, by its name; no packed file may be called so. */
export const isPlainManifest = (name: string): boolean => name.split('/').at(-1) === plainManifestName;

/** Reads `manifest.json`. */
export async function readPlainManifest(
  storage: Storage,
  name: string,
  bytes: number,
  folder: string,
  context: OperationContext,
): Promise<DecodedManifest> {
  if (bytes > maxManifestBytes) throw tooLarge(name, bytes);
  return decodeManifest(await readAll(storage.get(name, null, context)), name, folder);
}

/**
 * Reads the manifest at the end of a packed master of `bytes` bytes. Throws `dump-truncated` when the file begins like one and has none,
 * `dump-not-a-dump` when it does not even begin like one.
 */
export async function readPackedManifest(
  storage: Storage,
  name: string,
  bytes: number,
  context: OperationContext,
): Promise<PackedMaster> {
  const start = Math.max(0, bytes - tailBytes);
  const tail =
    bytes === 0 ? Buffer.alloc(0) : await readAll(storage.get(name, { start, end: bytes - 1 }, context));
  const trailer = tail.subarray(Math.max(0, tail.length - trailerBytes));
  if (trailer.length < trailerBytes || trailer.toString('latin1', 40) !== trailerMagic) {
    throw await withoutTrailer(storage, name, bytes, context);
  }
  const jsonBytes = Number(trailer.readBigUInt64LE(32));
  const payloadBytes = bytes - trailerBytes - jsonBytes - skippableHeaderBytes;
  if (payloadBytes < 0) throw damaged(name, 'the length in its trailer is larger than the file');
  if (jsonBytes > maxManifestBytes) throw tooLarge(name, jsonBytes);
  const frame =
    payloadBytes >= start
      ? tail.subarray(payloadBytes - start)
      : await readAll(storage.get(name, { start: payloadBytes, end: bytes - 1 }, context));
  if (frame.readUInt32LE(0) !== skippableMagic || frame.readUInt32LE(4) !== jsonBytes + trailerBytes) {
    throw damaged(name, 'the header of its frame does not fit its trailer');
  }
  const json = frame.subarray(skippableHeaderBytes, skippableHeaderBytes + jsonBytes);
  return {
    set: decodeManifest(json, name, ''),
    payloadBytes,
    payloadDigest: `sha256:${trailer.toString('hex', 0, 32)}`,
    frameDigest: `sha256:${createHash('sha256').update(frame).digest('hex')}`,
  };
}

async function withoutTrailer(
  storage: Storage,
  name: string,
  bytes: number,
  context: OperationContext,
): Promise<AppError> {
  const begin = bytes < 4 ? Buffer.alloc(4) : await readAll(storage.get(name, { start: 0, end: 3 }, context));
  const zstdMagic = 0xfd2fb528;
  const isFrame = begin.readUInt32LE(0) === zstdMagic || begin.toString('latin1') === encryptedMagic;
  if (!isFrame) return notADump(name);
  return new AppError('dump-truncated', {
    message: `${name} does not end with a manifest: its end is missing, or it is not the master of its dump set.`,
    hint: 'Give the master (number 01) or the pattern of the set; if that was done, copy the file again from its source.',
    field: 'file_pattern',
  });
}

const tooLarge = (name: string, bytes: number): AppError =>
  new AppError('unsupported', {
    message: `The manifest in ${name} takes ${bytes} bytes, and at most ${maxManifestBytes} can be read.`,
    field: 'file_pattern',
  });

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return Buffer.concat(read);
}
