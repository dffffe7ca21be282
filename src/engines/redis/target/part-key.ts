import { slotOf } from '../client/slot.ts';
import { ownPrefix } from './receipts.ts';

/**
 * The name of a key to build a value in before it gets the name `key`: of this import's own, the same each time, and in the slot of `key`
 * where `isCluster`.
 */
export function partKey(jobId: string, unit: string, key: Uint8Array, isCluster: boolean): Buffer {
  const start = `${ownPrefix}${jobId}:${unit}`;
  if (!isCluster) return Buffer.from(start);
  const slot = slotOf(key);
  const tagged = Buffer.concat([Buffer.from(`${start}:{`), tagOf(key), Buffer.from('}')]);
  if (slotOf(tagged) === slot) return tagged;
  // The key has a brace that ends a tag too early, or is empty: some number leads to every slot.
  for (let number = 0; ; number += 1) {
    const candidate = Buffer.from(`${start}:${number}`);
    if (slotOf(candidate) === slot) return candidate;
  }
}

function tagOf(key: Uint8Array): Uint8Array {
  const open = key.indexOf(0x7b);
  const close = open < 0 ? -1 : key.indexOf(0x7d, open + 1);
  return close > open + 1 ? key.subarray(open + 1, close) : key;
}
