import type { Compression } from '../core/request.ts';
import type { SetCipher } from './encryption.ts';
import { compressFrame, decompressFrame } from './zstd.ts';

/** How the frames of a dump set are stored. */
export interface FrameCoding {
  readonly compression: Compression;
  /** Null: they are not encrypted. */
  readonly cipher: SetCipher | null;
}

/** What names of files in a folder end in. */
export const codingSuffix = (compression: Compression, isEncrypted: boolean): string =>
  `${compression === 'none' ? '' : '.zst'}${isEncrypted ? '.enc' : ''}`;

/** The stored bytes of one frame. The chunks of `raw` are given away. */
export function encodeFrame(
  raw: AsyncIterable<Uint8Array>,
  { compression, cipher }: FrameCoding,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const packed = compression === 'none' ? raw : compressFrame(raw, signal);
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
  return compression === 'none' ? packed : decompressFrame(packed, rawBytes, signal);
}
