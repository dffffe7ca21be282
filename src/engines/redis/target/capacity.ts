import { connect } from '../client/connection.ts';
import { askFacts } from '../client/server-facts.ts';
import type { RedisTarget } from '../database-url.ts';
import type { Masters } from './masters.ts';

/** The maxmemory of all masters together, in bytes; null where one has none, or does not tell. */
export async function capacityOf(
  target: RedisTarget,
  masters: Masters,
  signal: AbortSignal,
): Promise<number | null> {
  const limits = await Promise.all(
    masters.route.addresses.map(async (address) => {
      await using connection = await connect(target, address, signal);
      return (await askFacts(connection, signal)).maxMemory;
    }),
  );
  return limits.every((limit) => limit > 0) ? limits.reduce((sum, limit) => sum + limit, 0) : null;
}
