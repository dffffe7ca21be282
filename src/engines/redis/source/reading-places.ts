import { createHash } from 'node:crypto';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import { type Address, addressText, sameAddress } from '../client/address.ts';
import { movingSlots, slotMapText } from '../client/cluster.ts';
import { connect } from '../client/connection.ts';
import { askFacts, type ServerFacts } from '../client/server-facts.ts';
import { discover, type Shard, type Topology } from '../client/topology.ts';
import type { RedisTarget } from '../database-url.ts';

/** A server that is read for a shard: its master, or a replica of it. */
export interface ReadingPlace {
  readonly shard: Shard;
  readonly address: Address;
  /** Of the server that is read. */
  readonly facts: ServerFacts;
}

/** Where a database is read, as it was found at one moment. */
export interface Places {
  readonly topology: Topology;
  /** One for each shard, in their order. */
  readonly places: readonly ReadingPlace[];
  /** Which slots belong to whom, in short: equal while nothing moves. '' without a cluster. */
  readonly slotMap: string;
  /** Sentences for the log: where a replica was wanted and none is fit. */
  readonly warnings: readonly string[];
}

export const isReplica = ({ shard, address }: ReadingPlace): boolean => !sameAddress(shard.master, address);

export const slotMapOf = (shards: readonly Shard[]): string => {
  const text = slotMapText(shards);
  return text === '' ? '' : createHash('sha256').update(text).digest('hex').slice(0, 32);
};

/** Finds the servers, and chooses which of them are read. Throws classified errors. */
export async function findPlaces(target: RedisTarget, { signal }: OperationContext): Promise<Places> {
  const topology = await discover(target, signal);
  const { shards, isWatched } = topology;
  const isCluster = topology.facts.mode === 'cluster';
  const wantsReplica =
    target.readFrom === 'replica' || (target.readFrom === 'auto' && (isCluster || isWatched));
  const warnings: string[] = [];
  const places = await Promise.all(
    shards.map(async (shard): Promise<ReadingPlace> => {
      const facts = isCluster ? await factsAt(target, shard.master, signal) : topology.facts;
      const known = { ...shard, replicas: union(shard.replicas, facts.replicas) };
      const replica = wantsReplica ? await fittestReplica(target, known, signal) : null;
      if (replica !== null) return replica;
      if (isWatched) warnings.push(ghostWarning(shard));
      else if (target.readFrom === 'replica') {
        warnings.push(`No replica of ${addressText(shard.master)} is fit: the master itself is read.`);
      }
      return { shard, address: shard.master, facts };
    }),
  );
  return { topology, places, slotMap: slotMapOf(shards), warnings };
}

/** Sentinels and clusters take a while to tell of a new replica, which its master knows. */
const union = (one: readonly Address[], other: readonly Address[]): readonly Address[] => [
  ...one,
  ...other.filter((address) => !one.some((known) => sameAddress(known, address))),
];

export const ghostWarning = ({ master }: Shard): string =>
  `No replica of ${addressText(master)} is fit, so the master itself is read: Sentinels may take us for a new replica and keep it in their list until SENTINEL RESET.`;

/** Throws when slots of the cluster are on their way from one server to another: keys would be missed or come twice. */
export async function refuseMovingSlots(
  target: RedisTarget,
  shards: readonly Shard[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    shards.map(async ({ master }) => {
      await using connection = await connect(target, master, signal);
      const moving = await movingSlots(connection, signal);
      if (moving === null || moving === 0) return;
      throw new AppError('database-locked', {
        message: `${moving} slots of the cluster are being moved from or to ${addressText(master)}.`,
        hint: 'Wait for the resharding to end, or end it with redis-cli --cluster fix.',
        operation: 'look at the cluster',
      });
    }),
  );
}

/** The replica that is well and has seen most; null: none is. */
async function fittestReplica(
  target: RedisTarget,
  shard: Shard,
  signal: AbortSignal,
): Promise<ReadingPlace | null> {
  const looks = await Promise.allSettled(
    shard.replicas.map(async (address): Promise<ReadingPlace> => {
      return { shard, address, facts: await factsAt(target, address, signal) };
    }),
  );
  signal.throwIfAborted();
  const fit = looks
    .flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []))
    .filter(({ facts }) => facts.role === 'replica' && facts.hasMasterLink && !facts.isLoading);
  return fit.sort((a, b) => b.facts.replicationOffset - a.facts.replicationOffset)[0] ?? null;
}

async function factsAt(target: RedisTarget, address: Address, signal: AbortSignal): Promise<ServerFacts> {
  await using connection = await connect(target, address, signal);
  return await askFacts(connection, signal);
}
