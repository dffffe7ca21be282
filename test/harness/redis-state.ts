import type { RedisServer } from './redis-server.ts';
import type { RespClient, RespReply } from './resp-client.ts';

/** What a key holds: everything that must survive a move, binary as latin-1 text. */
export interface KeyState {
  readonly type: string;
  /** Milliseconds since 1970; -1: it does not expire. */
  readonly expiresAt: number;
  readonly value: unknown;
}

/** By logical database, then by key as latin-1 text. */
export type RedisState = Readonly<Record<string, Readonly<Record<string, KeyState>>>>;

export interface StateOptions {
  /** Field TTLs are asked for where the server knows them; false: not even then. */
  readonly fieldTtls?: boolean;
  /** When consumers of streams were last seen and active; false where the target has no way of being told (before Redis 7.2). */
  readonly consumerTimes?: boolean;
}

/** Reads all keys with the commands of their types, and nothing that shares code with the engine. Keys past their time are not there. */
export async function redisState(
  server: Pick<RedisServer, 'connect'>,
  { fieldTtls = true, consumerTimes = true }: StateOptions = {},
): Promise<RedisState> {
  await using client = await server.connect();
  const keyspace = String(await client.call('INFO', 'keyspace'));
  const databases = [...keyspace.matchAll(/^db(\d+):/gm)].map(([, number]) => Number(number));
  const state: Record<string, Record<string, KeyState>> = {};
  for (const database of databases) {
    if (databases.length > 1 || database !== 0) await client.call('SELECT', database);
    const keys = await allKeys(client);
    const types = await client.pipeline(keys.map((key) => ['TYPE', key]));
    const times = await client.pipeline(keys.map((key) => ['PEXPIRETIME', key]));
    const values: Record<string, KeyState> = {};
    for (const [at, key] of keys.entries()) {
      const type = String(types[at]);
      // It has expired since the scan.
      if (type === 'none') continue;
      values[key.toString('latin1')] = {
        type,
        expiresAt: Number(times[at]),
        value: await readValue(client, key, type, { fieldTtls, consumerTimes }),
      };
    }
    if (Object.keys(values).length > 0) state[`db${database}`] = sorted(values);
  }
  return state;
}

/** The function libraries: their names and sources. */
export async function redisFunctions(server: Pick<RedisServer, 'call'>): Promise<readonly string[]> {
  const list = (await server.call('FUNCTION', 'LIST', 'WITHCODE')) as readonly RespReply[];
  return list.map((library) => String(asRecord(library).library_code)).sort();
}

/** All keys of the selected logical database. */
export async function allKeys(client: RespClient): Promise<readonly Buffer[]> {
  const keys = new Map<string, Buffer>();
  let cursor = '0';
  do {
    const [next, page] = (await client.call('SCAN', cursor, 'COUNT', 1000)) as [Buffer, Buffer[]];
    for (const key of page) keys.set(key.toString('latin1'), key);
    cursor = String(next);
  } while (cursor !== '0');
  return [...keys.values()];
}

async function readValue(
  client: RespClient,
  key: Buffer,
  type: string,
  { fieldTtls, consumerTimes }: Required<StateOptions>,
): Promise<unknown> {
  switch (type) {
    case 'string':
      return plain(await client.call('GET', key));
    case 'list':
      return plain(await client.call('LRANGE', key, 0, -1));
    case 'set':
      return (plain(await client.call('SMEMBERS', key)) as readonly string[]).toSorted();
    case 'zset':
      // Servers print one number in different ways.
      return pairs(plain(await client.call('ZRANGE', key, 0, -1, 'WITHSCORES'))).map(
        ([member, score]) => [member, scoreOf(score)] as const,
      );
    case 'hash': {
      const fields = pairs(plain(await client.call('HGETALL', key)));
      return { fields, ttls: fieldTtls ? await fieldTimes(client, key, fields) : [] };
    }
    case 'stream':
      return streamState(await client.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0), consumerTimes);
    default:
      throw new Error(`A key of the type ${type} is not known to the tests.`);
  }
}

/** When the fields of a hash expire; nothing where the server knows no such thing, or no field does. */
async function fieldTimes(
  client: RespClient,
  key: Buffer,
  fields: readonly (readonly [string, string])[],
): Promise<readonly (readonly [string, number])[]> {
  const names = fields.map(([name]) => Buffer.from(name, 'latin1'));
  const [times] = await client.pipeline([['HPEXPIRETIME', key, 'FIELDS', names.length, ...names]]);
  if (times instanceof Error) return [];
  return (times as readonly number[]).flatMap((time, at) =>
    time < 0 ? [] : [[fields[at]?.[0] ?? '', time] as const],
  );
}

/** Without how the server lays it out in memory. */
function streamState(info: RespReply, consumerTimes: boolean): unknown {
  const state = plain(asRecord(info, true)) as Record<string, unknown>;
  for (const name of Object.keys(state)) if (name.startsWith('radix-tree')) delete state[name];
  if (!consumerTimes) {
    for (const group of state.groups as { consumers: Record<string, unknown>[] }[])
      for (const consumer of group.consumers) {
        delete consumer['seen-time'];
        delete consumer['active-time'];
      }
  }
  return state;
}

/** Names and values in turn, as an object; deep: those inside of lists too. */
function asRecord(reply: RespReply, deep = false): Record<string, unknown> {
  const items = reply as readonly RespReply[];
  const record: Record<string, unknown> = {};
  for (let at = 0; at < items.length; at += 2) {
    const value = items[at + 1] as RespReply;
    const isListOfRecords =
      deep && Array.isArray(value) && ['groups', 'consumers'].includes(String(items[at]));
    record[String(items[at])] = isListOfRecords
      ? (value as readonly RespReply[]).map((each) => asRecord(each, true))
      : value;
  }
  return record;
}

/** Bytes as latin-1 text, all the way down. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object' && !(value instanceof Error))
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
  return value;
}

const scoreOf = (text: string): number =>
  /inf/.test(text) ? Number(text.replace('inf', 'Infinity')) : Number(text);

/** Sorted by the first of each pair. */
function pairs(flat: unknown): readonly (readonly [string, string])[] {
  const items = flat as readonly string[];
  return Array.from(
    { length: items.length / 2 },
    (_, at) => [items[2 * at] ?? '', items[2 * at + 1] ?? ''] as const,
  ).sort(([a], [b]) => (a < b ? -1 : 1));
}

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
