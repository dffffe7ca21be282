/**
 * Joins small chunks into blocks of `blockBytes`; a chunk of at least half a block goes through uncopied. Order and content stay.
 * A chunk must not be changed by its maker after it was yielded.
 */
export async function* intoBlocks(
  source: AsyncIterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Uint8Array> {
  let block: Buffer | null = null;
  let filled = 0;
  for await (const chunk of source) {
    if (block !== null && filled + chunk.length > blockBytes) {
      yield block.subarray(0, filled);
      block = null;
      filled = 0;
    }
    if (chunk.length >= blockBytes / 2) {
      if (block !== null) yield block.subarray(0, filled);
      block = null;
      filled = 0;
      yield chunk;
    } else if (chunk.length > 0) {
      block ??= Buffer.allocUnsafeSlow(blockBytes);
      block.set(chunk, filled);
      filled += chunk.length;
    }
  }
  if (block !== null) yield block.subarray(0, filled);
}
