import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import type { Address } from './address.ts';
import type { RedisConnection } from './connection.ts';
import { RedisError, type Reply, replyItems, replyText } from './reply.ts';
import type { Shard } from './topology.ts';

const slotCount = 16_384;

/** The shards of a cluster by the word of one of its nodes. Throws `database-unreachable` when a slot has no master. */
export async function clusterShards(
  connection: RedisConnection,
  signal: AbortSignal,
): Promise<readonly Shard[]> {
  try {
    return shardsOf(await connection.call(['CLUSTER', 'SLOTS'], signal), connection.address);
  } catch (error) {
    throw classifyRedisError(error, 'ask for the slots of the cluster');
  }
}

/** @param asked the node whose answer it is: who has no address of his own there is that one's host */
export function shardsOf(slots: Reply, asked: Address): readonly Shard[] {
  const byMaster = new Map<string, { master: Address; replicas: Address[]; slots: [number, number][] }>();
  for (const range of replyItems(slots)) {
    const [first, last, master, ...replicas] = replyItems(range);
    if (typeof first !== 'number' || typeof last !== 'number') continue;
    const address = addressOf(master, asked);
    const key = replyText(replyItems(master)[2]) || `${address.host}:${address.port}`;
    const shard = byMaster.get(key) ?? {
      master: address,
      replicas: replicas.map((replica) => addressOf(replica, asked)),
      slots: [],
    };
    shard.slots.push([first, last]);
    byMaster.set(key, shard);
  }
  const shards = [...byMaster.values()];
  for (const shard of shards) shard.slots.sort((a, b) => a[0] - b[0]);
  shards.sort((a, b) => (a.slots[0]?.[0] ?? 0) - (b.slots[0]?.[0] ?? 0));
  const served = shards.flatMap((shard) => shard.slots).reduce((sum, [a, b]) => sum + b - a + 1, 0);
  if (served !== slotCount) {
    throw new AppError('database-unreachable', {
      message: `The cluster serves ${served} of its ${slotCount} slots.`,
      hint: 'Look at CLUSTER INFO and CLUSTER NODES: a master is down, or slots belong to nobody.',
      operation: 'ask for the slots of the cluster',
    });
  }
  return shards.map((shard, index) => ({ id: `shard-${index + 1}`, ...shard }));
}

/** Which slots each master serves, as text: equal while nothing moves. */
export const slotMapText = (shards: readonly Shard[]): string =>
  shards
    .flatMap(({ master, slots }) => slots.map(([a, b]) => `${a}-${b}:${master.host}:${master.port}`))
    .sort()
    .join(' ');

/** Slots that this node gives away or takes over at the moment; null: it must not be asked. */
export async function movingSlots(connection: RedisConnection, signal: AbortSignal): Promise<number | null> {
  try {
    const nodes = replyText(await connection.call(['CLUSTER', 'NODES'], signal));
    const own = nodes.split('\n').find((line) => /^\S+ \S+ \S*\bmyself\b/.test(line)) ?? '';
    return own.split(' ').filter((word) => word.startsWith('[')).length;
  } catch (error) {
    if (error instanceof RedisError && error.code === 'NOPERM') return null;
    throw classifyRedisError(error, 'ask for the slots of the cluster');
  }
}

function addressOf(node: Reply | undefined, asked: Address): Address {
  const [host, port] = replyItems(node);
  const name = replyText(host);
  return {
    host: name === '' || name === '?' ? asked.host : name,
    port: typeof port === 'number' ? port : asked.port,
  };
}
