import { isAtLeast, type ServerFacts } from '../client/server-facts.ts';
import { formatOf, type RdbFormat } from '../rdb/format.ts';

/** Valkey's versions begin here; those below it are of Redis. */
const firstOfValkey = 80;

export const formatOfVersion = (version: number): RdbFormat =>
  formatOf(
    version >= firstOfValkey
      ? `VALKEY${String(version).padStart(3, '0')}`
      : `REDIS${String(version).padStart(4, '0')}`,
  );

/** What a server of this version most likely writes. */
export function likelyFormat(facts: Pick<ServerFacts, 'family' | 'version'>): RdbFormat {
  if (facts.family === 'valkey') return formatOfVersion(isAtLeast(facts, { valkey: [9, 0] }) ? 80 : 11);
  const known: readonly (readonly [readonly [number, number], number])[] = [
    [[8, 8], 14],
    [[8, 6], 13],
    [[7, 4], 12],
    [[7, 2], 11],
    [[7, 0], 10],
  ];
  return formatOfVersion(known.find(([least]) => isAtLeast(facts, { redis: least }))?.[1] ?? 9);
}
