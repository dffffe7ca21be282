import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as rdb from '../../../../test/harness/rdb-bytes.ts';
import { commandsOf, type TargetTraits } from './commands.ts';
import { formatOf } from './format.ts';
import { type LargeValue, type RdbEntry, readRdb } from './read-rdb.ts';
import { createRdbScanner } from './scan-rdb.ts';
import { isOneString } from './value-types.ts';
import { createRdbWriter, entryHeadBytes } from './write-rdb.ts';

const runs = Number(process.env.RDB_RUNS ?? 150);
const target: TargetTraits = { family: 'redis', version: '8.0.0', rdbVersion: 12 };
const format = formatOf('REDIS0012');
const { signal } = new AbortController();

/** A string in one of the forms that servers write. */
const string = fc
  .tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(300), fc.integer(), fc.nat(5))
  .map(([bytes, repeated, number, form]) => {
    if (form === 0) return rdb.integer(number, 4);
    if (form === 1) return rdb.integer((number << 24) >> 24, 1);
    const longer = Buffer.concat([bytes, Buffer.alloc(repeated, bytes[0] ?? 0)]);
    return form === 2 && longer.length > 0 ? rdb.lzf(longer) : rdb.string(form === 3 ? longer : bytes);
  });
const element = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const score = fc.double({ noNaN: true }).map(rdb.double);
const counted = <T>(item: fc.Arbitrary<T>, write: (item: T) => rdb.Part): fc.Arbitrary<Buffer> =>
  fc
    .array(item, { maxLength: 40 })
    .map((items) => rdb.bytesOf(rdb.length(items.length), ...items.map(write)));
const listpack = (perItem: number): fc.Arbitrary<Buffer> =>
  fc
    .array(fc.array(element, { minLength: perItem, maxLength: perItem }), { minLength: 1, maxLength: 30 })
    .map((items) => rdb.string(rdb.listpack(...items.flat())));

/** Type and body of a value that could be. */
const value: fc.Arbitrary<readonly [type: number, body: Buffer]> = fc.oneof(
  string.map((body) => [0, body] as const),
  counted(string, (each) => each).map((body) => [1, body] as const),
  counted(string, (each) => each).map((body) => [2, body] as const),
  counted(fc.tuple(string, string), (each) => each).map((body) => [4, body] as const),
  counted(fc.tuple(string, score), (each) => each).map((body) => [5, body] as const),
  listpack(2).map((body) => [16, body] as const),
  listpack(2).map((body) => [17, body] as const),
  listpack(1).map((body) => [20, body] as const),
  counted(listpack(1), (each) => [2, each]).map((body) => [18, body] as const),
  counted(fc.tuple(fc.nat(), string, string), ([time, ...pair]) => [rdb.length(time), pair]).map(
    (body) => [24, rdb.bytesOf(rdb.int64(7), body)] as const,
  ),
);
const key = fc.uint8Array({ maxLength: 100 });
const expiry = fc.oneof(fc.constant(-1), fc.nat(2 ** 31), fc.integer({ min: 2 ** 32, max: 2 ** 44 }));
const entries = fc.array(fc.tuple(fc.nat(3), key, expiry, value), { maxLength: 25 });
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 400 })), {
  minLength: 1,
  maxLength: 6,
});

type Sample = readonly (readonly [
  database: number,
  key: Uint8Array,
  expireAt: number,
  value: readonly [number, Buffer],
])[];

function written(sample: Sample): Buffer {
  const writer = createRdbWriter(format);
  const parts: Uint8Array[] = [];
  const put = (bytes: Uint8Array): void => {
    parts.push(bytes);
    writer.crc.add(bytes);
  };
  put(writer.header({ 'redis-ver': '8.0.0' }));
  let current = -1;
  for (const [database, name, expireAt, [type, body]] of sample) {
    if (database !== current) put(writer.selectDatabase(database, sample.length));
    current = database;
    const head = Buffer.alloc(entryHeadBytes(name.length));
    put(head.subarray(0, writer.entryHead(head, 0, name, expireAt, type)));
    put(body);
  }
  return Buffer.concat([...parts, writer.end()]);
}

