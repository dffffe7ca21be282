import { createGunzip, createGzip, gzipSync } from 'node:zlib';
import { releaseChunk } from '../base/release-chunk.ts';
import { transformBytes } from '../base/transform-bytes.ts';
import { compressorBuffers, decoderBuffers, type FrameCompressor } from './compress-frame.ts';

const level = 1;

/** gzip members (RFC 1952): several in a row are one file of gzip's, so that `gunzip` decodes it from end to end. */
export const gzipCompressor: FrameCompressor = {
  atOnce: (bytes) => gzipSync(bytes, { level }),
  stream: () => createGzip({ ...compressorBuffers, level }),
};

/**
 * What gzip members hold, one after another. Node drops what follows the last one and does not begin like another without an error, so the
 * caller compares length and digest. Errors of the decoder have a `code` that begins with `Z_`. The chunks of `stored` are given away.
 * @param rawBytes what is due; for the size of buffers only
 */
export function decompressGzip(
  stored: AsyncIterable<Uint8Array>,
  rawBytes: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return transformBytes(stored, createGunzip(decoderBuffers(rawBytes)), signal, releaseChunk);
}
