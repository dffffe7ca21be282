import { connect } from '../client/connection.ts';
import { RedisError, replyItems, replyText } from '../client/reply.ts';
import type { RedisTarget } from '../database-url.ts';
import { type CursorRange, firstCursor, isWithin } from './cursor-ranges.ts';
import { hasSlotCursors } from './plan.ts';
import type { ReadingPlace } from './reading-places.ts';

/** Cursors of fewer keys need not be understood. */
const leastKeys = 65_536;
const eighth = 3;

/**
 * The shards whose cursors count as those of Redis do, so that several SCANs can share the keys. Proxies and services have cursors of their
 * own: there one SCAN reads all. Refusals count as such too.
 */
export async function divisibleShards(
  target: RedisTarget,
  places: readonly ReadingPlace[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const checked = await Promise.all(
    places.map(async (place) => ((await isDivisible(target, place, signal)) ? [place.shard.id] : [])),
  );
  return new Set(checked.flat());
}

async function isDivisible(target: RedisTarget, place: ReadingPlace, signal: AbortSignal): Promise<boolean> {
  const { facts, shard, address } = place;
  const largest = [...facts.databases].sort((a, b) => b.keys - a.keys)[0];
  if (largest === undefined || largest.keys < leastKeys) return false;
  const isSlots = hasSlotCursors(place);
  const last = shard.slots.at(-1)?.[1] ?? 0;
  // A SCAN that begins with the last part never leaves it, and one that begins with the first does not at once.
  const lastRange: CursorRange = isSlots
    ? { kind: 'slots', first: last, last }
    : { kind: 'bits', bits: eighth, index: 2 ** eighth - 1 };
  const firstRange: CursorRange | null = isSlots ? null : { kind: 'bits', bits: eighth, index: 0 };
  try {
    await using connection = await connect(target, address, signal);
    await connection.select(largest.database, signal);
    const after = async (range: CursorRange): Promise<bigint> => {
      const answer = await connection.call(['SCAN', String(firstCursor(range)), 'COUNT', 10], signal);
      return BigInt(replyText(replyItems(answer)[0]));
    };
    const end = await after(lastRange);
    if (end !== 0n && !isWithin(lastRange, end)) return false;
    return firstRange === null || isWithin(firstRange, await after(firstRange));
  } catch (error) {
    if (error instanceof RedisError || error instanceof SyntaxError) return false;
    throw error;
  }
}
