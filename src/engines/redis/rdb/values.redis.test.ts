import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inChunks } from '../../../../test/harness/rdb-bytes.ts';
import { redisCampaign } from '../../../../test/harness/redis-campaign.ts';
import { danglingStream, fillWithEverything, hasFieldTtls } from '../../../../test/harness/redis-sample.ts';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import { type RedisState, redisState } from '../../../../test/harness/redis-state.ts';
import type { RespArgument } from '../../../../test/harness/resp-client.ts';
import { canRestore, commandsOf, type TargetTraits } from './commands.ts';
import type { RdbFormat } from './format.ts';
import { dumpVersion, payloadBytes, writePayload } from './payload.ts';
import { type RdbEntry, type RdbVisitor, type ReadSummary, readRdb } from './read-rdb.ts';
import { createRdbScanner } from './scan-rdb.ts';

/**
 * Every type and encoding that real servers write, out of their own RDB: written by commands, and by RESTORE, into each other server, and
 * compared there by what the commands of the types tell.
 */

const signal = new AbortController().signal;
const servers = new Map<string, RedisServer>();

before(async () => {
  await Promise.all(
    redisCampaign.versions.map(async (version) => servers.set(version, await startRedis({ version }))),
  );
});
after(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
});

const serverOf = (version: string): RedisServer => servers.get(version) as RedisServer;

async function traitsOf(server: RedisServer): Promise<TargetTraits> {
  await server.call('SET', 'probe', 'x');
  const payload = (await server.call('DUMP', 'probe')) as Buffer;
  await server.call('DEL', 'probe');
  const [family = '', version = ''] = server.version.split('-');
  return {
    family: family as TargetTraits['family'],
    version: `${version}.0`,
    rdbVersion: dumpVersion(payload),
  };
}

/** Writes the RDB of a server that holds everything; the server is empty afterwards. */
async function savedSample(
  server: RedisServer,
): Promise<{ readonly bytes: Buffer; readonly state: RedisState }> {
  await server.call('FLUSHALL');
  await fillWithEverything(server);
  await server.call('DEL', danglingStream);
  const state = await redisState(server, { consumerTimes: false });
  await server.call('SAVE');
  return { bytes: readFileSync(path.join(server.folder, 'dump.rdb')), state };
}

type Commands = (readonly RespArgument[])[];

/** Reads the RDB, and turns what it holds into commands. */
async function replay(
  bytes: Uint8Array,
  chunks: readonly number[],
  target: TargetTraits,
  largeBytes: number,
  write: (entry: RdbEntry, commands: Commands) => void,
): Promise<{ readonly commands: Commands; readonly summary: ReadSummary }> {
  const commands: Commands = [];
  const expiry = ({ key, expireAt }: RdbEntry): void => {
    if (expireAt >= 0) commands.push(['PEXPIREAT', Buffer.from(key), expireAt]);
  };
  const visitor: RdbVisitor = {
    database: (database) => commands.push(['SELECT', database]),
    entry(entry) {
      write(entry, commands);
      expiry(entry);
    },
    async large(entry, value) {
      if (value.kind === 'commands') {
        for await (const command of value.commands) commands.push([...command]);
      } else {
        const pieces: Buffer[] = [];
        for await (const piece of value.pieces) pieces.push(Buffer.from(piece));
        const body = Buffer.concat(pieces);
        assert.equal(body.length, value.bodyBytes);
        commands.push(restore({ ...entry, body }, target.rdbVersion));
      }
      expiry(entry);
    },
  };
  const summary = await readRdb(inChunks(bytes, chunks), visitor, {
    fragment: null,
    largeBytes,
    target,
    signal,
  });
  return { commands, summary };
}

function restore({ key, type, body }: RdbEntry, version: number): readonly RespArgument[] {
  const payload = Buffer.alloc(payloadBytes(body.length));
  assert.equal(writePayload(payload, 0, type, body, version), payload.length);
  return ['RESTORE', Buffer.from(key), 0, payload];
}

