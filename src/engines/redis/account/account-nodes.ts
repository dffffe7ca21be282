import { type Address, addressText, sameAddress } from '../client/address.ts';
import { connect, type RedisConnection } from '../client/connection.ts';
import { askFacts, type ServerFacts } from '../client/server-facts.ts';
import { discover, type Topology } from '../client/topology.ts';
import type { RedisTarget } from '../database-url.ts';

/** A server that has users of its own: servers do not tell each other of them. */
export interface AccountNode extends AsyncDisposable {
  readonly address: Address;
  /** `10.0.0.2:6379` */
  readonly name: string;
  readonly connection: RedisConnection;
}

export interface AccountNodes {
  readonly facts: ServerFacts;
  /** The same however a server is reached, and by whom. */
  readonly databaseId: string;
  /** Masters first. Never empty. */
  readonly nodes: readonly AccountNode[];
  /** Replicas that could not be reached. */
  readonly missing: readonly string[];
}

/** Opens all servers of a database as its administrator: exports read replicas, and any replica may be the master tomorrow. */
export async function openNodes(target: RedisTarget, signal: AbortSignal): Promise<AccountNodes> {
  const topology = await discover(target, signal);
  const nodes: AccountNode[] = [];
  const missing: string[] = [];
  const open = async (address: Address): Promise<AccountNode> => {
    const connection = await connect(target, address, signal);
    return {
      address,
      name: addressText(address),
      connection,
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    };
  };
  try {
    for (const { master } of topology.shards) nodes.push(await open(master));
    for (const replica of await replicasOf(topology, nodes, signal)) {
      try {
        nodes.push(await open(replica));
      } catch (error) {
        if (signal.aborted) throw error;
        missing.push(addressText(replica));
      }
    }
    return { facts: topology.facts, databaseId: databaseIdOf(topology), nodes, missing };
  } catch (error) {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    throw error;
  }
}

/** Those that the topology tells of, and those that the masters do. */
async function replicasOf(
  { shards }: Topology,
  masters: readonly AccountNode[],
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const found: Address[] = [];
  const told = await Promise.all(masters.map(({ connection }) => askFacts(connection, signal)));
  for (const address of [...shards, ...told].flatMap(({ replicas }) => replicas)) {
    if (!found.some((known) => sameAddress(known, address))) found.push(address);
  }
  return found;
}

/** Of a server the number that it gave itself when it started; of a cluster its masters. */
export const databaseIdOf = ({ facts, shards }: Topology): string =>
  facts.mode === 'cluster'
    ? shards.map(({ master }) => addressText(master)).join(' ')
    : (facts.info.get('run_id') ?? '');