const lineOf = (
  database: number,
  name: Uint8Array,
  expireAt: number,
  type: number,
  body: Uint8Array,
): string =>
  [database, Buffer.from(name).toString('hex'), expireAt, type, Buffer.from(body).toString('hex')].join(' ');

test('what the writer wrote is what the reader reads, in chunks of any sizes', async () => {
  await fc.assert(
    fc.asyncProperty(entries, sizes, async (sample, chunks) => {
      const file = written(sample);
      const seen: string[] = [];
      const summary = await readRdb(
        rdb.inChunks(file, chunks),
        {
          entry: (entry) =>
            seen.push(lineOf(entry.database, entry.key, entry.expireAt, entry.type, entry.body)),
        },
        { fragment: null, signal },
      );
      assert.deepEqual(
        seen,
        sample.map(([database, name, expireAt, [type, body]]) =>
          lineOf(database, name, expireAt, type, body),
        ),
      );
      assert.equal(summary.checksum, 'right');
      const scanner = createRdbScanner();
      for await (const chunk of rdb.inChunks(file, chunks)) scanner.push(chunk);
      scanner.assertEnd();
      for (const [database, count] of summary.entries) assert.equal(scanner.keysIn(database), count);
    }),
    { numRuns: runs },
  );
});

const texts = (command: readonly Uint8Array[]): string =>
  command.map((argument) => Buffer.from(argument).toString('hex')).join(' ');

/** What a large value comes as, like {@link lineOf} or the commands. */
async function taken(entry: RdbEntry, large: LargeValue, most: number): Promise<string[]> {
  const lines: string[] = [];
  if (large.kind === 'commands') {
    for await (const command of large.commands) if (lines.push(texts(command)) >= most) break;
    return lines;
  }
  const pieces: Buffer[] = [];
  for await (const piece of large.pieces) if (pieces.push(Buffer.from(piece)) >= most) return [];
  const body = Buffer.concat(pieces);
  assert.equal(body.length, large.bodyBytes);
  return [lineOf(entry.database, entry.key, entry.expireAt, entry.type, body)];
}

test('large values come as commands or in pieces, and nothing is lost behind one that is left half read', async () => {
  await fc.assert(
    fc.asyncProperty(entries, sizes, fc.boolean(), async (sample, chunks, isLeft) => {
      const seen: string[] = [];
      const most = isLeft ? 1 : Number.POSITIVE_INFINITY;
      await readRdb(
        rdb.inChunks(written(sample), chunks),
        {
          entry: (entry) =>
            seen.push(lineOf(entry.database, entry.key, entry.expireAt, entry.type, entry.body)),
          large: async (entry, large) => {
            const lines = await taken(entry, large, most);
            seen.push(...(isLeft ? ['large'] : lines));
          },
        },
        { fragment: null, signal, largeBytes: 64, target },
      );
      const expected = sample.flatMap(([database, name, expireAt, [type, body]]) => {
        const line = lineOf(database, name, expireAt, type, body);
        if (body.length <= 64) return [line];
        if (isLeft) return ['large'];
        if (isOneString(type)) return [line];
        const entry = { database, key: name, type, expireAt, idle: -1, frequency: -1, body };
        return [...commandsOf(entry, format, target)].map(texts);
      });
      assert.deepEqual(seen, expected);
    }),
    { numRuns: runs },
  );
});

test('a value of many commands of which only the first is taken', async () => {
  const fields = Array.from({ length: 3000 }, (_, at) =>
    rdb.bytesOf(rdb.string(`field ${at}`), rdb.string('v')),
  );
  const hash = rdb.entry(4, 'hash', rdb.length(fields.length), ...fields);
  const file = rdb.rdbFile('REDIS0012', rdb.select(0), hash, rdb.entry(0, 'behind', rdb.string('x')));
  for (const chunk of [100, 10_000, file.length]) {
    const seen: string[] = [];
    await readRdb(
      rdb.inChunks(file, [chunk]),
      {
        entry: ({ key: name }) => seen.push(Buffer.from(name).toString()),
        async large({ key: name }, large) {
          seen.push(Buffer.from(name).toString());
          await taken({} as RdbEntry, large, 1);
        },
      },
      { fragment: null, signal, largeBytes: 64, target },
    );
    assert.deepEqual(seen, ['hash', 'behind']);
  }
});