async function run(server: RedisServer, commands: Commands): Promise<void> {
  await using client = await server.connect();
  await client.call('FLUSHALL');
  const replies = await client.pipeline(commands);
  const refused = replies.findIndex((reply) => reply instanceof Error);
  if (refused >= 0) assert.fail(`${commands[refused]?.slice(0, 3).join(' ')}: ${replies[refused]}`);
}

/** Scores as numbers: servers write them with different digits. Without field times for servers that have none. */
function comparable(state: RedisState, hasFieldTimes: boolean): unknown {
  return JSON.parse(JSON.stringify(state), (name, value) => {
    if (name === 'ttls' && !hasFieldTimes) return [];
    if (value?.type !== 'zset') return value;
    const pairs = value.value as [string, string][];
    return { ...value, value: pairs.map(([member, score]) => [member, String(Number(score))]) };
  });
}

for (const from of redisCampaign.versions) {
  describe(`an RDB of ${from}`, () => {
    let bytes: Buffer;
    let state: RedisState;
    let format: RdbFormat;
    before(async () => {
      ({ bytes, state } = await savedSample(serverOf(from)));
      const scanner = createRdbScanner();
      scanner.push(bytes);
      scanner.assertEnd();
      format = scanner.format as RdbFormat;
    });

    test('is looked through to its end', () => {
      const scanner = createRdbScanner();
      for (let at = 0; at < bytes.length; at += 1000) scanner.push(bytes.subarray(at, at + 1000));
      assert.equal(scanner.checksum, 'right');
      assert.equal(scanner.position, bytes.length);
      for (const [database, keys] of Object.entries(state)) {
        assert.equal(scanner.keysIn(Number(database.slice(2))), Object.keys(keys).length, database);
      }
      assert.equal(scanner.functions, 2);
      assert.equal(scanner.aux.has('used-mem'), true);
    });

    for (const to of redisCampaign.versions) {
      const hasFieldTimes = hasFieldTtls({ version: to });
      const expected = (): unknown => comparable(state, hasFieldTimes);
      const actual = async (): Promise<unknown> =>
        comparable(await redisState(serverOf(to), { consumerTimes: false }), hasFieldTimes);

      test(`goes into ${to} by commands`, async () => {
        const target = await traitsOf(serverOf(to));
        const { commands, summary } = await replay(bytes, [70_000], target, 2 ** 30, (entry, made) => {
          for (const command of commandsOf(entry, format, target)) {
            made.push(command.map((argument) => Buffer.from(argument)));
          }
        });
        assert.equal(summary.checksum, 'right');
        await run(serverOf(to), commands);
        assert.deepEqual(await actual(), expected());
      });

      test(`goes into ${to} as it is, as far as that server knows the types`, async () => {
        const target = await traitsOf(serverOf(to));
        const refused: RdbEntry[] = [];
        const { commands } = await replay(bytes, [997], target, 2 ** 30, (entry, made) => {
          const own = { ...entry, key: Buffer.from(entry.key), body: Buffer.from(entry.body) };
          if (canRestore(entry.type, format, target)) {
            made.push(restore(own, target.rdbVersion));
            return;
          }
          refused.push(own);
          for (const command of commandsOf(own, format, target)) made.push(command);
        });
        for (const entry of refused) {
          await assert.rejects(
            serverOf(to).call(...restore({ ...entry, key: Buffer.from('probe') }, target.rdbVersion)),
            /Bad data format/,
          );
        }
        await run(serverOf(to), commands);
        assert.deepEqual(await actual(), expected());
      });

      test(`goes into ${to} when every value is too large to be held`, async () => {
        const target = await traitsOf(serverOf(to));
        const { commands } = await replay(bytes, [1, 7, 100, 5_000, 300_000], target, 64, (entry, made) => {
          assert.equal(entry.body.length <= 64, true);
          for (const command of commandsOf(entry, format, target)) {
            made.push(command.map((argument) => Buffer.from(argument)));
          }
        });
        await run(serverOf(to), commands);
        assert.deepEqual(await actual(), expected());
      });
    }
  });
}
