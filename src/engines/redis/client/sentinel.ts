import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import type { RedisTarget } from '../database-url.ts';
import { type Address, addressText } from './address.ts';
import { connect, type RedisConnection } from './connection.ts';
import { RedisError, type Reply, replyItems, replyText } from './reply.ts';

export interface SentinelPlaces {
  readonly master: Address;
  /** Replicas that the Sentinels believe to be well. */
  readonly replicas: readonly Address[];
}

/**
 * Where the master is, by the word of the first Sentinel that answers and knows it. Throws `database-missing` when those that answer do not
 * know the name, else what the last one ended with.
 */
export async function sentinelPlaces(
  target: RedisTarget,
  sentinel: NonNullable<RedisTarget['sentinel']>,
  signal: AbortSignal,
): Promise<SentinelPlaces> {
  let failure: unknown;
  for (const node of target.nodes) {
    try {
      await using connection = await connect(target, node, signal, { credentials: sentinel });
      const master = await masterOf(connection, sentinel.name, signal);
      return { master, replicas: await replicasOf(connection, sentinel.name, signal) };
    } catch (error) {
      if (signal.aborted) throw error;
      // What a Sentinel says of the name counts more than that another one is not there.
      if (!(failure instanceof AppError && failure.code === 'database-missing')) failure = error;
    }
  }
  throw classifyRedisError(failure, 'ask the Sentinels');
}

async function masterOf(connection: RedisConnection, name: string, signal: AbortSignal): Promise<Address> {
  const [host, port] = replyItems(
    await connection.call(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name], signal),
  );
  if (host !== undefined) return { host: replyText(host), port: Number(replyText(port)) };
  throw new AppError('database-missing', {
    message: `The Sentinel ${addressText(connection.address)} knows no master ${JSON.stringify(name)}.`,
    hint: 'Give the name of the line "sentinel monitor" of its configuration: redis-sentinel://host/name.',
    field: 'url',
    operation: 'ask the Sentinels',
  });
}

async function replicasOf(
  connection: RedisConnection,
  name: string,
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const replicas = await connection.call(['SENTINEL', 'REPLICAS', name], signal).catch((error: unknown) => {
    if (!(error instanceof RedisError)) throw error;
    return connection.call(['SENTINEL', 'SLAVES', name], signal);
  });
  return replyItems(replicas).flatMap((replica) => {
    const facts = pairs(replica);
    const port = Number(facts.get('port') ?? 0);
    const isWell =
      port > 0 &&
      !/down|disconnected/.test(facts.get('flags') ?? '') &&
      facts.get('master-link-status') === 'ok';
    return isWell ? [{ host: facts.get('ip') ?? '', port }] : [];
  });
}

function pairs(reply: Reply): ReadonlyMap<string, string> {
  const items = replyItems(reply).map(replyText);
  return new Map(items.flatMap((name, index) => (index % 2 === 0 ? [[name, items[index + 1] ?? '']] : [])));
}
