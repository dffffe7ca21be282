import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, type Random } from '../../../../test/harness/random.ts';
import * as rdb from '../../../../test/harness/rdb-bytes.ts';
import { AppError } from '../../../core/errors.ts';
import { commandsOf, type TargetTraits } from './commands.ts';
import { formatOf } from './format.ts';
import { readRdb } from './read-rdb.ts';
import { createRdbScanner } from './scan-rdb.ts';

/** FUZZ_RUNS=1000000 for a campaign; a failure is repeated with PUMPHOUSE_TEST_SEED. */
const runs = Number(process.env.FUZZ_RUNS ?? 2500);
/** Far above what a file of a few KB needs, far below what its lengths can claim. */
const mostMemory = 32 * 2 ** 20;

const node = rdb.listpack(2, 1, 1, 'f', 0, 2, 0, 0, 'v', 4, 3, 1, 1, 'gone', 4, 0, 5, 5, 1, 'own', 7, 6);
const stream = rdb.bytesOf(
  ...[rdb.length(1), rdb.string(rdb.streamId(5, 5)), rdb.string(node)],
  ...[
    rdb.length(2),
    rdb.length(10),
    rdb.length(10),
    rdb.length(5),
    rdb.length(5),
    rdb.length(6),
    rdb.length(6),
    rdb.length(3),
  ],
  ...[rdb.length(1), rdb.string('group'), rdb.length(10), rdb.length(0), rdb.length(2)],
  ...[rdb.length(1), rdb.streamId(5, 5), rdb.int64(1), rdb.length(1)],
  ...[rdb.length(1), rdb.string('consumer'), rdb.int64(1), rdb.int64(1), rdb.length(1), rdb.streamId(5, 5)],
);
const ziplist = Buffer.from('1700000013000000040000016102026263 04c02c01 04f5ff'.replaceAll(' ', ''), 'hex');
ziplist.writeUInt32LE(ziplist.length, 0);
const intset = rdb.bytesOf(Buffer.of(2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 9, 0));
const common: readonly Buffer[] = [
  rdb.entry(0, 'plain', rdb.string('hello')),
  rdb.entry(0, rdb.integer(-9, 1), rdb.integer(123_456, 4)),
  rdb.entry(0, rdb.lzf(Buffer.alloc(90, 'k')), rdb.lzf(Buffer.alloc(5000, 'z'))),
  rdb.entry(1, 'list', rdb.listOf('a', 'b', rdb.integer(3, 1))),
  rdb.entry(3, 'scores', rdb.length(2), rdb.string('m'), 3, '1.5', rdb.string('n'), 254),
  rdb.entry(4, 'hash', rdb.length(1), rdb.string('f'), rdb.string('v')),
  rdb.entry(5, 'zset', rdb.length(1), rdb.string('m'), rdb.double(1.5)),
  rdb.entry(7, 'module', rdb.length(2n ** 60n), 5, rdb.string('part'), 2, rdb.length(9), 0),
  rdb.entry(9, 'zipmap', rdb.string(rdb.bytesOf(1, 1, 'f', 1, 2, 'v', 0, 0, 255))),
  rdb.entry(10, 'ziplist', rdb.string(ziplist)),
  rdb.entry(11, 'intset', rdb.string(intset)),
  rdb.entry(14, 'quicklist', rdb.listOf(rdb.string(ziplist))),
  rdb.entry(16, 'packed', rdb.string(rdb.listpack('f', 1, 'g', 2n ** 40n))),
  rdb.entry(18, 'nodes', rdb.length(2), 1, rdb.string('plain'), 2, rdb.lzf(rdb.listpack('x'.repeat(100)))),
  rdb.entry(21, 'stream', stream),
];
const head = [
  rdb.aux('redis-ver', '8.0.0'),
  [245, rdb.string('#!lua')],
  rdb.select(0),
  251,
  rdb.length(9),
  rdb.length(0),
];
const timed = [252, rdb.int64(2 ** 41), 249, 7];
const samples: readonly Buffer[] = [
  rdb.rdbFile(
    ...(['REDIS0012', ...head, timed, ...common] as const),
    rdb.entry(24, 'times', rdb.int64(9), rdb.length(1), rdb.length(3), rdb.string('f'), rdb.string('v')),
    rdb.entry(25, 'packed times', rdb.int64(9), rdb.string(rdb.listpack('f', 'v', 9))),
    rdb.select(2),
    rdb.entry(0, 'last', rdb.string('x')),
  ),
  rdb.rdbFile(
    ...(['VALKEY080', ...head, [243, rdb.string('job'), rdb.length(1), 1, 2], ...common, timed] as const),
    rdb.entry(22, 'times', rdb.length(1), rdb.string('f'), rdb.string('v'), rdb.int64(99)),
  ),
];

