import { abortError, untilAborted } from '../../../core/abort-error.ts';
import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import { type Address, addressText } from '../client/address.ts';
import { connect, type RedisConnection } from '../client/connection.ts';
import { RedisError } from '../client/reply.ts';
import type { ServerFacts } from '../client/server-facts.ts';
import { slotCount, slotOf } from '../client/slot.ts';
import { discover, type Shard } from '../client/topology.ts';
import type { RedisTarget } from '../database-url.ts';
import { schemaOf } from '../logical-database.ts';
import { createLane, type Lane } from './lane.ts';

/** Which server is the master of which keys. One that is no cluster is the master of all. */
export interface Route {
  readonly addresses: readonly Address[];
  /** Index of the master of a key's slot. */
  of(key: Uint8Array): number;
}

/** The servers that take writes, and connections to them. */
export interface Masters extends AsyncDisposable {
  readonly facts: ServerFacts;
  /** Another one after {@link Masters.refresh}. */
  readonly route: Route;
  /** Looks anew who the masters are, after one of them said that it is not. */
  refresh(signal: AbortSignal): Promise<void>;
  /** A connection for single commands, shared by all who ask for the same. */
  control(address: Address, database: number, signal: AbortSignal): Promise<RedisConnection>;
  /** A connection of the caller's own. */
  connect(address: Address, database: number, signal: AbortSignal): Promise<RedisConnection>;
  /** A lane of the caller's own; give it back by {@link Masters.release}. */
  lane(address: Address, database: number, signal: AbortSignal): Promise<Lane>;
  /** A clean lane is kept for the next one; any other is closed. */
  release(lane: Lane): Promise<void>;
}

/** Throws `database-unreachable` where a cluster has slots without a master. */
export async function openMasters(target: RedisTarget, signal: AbortSignal): Promise<Masters> {
  let { facts, route } = await find(target, signal);
  let refreshing: Promise<void> | null = null;
  const controls = new Map<string, Promise<RedisConnection>>();
  const idle: Lane[] = [];

  const open = async (address: Address, database: number, signal: AbortSignal): Promise<RedisConnection> => {
    const connection = await connect(target, address, signal);
    try {
      await connection.select(database, signal);
      return connection;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw signal.aborted ? abortError(signal) : selectError(error, database);
    }
  };
  const lookAgain = async (signal: AbortSignal): Promise<void> => {
    ({ facts, route } = await find(target, signal));
  };

  return {
    get facts() {
      return facts;
    },
    get route() {
      return route;
    },
    refresh(signal) {
      refreshing ??= lookAgain(signal).finally(() => {
        refreshing = null;
      });
      return untilAborted(signal, refreshing);
    },
    async control(address, database, signal) {
      const name = `${addressText(address)}/${database}`;
      const known = controls.get(name);
      if (known !== undefined) {
        const connection = await untilAborted(signal, known).catch(() => null);
        signal.throwIfAborted();
        if (connection !== null && !connection.closed.aborted) return connection;
        if (controls.get(name) === known) controls.delete(name);
      }
      let opening = controls.get(name);
      if (opening === undefined) {
        opening = open(address, database, signal);
        controls.set(name, opening);
      }
      return await opening;
    },
    connect: open,
    async lane(address, database, signal) {
      const wanted = addressText(address);
      const found = idle.findIndex(
        (lane) => lane.database === database && addressText(lane.address) === wanted,
      );
      const lane = found < 0 ? undefined : idle.splice(found, 1)[0];
      if (lane?.isClean === true) return lane;
      await lane?.close();
      return createLane(await open(address, database, signal), database);
    },
    async release(lane) {
      if (lane.isClean) idle.push(lane);
      else await lane.close();
    },
    async [Symbol.asyncDispose]() {
      const open = await Promise.allSettled(controls.values());
      await Promise.all([
        ...idle.map((lane) => lane.close()),
        ...open.map((one) => (one.status === 'fulfilled' ? one.value[Symbol.asyncDispose]() : undefined)),
      ]);
    },
  };
}

async function find(target: RedisTarget, signal: AbortSignal): Promise<{ facts: ServerFacts; route: Route }> {
  const { facts, shards } = await discover(target, signal);
  return { facts, route: routeOf(shards) };
}

function routeOf(shards: readonly Shard[]): Route {
  const addresses = shards.map(({ master }) => master);
  if (addresses.length === 1) return { addresses, of: () => 0 };
  const bySlot = new Uint16Array(slotCount);
  for (const [index, { slots }] of shards.entries()) {
    for (const [first, last] of slots) bySlot.fill(index, first, last + 1);
  }
  return { addresses, of: (key) => bySlot[slotOf(key)] as number };
}

/** The master of a key. */
export const masterOf = ({ addresses, of }: Route, key: Uint8Array): Address => addresses[of(key)] as Address;

/** Clusters have one logical database, other servers those of their setting `databases`. */
function selectError(error: unknown, database: number): AppError {
  const operation = 'select a logical database';
  if (!(error instanceof RedisError) || database === 0 || error.code !== 'ERR')
    return classifyRedisError(error, operation);
  return new AppError('unsupported', {
    message: `The target has no logical database ${schemaOf(database)}: ${error.message}.`,
    hint: `Write its keys into another one with remap_schemas ${schemaOf(database)}:db0, or leave them out.`,
    operation,
    cause: error,
  });
}
