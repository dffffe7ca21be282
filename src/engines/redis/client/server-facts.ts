import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import { type Address, addressText } from './address.ts';
import type { RedisConnection } from './connection.ts';
import { RedisError, replyText } from './reply.ts';

/** What a server says of itself in INFO. */
export interface ServerFacts {
  readonly family: 'redis' | 'valkey';
  /** `7.0.15`: of Valkey its own, not the one of Redis that it stands in for. */
  readonly version: string;
  readonly mode: 'standalone' | 'cluster';
  readonly role: 'master' | 'replica';
  /** Of a replica; true for a master. False also while it is being synchronized. */
  readonly hasMasterLink: boolean;
  /** Of a replica: its master. */
  readonly master: Address | null;
  /** Seconds since a replica heard from its master; null: not known. */
  readonly secondsSinceMaster: number | null;
  readonly replicationOffset: number;
  /** Of a master: replicas that are connected and up to date. Those of port 0 are readers like us. */
  readonly replicas: readonly Address[];
  readonly isLoading: boolean;
  readonly usedMemory: number;
  /** 0: no limit. */
  readonly maxMemory: number;
  readonly evictionPolicy: string;
  /** Of the machine; 0: not known. */
  readonly systemMemory: number;
  /** The logical databases that hold keys, in order. */
  readonly databases: readonly {
    readonly database: number;
    readonly keys: number;
    readonly expiring: number;
  }[];
  /** Fields of some hash expire by themselves, as far as the server tells (Valkey 9 does). */
  readonly hasExpiringFields: boolean;
  /** Names of loaded modules. */
  readonly modules: readonly string[];
  /** The server forked for a save or a rewrite, or loads a child's work. */
  readonly hasChild: boolean;
  /** All members of INFO, as the server spells them. */
  readonly info: ReadonlyMap<string, string>;
}

/** Asks a server for its facts. Throws classified errors: without INFO nobody knows what there is to read. */
export async function askFacts(connection: RedisConnection, signal: AbortSignal): Promise<ServerFacts> {
  const ask = async (...section: string[]): Promise<ServerFacts> =>
    factsOf(replyText(await connection.call(['INFO', ...section], signal)));
  try {
    const facts = await ask('everything');
    // Not every product knows the word.
    return facts.version === '' ? await ask() : facts;
  } catch (error) {
    if (error instanceof RedisError && error.code === 'NOPERM') {
      throw new AppError('database-privilege', {
        message: `The user may not ask the server ${addressText(connection.address)} for INFO, which tells version and number of keys.`,
        hint: 'ACL SETUSER name +info',
        operation: 'ask the server for its state',
      });
    }
    throw classifyRedisError(error, 'ask the server for its state', addressText(connection.address));
  }
}

/** @param text of INFO */
export function factsOf(text: string): ServerFacts {
  const info = new Map<string, string>();
  const modules: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const name = line.slice(0, colon);
    if (name === 'module') modules.push(/name=([^,]*)/.exec(line)?.[1] ?? '');
    else info.set(name, line.slice(colon + 1));
  }
  const number = (name: string): number => Number(info.get(name) ?? 0);
  const valkey = info.get('valkey_version');
  const isReplica = info.get('role') === 'slave';
  const masterHost = info.get('master_host');
  const seconds = info.get('master_last_io_seconds_ago');
  return {
    family: valkey === undefined ? 'redis' : 'valkey',
    version: valkey ?? info.get('redis_version') ?? '',
    mode:
      info.get('redis_mode') === 'cluster' || info.get('cluster_enabled') === '1' ? 'cluster' : 'standalone',
    role: isReplica ? 'replica' : 'master',
    hasMasterLink:
      !isReplica || (info.get('master_link_status') === 'up' && info.get('master_sync_in_progress') !== '1'),
    master: isReplica && masterHost !== undefined ? { host: masterHost, port: number('master_port') } : null,
    secondsSinceMaster: seconds === undefined ? null : Number(seconds),
    replicationOffset: number(isReplica ? 'slave_repl_offset' : 'master_repl_offset'),
    replicas: replicasOf(info),
    isLoading: info.get('loading') === '1',
    usedMemory: number('used_memory'),
    maxMemory: number('maxmemory'),
    evictionPolicy: info.get('maxmemory_policy') ?? '',
    systemMemory: number('total_system_memory'),
    databases: databasesOf(info),
    hasExpiringFields: [...info].some(
      ([name, value]) => /^db\d+$/.test(name) && /(?:^|,)keys_with_volatile_items=[1-9]/.test(value),
    ),
    modules,
    hasChild: ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress'].some((name) => info.get(name) === '1'),
    info,
  };
}

/** Whether the server is at least of this version: `[8, 0]`, or another of each family; a family without one is not. */
export function isAtLeast(
  facts: Pick<ServerFacts, 'family' | 'version'>,
  least: { readonly redis?: readonly [number, number]; readonly valkey?: readonly [number, number] },
): boolean {
  const wanted = least[facts.family];
  if (wanted === undefined) return false;
  const [major = 0, minor = 0] = facts.version.split('.').map(Number);
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}

/** `db0:keys=1,expires=0,avg_ttl=0` */
function databasesOf(info: ReadonlyMap<string, string>): ServerFacts['databases'] {
  const found = [...info].flatMap(([name, value]) => {
    const match = /^db(\d+)$/.exec(name);
    const keys = /(?:^|,)keys=(\d+)/.exec(value);
    if (match === null || keys === null) return [];
    const expiring = /(?:^|,)expires=(\d+)/.exec(value);
    return [{ database: Number(match[1]), keys: Number(keys[1]), expiring: Number(expiring?.[1] ?? 0) }];
  });
  return found.filter(({ keys }) => keys > 0).sort((a, b) => a.database - b.database);
}

/** `slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0` */
function replicasOf(info: ReadonlyMap<string, string>): readonly Address[] {
  return [...info].flatMap(([name, value]) => {
    if (!/^slave\d+$/.test(name)) return [];
    const member = (key: string): string => new RegExp(`(?:^|,)${key}=([^,]*)`).exec(value)?.[1] ?? '';
    const port = Number(member('port'));
    return port > 0 && member('state') === 'online' ? [{ host: member('ip'), port }] : [];
  });
}
