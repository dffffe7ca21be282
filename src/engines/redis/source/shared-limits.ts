import { type Gate, gate } from '../../../base/gate.ts';

/** A host forks for each stream: memory and disk of all of them together. */
const forksPerHost = 4;

/** What all streams of the process may hold beyond their share because their reader is slow, in bytes. */
const spillBytes = 64 * 1024 * 1024;

/** What the exports of one process share. */
export interface SharedLimits {
  /** How many snapshots one host makes at once for us. */
  forks(host: string): Gate;
  readonly spill: Spill;
}

/** Memory for bytes that had to be taken before their reader wanted them. */
export interface Spill {
  /** False: there is no room for so many more. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createSharedLimits(total = spillBytes): SharedLimits {
  const gates = new Map<string, Gate>();
  let free = total;
  return {
    forks(host) {
      const known = gates.get(host) ?? gate(forksPerHost);
      gates.set(host, known);
      return known;
    },
    spill: {
      take(bytes) {
        if (bytes > free) return false;
        free -= bytes;
        return true;
      },
      give(bytes) {
        free += bytes;
      },
    },
  };
}
