import type { RedisTarget } from '../database-url.ts';
import type { Address } from './address.ts';
import { clusterShards } from './cluster.ts';
import { connect, type RedisConnection } from './connection.ts';
import { sentinelPlaces } from './sentinel.ts';
import { askFacts, type ServerFacts } from './server-facts.ts';

/** A master, the replicas that its cluster, its Sentinels or itself tell of, and the slots that it serves. */
export interface Shard {
  /** `shard-1`, `shard-2` ...: in the order of the lowest slot. */
  readonly id: string;
  /** Of a server that is not in a cluster: the server of the URL, which may be a replica. */
  readonly master: Address;
  readonly replicas: readonly Address[];
  /** First and last of each range, in order; none without a cluster. */
  readonly slots: readonly (readonly [number, number])[];
}

export interface Topology {
  /** Of the server that was asked: of Sentinels their master, of a cluster the first node that answered. */
  readonly facts: ServerFacts;
  /** A server, or the masters of a cluster. Never empty. */
  readonly shards: readonly Shard[];
  /** Sentinels watch over the server: it should not be read from while it is the master. */
  readonly isWatched: boolean;
}

/** Finds out what servers there are: Sentinels and clusters are asked. Throws classified errors. */
export async function discover(target: RedisTarget, signal: AbortSignal): Promise<Topology> {
  if (target.sentinel !== null) {
    const { master, replicas } = await sentinelPlaces(target, target.sentinel, signal);
    await using connection = await connect(target, master, signal);
    const facts = await askFacts(connection, signal);
    return { facts, shards: [{ id: 'shard-1', master, replicas, slots: [] }], isWatched: true };
  }
  await using connection = await connectAny(target, signal);
  const facts = await askFacts(connection, signal);
  if (facts.mode === 'cluster') {
    return { facts, shards: await clusterShards(connection, signal), isWatched: false };
  }
  const shard: Shard = { id: 'shard-1', master: connection.address, replicas: facts.replicas, slots: [] };
  return { facts, shards: [shard], isWatched: false };
}

/** To the first of the target's nodes that answers. Throws what the last of them ended with. */
async function connectAny(target: RedisTarget, signal: AbortSignal): Promise<RedisConnection> {
  let failure: unknown;
  for (const node of target.nodes) {
    try {
      return await connect(target, node, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}
