import fc from 'fast-check';
import type { RedisServer } from '../harness/redis-server.ts';
import type { RespArgument } from '../harness/resp-client.ts';

type Command = readonly RespArgument[];

/** One key with its value: the commands that make it, given its name. */
interface Value {
  readonly commands: (key: Uint8Array) => readonly Command[];
}

/** Bytes of many kinds: empty, numbers, text that compresses, noise, lengths around the limits of the encodings. */
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((number) => Buffer.from(String(number))),
  fc.constantFrom(0, 1, 20, 63, 64, 65, 1000, 16383, 16384).map((length) => Buffer.alloc(length, 'ab')),
  fc.uint8Array({ minLength: 60, maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => Buffer.from(text)),
);
const score = fc.oneof(fc.double({ noNaN: true }), fc.integer()).map((number) => {
  if (number === Infinity) return '+inf';
  return number === -Infinity ? '-inf' : String(number);
});
/** Small ones stay packed, larger ones become tables and nodes. */
const many = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.array(item, { minLength: 1, maxLength: 20 }) },
    { weight: 1, arbitrary: fc.array(item, { minLength: 130, maxLength: 600 }) },
  );

const stream: fc.Arbitrary<Value> = fc
  .record({
    entries: many(fc.array(bytes, { minLength: 1, maxLength: 3 })),
    step: fc.integer({ min: 1, max: 1000 }),
    deleted: fc.array(fc.nat(600), { maxLength: 10 }),
    read: fc.array(
      fc.record({ consumer: fc.constantFrom('alice', 'bob'), count: fc.integer({ min: 1, max: 20 }) }),
      { maxLength: 4 },
    ),
    acknowledged: fc.array(fc.nat(30), { maxLength: 5 }),
  })
  .map(({ entries, step, deleted, read, acknowledged }) => ({
    commands: (key) => {
      const id = (at: number): string => `${1 + at * step}-${at % 3}`;
      const gone = deleted.filter((at) => at < entries.length - 1).map(id);
      return [
        ...entries.map(
          (values, at): Command => [
            'XADD',
            key,
            id(at),
            ...values.flatMap((value, field) => [`field${field % 2}`, value]),
          ],
        ),
        ...gone.map((each): Command => ['XDEL', key, each]),
        ['XGROUP', 'CREATE', key, 'group', 0],
        ...read.map(
          ({ consumer, count }): Command => [
            'XREADGROUP',
            'GROUP',
            'group',
            consumer,
            'COUNT',
            count,
            'STREAMS',
            key,
            '>',
          ],
        ),
        ...acknowledged.map((at): Command => ['XACK', key, 'group', id(at)]),
      ];
    },
  }));

const value: fc.Arbitrary<Value> = fc.oneof(
  bytes.map((text) => ({ commands: (key: Uint8Array) => [['SET', key, text]] })),
  many(bytes).map((items) => ({ commands: (key: Uint8Array) => [['RPUSH', key, ...items]] })),
  many(bytes).map((items) => ({ commands: (key: Uint8Array) => [['SADD', key, ...items]] })),
  many(fc.integer()).map((items) => ({ commands: (key: Uint8Array) => [['SADD', key, ...items]] })),
  many(fc.tuple(score, bytes)).map((items) => ({
    commands: (key: Uint8Array) => [['ZADD', key, ...items.flat()]],
  })),
  many(fc.tuple(bytes, bytes)).map((items) => ({
    commands: (key: Uint8Array) => [['HSET', key, ...items.flat()]],
  })),
  stream,
);

/** A database: its keys, each of a logical database, with a value and maybe the time when it expires. */
export const redisDatabase = fc.array(
  fc.record({
    key: bytes,
    database: fc.constantFrom(0, 0, 1, 15),
    value,
    expiresAt: fc.option(fc.integer({ min: Date.UTC(2090, 0, 1), max: Date.UTC(2190, 0, 1) }), { nil: null }),
  }),
  { minLength: 1, maxLength: 30 },
);
type RedisDatabase = typeof redisDatabase extends fc.Arbitrary<infer T> ? T : never;

/** Empties the server and makes the keys. Of several with one name the last one counts. */
export async function fillWith(server: RedisServer, database: RedisDatabase): Promise<void> {
  await using client = await server.connect();
  const commands: Command[] = [['FLUSHALL']];
  for (const {
    key,
    database: number,
    value: { commands: make },
    expiresAt,
  } of database) {
    commands.push(['SELECT', number], ['DEL', key], ...make(key));
    if (expiresAt !== null) commands.push(['PEXPIREAT', key, expiresAt]);
  }
  for (const answer of await client.pipeline(commands)) if (answer instanceof Error) throw answer;
}
