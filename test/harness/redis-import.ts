import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { WriteUnit } from '../../src/engines/engine.ts';
import { parseRedisUrl } from '../../src/engines/redis/database-url.ts';
import { openRedisTarget } from '../../src/engines/redis/target/target-session.ts';
import { recordingContext } from './recording-context.ts';
import type { RedisServer } from './redis-server.ts';
import type { RespArgument, RespReply } from './resp-client.ts';

/** The RDB file that a server writes of its data as they are. */
export async function rdbOf(server: RedisServer): Promise<Buffer> {
  await server.call('SAVE');
  return await readFile(path.join(server.folder, 'dump.rdb'));
}

/** Runs commands in a logical database. */
export async function fill(
  server: RedisServer,
  commands: Iterable<readonly RespArgument[]>,
  database = 0,
): Promise<readonly RespReply[]> {
  await using client = await server.connect();
  await client.call('SELECT', database);
  const replies = await client.pipeline(commands);
  const failed = replies.find((reply) => reply instanceof Error);
  if (failed !== undefined) throw failed;
  return replies;
}

/** What a whole RDB file has of one logical database, as a unit. */
export const fileUnit = (
  rdb: Uint8Array,
  rows: number,
  { database = 0, ...options }: Partial<WriteUnit> & { readonly database?: number } = {},
): WriteUnit => ({
  key: `data/${database}`,
  table: { schema: `db${database}`, name: 'keys' },
  columns: ['key', 'type', 'ttl', 'value'],
  encoding: 'rdb',
  variant: `${Buffer.from(rdb.subarray(0, 9)).toString('latin1')}/file/${database}`,
  rows,
  wholeTable: true,
  ...options,
});

/** The same bytes in pieces of `size`, each in memory of its own, as storages give them. */
export async function* inPieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield new Uint8Array(bytes.subarray(at, at + size));
}

/** A target that is open, with a job begun in it. Disposing forgets the job. */
export async function openImport(url: string, jobId = 'job-1') {
  const context = recordingContext();
  const session = await openRedisTarget(parseRedisUrl(url), context);
  await session.begin(jobId, 2, context);
  return {
    session,
    context,
    /** Writes a file's entries of one logical database. */
    write: (rdb: Uint8Array, unit: WriteUnit) => session.write(unit, inPieces(rdb), context),
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
    },
  };
}

/** All keys of a logical database but those of imports, with the digests of their values and moments of expiry. */
export async function contentOf(
  server: RedisServer,
  database = 0,
): Promise<Readonly<Record<string, string>>> {
  await using client = await server.connect();
  await client.call('SELECT', database);
  const names = (await client.call('KEYS', '*')) as readonly Buffer[];
  const kept = names.filter((name) => !name.toString().startsWith('__pumphouse:'));
  const digests = await client.pipeline(kept.map((name) => ['DEBUG', 'DIGEST-VALUE', name]));
  const expiries = await client.pipeline(kept.map((name) => ['PEXPIRETIME', name]));
  const pairs = kept.map((name, at): [string, string] => [
    name.toString('latin1'),
    `${String(digests[at])} ${String(expiries[at])}`,
  ]);
  return Object.fromEntries(pairs.sort(([one], [other]) => (one < other ? -1 : 1)));
}
