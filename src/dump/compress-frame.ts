import type { Transform } from 'node:stream';
import { intoBlocks } from '../base/blocks.ts';
import { releaseChunk } from '../base/release-chunk.ts';
import { transformBytes } from '../base/transform-bytes.ts';

/** A compression, as frames are made with it. */
export interface FrameCompressor {
  /** One whole frame. */
  atOnce(bytes: Uint8Array): Uint8Array;
  /** Makes one whole frame of what is written into it. */
  stream(): Transform;
}

/** Blocks handed to the compressor: each is one trip to the thread pool, and what that costs is seen. */
const blockBytes = 1024 * 1024;

/** So much is compressed at once: a stream's buffers and trips to the thread pool would cost many times more. */
const littleBytes = 16 * 1024;

const outputBytes = 1024 * 1024;

/** Options of zlib's streams. How much finished output may wait is handed on to the stream, though zlib's types do not say so. */
export const buffering = { readableHighWaterMark: outputBytes };
export const compressorBuffers = { chunkSize: outputBytes, ...buffering };

/** Buffers of a decoder that `rawBytes` are due from: one byte more, so that the end is seen with them, and so is what is too much. */
export const decoderBuffers = (rawBytes: number) => ({
  // The least is what zlib takes; larger ones than that keep the garbage collector busy.
  chunkSize: Math.min(256 * 1024, Math.max(rawBytes + 1, 64)),
  ...buffering,
});

/** One frame of the bytes. Exactly one, also of no bytes. The chunks of `raw` are given away: their memory is freed. */
export async function* compressFrame(
  raw: AsyncIterable<Uint8Array>,
  compressor: FrameCompressor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = raw[Symbol.asyncIterator]();
  const begin: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= littleBytes) {
    const step = await chunks.next();
    if (step.done === true) {
      yield compressor.atOnce(Buffer.concat(begin));
      for (const chunk of begin) releaseChunk(chunk);
      return;
    }
    begin.push(step.value);
    bytes += step.value.length;
  }
  const blocks = intoBlocks(continued(begin, chunks), blockBytes);
  yield* transformBytes(blocks, compressor.stream(), signal, releaseChunk);
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
