import type { RedisServer } from './redis-server.ts';

/**
 * Resolves when a replica has all that was written to its master so far. WAIT is about the writes of its own connection, so it makes one that
 * changes nothing.
 */
export async function replicated(master: Pick<RedisServer, 'connect'>): Promise<void> {
  await using client = await master.connect();
  await client.call('PUBLISH', 'replicated', 'now');
  const replicas = await client.call('WAIT', 1, 10_000);
  if (Number(replicas) < 1) throw new Error('No replica has followed its master for 10 s.');
}
