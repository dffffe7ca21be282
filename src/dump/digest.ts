import { createHash } from 'node:crypto';
import type { Digest } from '../core/manifest.ts';

/** SHA-256 and length of bytes that stream by. */
export interface DigestingCounter {
  add(bytes: Uint8Array): void;
  readonly bytes: number;
  /** Of the bytes so far. */
  digest(): Digest;
}

export function digestingCounter(): DigestingCounter {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    add: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    },
    get bytes() {
      return bytes;
    },
    digest: () => `sha256:${hash.copy().digest('hex')}`,
  };
}

/** Counts only, for bytes that are thrown away: nobody will ever compare their digest. */
export function plainCounter(): DigestingCounter {
  let bytes = 0;
  return {
    add: (chunk) => {
      bytes += chunk.length;
    },
    get bytes() {
      return bytes;
    },
    digest: () => 'none:',
  };
}

/** `source`; each chunk is shown to `onChunk` before it is handed on. */
export async function* passing(
  source: AsyncIterable<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onChunk(chunk);
    yield chunk;
  }
}
