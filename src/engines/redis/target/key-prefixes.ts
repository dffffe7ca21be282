import type { Remap } from '../../../core/request.ts';

/** The name of a key in the target. The same bytes where nothing fits. */
export type RenameKey = (key: Uint8Array) => Uint8Array;

/** Of the prefixes that a key begins with, the longest is replaced. Null: keys stay as they are. */
export function keyRenamer(remaps: readonly Remap[]): RenameKey | null {
  if (remaps.length === 0) return null;
  const byLength = remaps
    .map(({ source, target }) => ({ source: Buffer.from(source), target: Buffer.from(target) }))
    .sort((one, other) => other.source.length - one.source.length);
  return (key) => {
    const fit = byLength.find(({ source }) => beginsWith(key, source));
    return fit === undefined ? key : Buffer.concat([fit.target, key.subarray(fit.source.length)]);
  };
}

function beginsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false;
  for (let at = 0; at < prefix.length; at++) if (key[at] !== prefix[at]) return false;
  return true;
}
