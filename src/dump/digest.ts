import { createHash } from 'node:crypto';
import type { Digest } from '../core/manifest.ts';

/** SHA-256 and length of bytes that stream by. */
export interface DigestingCounter {
  add(bytes: Uint8Array): void;
  readonly bytes: number;
  /** Ends the counting. */
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
    digest: () => `sha256:${hash.digest('hex')}`,
  };
}

/** `source`, counted by `counter` as it passes. */
export async function* counted(
  source: AsyncIterable<Uint8Array>,
  counter: DigestingCounter,
  onBytes?: (bytesSoFar: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    counter.add(chunk);
    onBytes?.(counter.bytes);
    yield chunk;
  }
}
