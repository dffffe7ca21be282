import type { Compression } from '../core/request.ts';
import { compressFrame } from './compress-frame.ts';
import type { SetCipher } from './encryption.ts';
import { decompressGzip, gzipCompressor } from './gzip.ts';
import { decompressZstd, zstdCompressor } from './zstd.ts';

/** How the frames of a dump set are stored. */
export interface FrameCoding {
  readonly compression: Compression;
  /** Null: they are not encrypted. */
  readonly cipher: SetCipher | null;
}

/** What each compression is made of; null: nothing, the frame is the bytes themselves. */
const coders = {
  zstd: {
    suffix: '.zst',
    compressor: zstdCompressor,
    decompress: decompressZstd,
    // A block of 128 KiB takes four bytes.
    mostRawBytesPerByte: 32 * 1024,
  },
  gzip: {
    suffix: '.gz',
    compressor: gzipCompressor,
    decompress: decompressGzip,
    // A match of 258 bytes takes two bits.
    mostRawBytesPerByte: 1032,
  },
  none: null,
} as const satisfies Record<Compression, unknown>;

/** What names of files in a folder end in. */
export const codingSuffix = (compression: Compression, isEncrypted: boolean): string =>
  `${coders[compression]?.suffix ?? ''}${isEncrypted ? '.enc' : ''}`;

/** Whether a frame of `stored` bytes, out of its encryption, can hold `raw` bytes. */
export function canHold(compression: Compression, stored: number, raw: number): boolean {
  const coder = coders[compression];
  return coder === null ? raw === stored : raw <= stored * coder.mostRawBytesPerByte;
}

/** The stored bytes of one frame. The chunks of `raw` are given away. */
export function encodeFrame(
  raw: AsyncIterable<Uint8Array>,
  { compression, cipher }: FrameCoding,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const coder = coders[compression];
  const packed = coder === null ? raw : compressFrame(raw, coder.compressor, signal);
  return cipher === null ? packed : cipher.encrypt(packed);
}

/**
 * The reverse.
 * @param rawBytes what is due; for the size of buffers only
 */
export function decodeFrame(
  stored: AsyncIterable<Uint8Array>,
  { compression, cipher }: FrameCoding,
  rawBytes: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const packed = cipher === null ? stored : cipher.decrypt(stored);
  return coders[compression]?.decompress(packed, rawBytes, signal) ?? packed;
}
