import type { KeyBatch } from './key-batch.ts';

/** What a rule can ask about a key. Reused from key to key. */
export interface KeyRow {
  key: string;
  /** The word of TYPE; '' where the filter does not ask for it. */
  type: string;
  /** Milliseconds left; null: none. */
  ttl: number | null;
}

/** Which keys are read, in a form that the pipeline can use. */
export interface KeyRules {
  /** Glob for SCAN; null: all. */
  readonly match: string | null;
  /** For SCAN; null: all. */
  readonly type: string | null;
  /** What the server cannot decide; null: nothing is left. */
  readonly accepts: ((row: KeyRow) => boolean) | null;
  readonly asksType: boolean;
  readonly asksTtl: boolean;
  readonly asksKey: boolean;
  /** Of a sample: the keys whose hash is below; null: all. */
  readonly sample: { readonly below: number; readonly seed: number } | null;
}

/** Whether a key belongs to the sample: decided by its name and the seed alone. */
export function isInSample(
  batch: KeyBatch,
  index: number,
  { below, seed }: NonNullable<KeyRules['sample']>,
): boolean {
  return hash32(batch.key(index), seed) < below;
}

/** FNV-1a with a final mix, so that names which differ in their last digit alone are far apart. From 0 to 2^32 - 1. */
function hash32(bytes: Uint8Array, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
