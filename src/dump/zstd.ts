import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync } from 'node:zlib';
import { intoBlocks } from '../base/blocks.ts';
import { releaseChunk } from '../base/release-chunk.ts';
import { transformBytes } from '../base/transform-bytes.ts';

/** Blocks handed to the compressor: each is one trip to the thread pool, and what that costs is seen. */
const blockBytes = 1024 * 1024;
const outputBytes = 1024 * 1024;
/** The least that zlib takes. */
const leastOutputBytes = 64;

/** How much finished output may wait: zlib hands this on to the stream, though its type does not say so. */
const buffering = { readableHighWaterMark: outputBytes };

/** Frames ask for at most this much memory to decode (2^23 = 8 MiB); one that wants more is not of ours. */
const windowLogMax = 23;

const params = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_checksumFlag]: 1,
};

/** So much is compressed at once: a stream's buffers and trips to the thread pool would cost many times more. */
const littleBytes = 16 * 1024;

/**
 * One zstd frame of the bytes: level 1, with content checksum. Exactly one, also of no bytes. The chunks of `raw` are given away: their
 * memory is freed.
 */
export async function* compressFrame(
  raw: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = raw[Symbol.asyncIterator]();
  const begin: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= littleBytes) {
    const step = await chunks.next();
    if (step.done === true) {
      yield zstdCompressSync(Buffer.concat(begin), { params });
      for (const chunk of begin) releaseChunk(chunk);
      return;
    }
    begin.push(step.value);
    bytes += step.value.length;
  }
  yield* compressStream(continued(begin, chunks), signal);
}

/**
 * On the libuv pool. Blocks are never queued, because Node may close a queued stream with a second, empty frame (nodejs/node#66078).
 * ZSTD_c_nbWorkers stays unset: it loses data (nodejs/node#59899).
 */
function compressStream(raw: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const compressor = createZstdCompress({ chunkSize: outputBytes, ...buffering, params });
  return transformBytes(intoBlocks(raw, blockBytes), compressor, signal, releaseChunk);
}

async function* continued(
  begin: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* begin;
    for (;;) {
      const step = await rest.next();
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    await rest.return?.();
  }
}

/**
 * What one zstd frame holds. Node 24 drops whatever follows the first frame without an error (nodejs/node#64741), so the caller hands over
 * one frame and compares length and digest of what comes out. Errors of the decoder have a `code` that begins with `ZSTD_` or `Z_`.
 * The chunks of `stored` are given away.
 * @param rawBytes what is due; for the size of buffers only
 */
export function decompressFrame(
  stored: AsyncIterable<Uint8Array>,
  rawBytes: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const decompressor = createZstdDecompress({
    // One byte more than is due: then the end is seen with it, and so is what is too much. Larger ones keep the garbage collector busy.
    chunkSize: Math.min(256 * 1024, Math.max(rawBytes + 1, leastOutputBytes)),
    ...buffering,
    params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
  });
  return transformBytes(stored, decompressor, signal, releaseChunk);
}
