/**
 * Frees the memory of a chunk at once. V8 would do so only when it next looks through its whole heap: it sees a few hundred bytes where
 * there are megabytes. For the last user of a chunk that was given away; the chunk is empty from then on. A chunk that is only the
 * beginning of its memory leaves it to the chunk that is its end, and Buffer's pool is spared.
 */
export function releaseChunk({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isEnd = byteOffset + byteLength === buffer.byteLength;
  if (isEnd && buffer.byteLength > Buffer.poolSize && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