/** Bytes that make lengths, marks and forms of strings. */
const notable = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xc4, 0xf0, 0xf4, 0xfc, 0xfe, 0xff];
const pick = <T>(random: Random, list: readonly T[]): T => list[random.between(0, list.length - 1)] as T;

function mutated(bytes: Buffer, random: Random): Buffer {
  const at = random.between(0, bytes.length - 1);
  const end = Math.min(bytes.length, at + random.between(1, 12));
  const before = bytes.subarray(0, at);
  switch (random.between(0, 6)) {
    case 0:
      return rdb.bytesOf(before, (bytes[at] as number) ^ (1 << random.between(0, 7)), bytes.subarray(at + 1));
    case 1:
      return rdb.bytesOf(before, pick(random, notable), bytes.subarray(at + 1));
    case 2:
      return rdb.bytesOf(before, bytes.subarray(end));
    case 3:
      return rdb.bytesOf(bytes.subarray(0, end), bytes.subarray(at));
    case 4:
      return rdb.bytesOf(
        before,
        rdb.length(2n ** BigInt(random.between(6, 63)) - 1n),
        bytes.subarray(at + 1),
      );
    case 5:
      return rdb.bytesOf(
        before,
        0xc3,
        rdb.length(random.between(1, 20)),
        rdb.length(2n ** BigInt(random.between(1, 40))),
        bytes.subarray(at),
      );
    default:
      return Buffer.from(before);
  }
}

/** With the checksum of its bytes: what a hostile writer would give. */
function summed(bytes: Buffer): Buffer {
  return bytes.length < 18 ? bytes : rdb.rdbFile('', bytes.subarray(0, -9));
}

interface Outcome {
  readonly error: unknown;
  readonly entries: ReadonlyMap<number, number>;
}

async function outcomeOf(bytes: Buffer, chunks: readonly number[], largeBytes: number): Promise<Outcome> {
  const target: TargetTraits = { family: 'redis', version: '8.0.0', rdbVersion: 12 };
  const format = formatOf(
    bytes.subarray(0, 9).toString('latin1') === 'VALKEY080' ? 'VALKEY080' : 'REDIS0012',
  );
  try {
    const { entries } = await readRdb(
      rdb.inChunks(bytes, chunks),
      {
        entry(entry) {
          if (entry.type !== 7)
            for (const command of commandsOf(entry, format, target)) assert.ok(command.length > 1);
        },
        async large(_entry, value) {
          for await (const part of value.kind === 'string' ? value.pieces : value.commands)
            assert.ok(part.length > 0);
        },
      },
      { fragment: null, signal: new AbortController().signal, largeBytes, target },
    );
    return { error: null, entries };
  } catch (error) {
    return { error, entries: new Map() };
  }
}

function scanned(bytes: Buffer, chunk: number): ReturnType<typeof createRdbScanner> | null {
  const scanner = createRdbScanner();
  try {
    for (let at = 0; at < bytes.length; at += chunk) scanner.push(bytes.subarray(at, at + chunk));
    scanner.assertEnd();
    return scanner;
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return null;
  }
}

test('the files that are changed are right before', async () => {
  for (const sample of samples) {
    for (const largeBytes of [64, 2 ** 25])
      assert.equal((await outcomeOf(sample, [100], largeBytes)).error, null);
  }
});

test('files with anything in them end well or with an error of ours', async (t) => {
  const random = createRandom();
  t.diagnostic(`seed ${random.seed}`);
  let accepted = 0;
  for (let run = 0; run < runs; run++) {
    const original = pick(random, samples);
    let bytes: Buffer = original;
    for (let left = random.between(1, 4); left > 0 && bytes.length > 0; left--)
      bytes = mutated(bytes, random);
    const isSummed = random.next() < 0.6;
    if (isSummed) bytes = summed(bytes);
    const what = `run ${run} of seed ${random.seed}: ${bytes.toString('hex')}`;
    const chunks = [random.between(1, 40), random.between(1, 4000)];
    const before = process.memoryUsage().arrayBuffers;
    const { error, entries } = await outcomeOf(bytes, chunks, random.next() < 0.5 ? 64 : 2 ** 25);
    assert.ok(process.memoryUsage().arrayBuffers - before < mostMemory, `memory: ${what}`);
    if (error === null) {
      accepted += 1;
      const zeros = bytes.subarray(-8).every((byte) => byte === 0);
      assert.ok(isSummed || zeros || bytes.equals(original), `accepted with a wrong checksum: ${what}`);
      const scanner = scanned(bytes, random.between(1, 100));
      for (const [database, count] of entries) assert.equal(scanner?.keysIn(database), count, what);
    } else {
      assert.ok(
        error instanceof AppError,
        `${error instanceof Error ? error.stack : String(error)}\n${what}`,
      );
      assert.match(error.code, /^(dump-damaged|dump-truncated|unsupported)$/, what);
      scanned(bytes, random.between(1, 100));
    }
  }
  assert.ok(accepted > 0, 'no run got as far as to the end');
});
