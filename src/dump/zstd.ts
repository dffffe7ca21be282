import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync } from 'node:zlib';
import { releaseChunk } from '../base/release-chunk.ts';
import { transformBytes } from '../base/transform-bytes.ts';
import { compressorBuffers, decoderBuffers, type FrameCompressor } from './compress-frame.ts';

/** Frames ask for at most this much memory to decode (2^23 = 8 MiB); one that wants more is not of ours. */
const windowLogMax = 23;

const params = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_checksumFlag]: 1,
};

/**
 * zstd frames: level 1, with content checksum. Streams work on the libuv pool. Blocks are never queued, because Node may close a queued stream
 * with a second, empty frame (nodejs/node#66078). ZSTD_c_nbWorkers stays unset: it loses data (nodejs/node#59899).
 */
export const zstdCompressor: FrameCompressor = {
  atOnce: (bytes) => zstdCompressSync(bytes, { params }),
  stream: () => createZstdCompress({ ...compressorBuffers, params }),
};

/**
 * What one zstd frame holds. Node 24 drops whatever follows the first frame without an error (nodejs/node#64741), so the caller hands over
 * one frame and compares length and digest of what comes out. Errors of the decoder have a `code` that begins with `ZSTD_` or `Z_`.
 * The chunks of `stored` are given away.
 * @param rawBytes what is due; for the size of buffers only
 */
export function decompressZstd(
  stored: AsyncIterable<Uint8Array>,
  rawBytes: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const decompressor = createZstdDecompress({
    ...decoderBuffers(rawBytes),
    params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
  });
  return transformBytes(stored, decompressor, signal, releaseChunk);
}
