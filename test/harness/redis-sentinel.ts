import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDaemons } from './daemons.ts';
import { freePort } from './free-port.ts';
import { redisPrograms } from './redis-packages.ts';
import type { RedisServer, RedisVersion } from './redis-server.ts';
import { connectResp, type RespClient } from './resp-client.ts';

export interface SentinelOptions {
  /** `redis-7.0` by default. */
  readonly version?: RedisVersion;
  /** The watched masters by name. Those with a password need it in `masterPassword`. */
  readonly masters: Readonly<Record<string, RedisServer>>;
  readonly masterPassword?: string;
  /** So many replicas of each master it has to find well before it counts as ready. */
  readonly replicas?: number;
  /** Password of the sentinel itself. */
  readonly password?: string;
}

/** One sentinel. Disposing ends it. */
export interface Sentinel extends AsyncDisposable {
  readonly port: number;
  /** Replicas of `master` that it lists, ghosts too: `host:port`. */
  replicasOf(master: string): Promise<readonly string[]>;
  connect(): Promise<RespClient>;
}

/** Starts a sentinel that watches masters; it knows their replicas when this resolves. */
export async function startSentinel({
  version = 'redis-7.0',
  masters,
  masterPassword,
  replicas = 0,
  password,
}: SentinelOptions): Promise<Sentinel> {
  const { sentinel } = await redisPrograms(version);
  const daemons = openDaemons(`${version}-sentinel`);
  const port = await freePort();
  const connect = (): Promise<RespClient> =>
    connectResp({ port, ...(password === undefined ? {} : { password }) });
  /** What it says of each replica, as names and values. */
  const replicaFacts = async (master: string): Promise<readonly ReadonlyMap<string, string>[]> => {
    await using client = await connect();
    const list = (await client.call('SENTINEL', 'REPLICAS', master)) as readonly (readonly Buffer[])[];
    return list.map(
      (fields) =>
        new Map(fields.flatMap((name, at) => (at % 2 === 0 ? [[String(name), String(fields[at + 1])]] : []))),
    );
  };
  const fitReplicas = async (master: string): Promise<number> => {
    const isFit = (facts: ReadonlyMap<string, string>): boolean =>
      facts.get('flags') === 'slave' && facts.get('master-link-status') === 'ok';
    return (await replicaFacts(master)).filter(isFit).length;
  };
  try {
    const file = path.join(daemons.folder, 'sentinel.conf');
    const lines = Object.entries(masters).flatMap(([name, server]) => [
      `sentinel monitor ${name} 127.0.0.1 ${server.port} 1`,
      `sentinel down-after-milliseconds ${name} 30000`,
      ...(masterPassword === undefined ? [] : [`sentinel auth-pass ${name} ${masterPassword}`]),
    ]);
    const own = ['bind 127.0.0.1', `port ${port}`, `dir ${daemons.folder}`];
    if (password !== undefined) own.push(`requirepass ${password}`);
    writeFileSync(file, `${[...own, ...lines].join('\n')}\n`);
    const [program, ...args] = sentinel;
    daemons.start('sentinel', program, [...args, file, '--sentinel']);
    await daemons.ready(async () => {
      const known = await Promise.all(Object.keys(masters).map(fitReplicas));
      return known.every((fit) => fit >= replicas);
    });
  } catch (error) {
    await daemons[Symbol.asyncDispose]();
    throw error;
  }
  return {
    port,
    replicasOf: async (master) => (await replicaFacts(master)).map((facts) => facts.get('name') ?? ''),
    connect,
    [Symbol.asyncDispose]: () => daemons[Symbol.asyncDispose](),
  };
}
