import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { intoBlocks } from '../base/blocks.ts';
import { releaseChunk } from '../base/release-chunk.ts';
import { transformBytes } from '../base/transform-bytes.ts';

/** Blocks handed to the compressor: each is one trip to the thread pool. */
const blockBytes = 256 * 1024;
const outputBytes = 1024 * 1024;

/** How much finished output may wait: zlib hands this on to the stream, though its type does not say so. */
const buffering = { readableHighWaterMark: outputBytes };

/** Frames ask for at most this much memory to decode (2^23 = 8 MiB); one that wants more is not of ours. */
const windowLogMax = 23;

/**
 * One zstd frame of the bytes: level 1, with content checksum, on the libuv pool. Exactly one: blocks are never queued, because Node may
 * close a queued stream with a second, empty frame (nodejs/node#66078). ZSTD_c_nbWorkers stays unset: it loses data (nodejs/node#59899).
 * The chunks of `raw` are given away: their memory is freed.
 */
export function compressFrame(
  raw: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const compressor = createZstdCompress({
    chunkSize: outputBytes,
    ...buffering,
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
  return transformBytes(intoBlocks(raw, blockBytes), compressor, signal, releaseChunk);
}

/**
 * What one zstd frame holds. Node 24 drops whatever follows the first frame without an error (nodejs/node#64741), so the caller hands over
 * one frame and compares length and digest of what comes out. Errors of the decoder have a `code` that begins with `ZSTD_` or `Z_`.
 * The chunks of `stored` are given away.
 */
export function decompressFrame(
  stored: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const decompressor = createZstdDecompress({
    chunkSize: outputBytes / 4,
    ...buffering,
    params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
  });
  return transformBytes(stored, decompressor, signal, releaseChunk);
}
