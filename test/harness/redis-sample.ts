import type { RedisServer } from './redis-server.ts';
import type { RespArgument } from './resp-client.ts';

type Command = readonly RespArgument[];

/** A stream whose group has a pending entry that is not there any more. */
export const danglingStream = 'stream:dangling';

/** Times that lie far enough ahead for any test, apart from each other and above 2^31. */
const expiresAt = (at: number): number => Date.UTC(2100, 0, 1) + at * 1000 + 7;

const numbered = (count: number, item: (at: number) => RespArgument): readonly RespArgument[] =>
  Array.from({ length: count }, (_, at) => item(at));

/** Bytes that neither compress nor repeat. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export const functionLibrary = (name: string, answer = 1): string =>
  `#!lua name=${name}\nredis.register_function('${name}_answer', function() return ${answer} end)\n`;

/** Whether hashes of that server can have fields that expire. */
export const hasFieldTtls = (server: Pick<RedisServer, 'version'>): boolean =>
  server.version === 'redis-8.0' || server.version === 'valkey-9';

/** Commands that make keys of every type in every encoding that a server has, with strange names, times to live and sizes. */
export function everyType(withFieldTtls: boolean): readonly Command[] {
  return [
    ...strings,
    ...keyNames,
    ...lists,
    ...sets,
    ...sortedSets,
    ...hashes,
    ...streams,
    ...(withFieldTtls ? fieldTtls : []),
  ];
}

const strings: readonly Command[] = [
  ['SET', 'string:empty', ''],
  ['SET', 'string:zero', 0],
  ['SET', 'string:negative', -129],
  ['SET', 'string:int8', 127],
  ['SET', 'string:int16', 32767],
  ['SET', 'string:int32', -2147483648],
  ['SET', 'string:int64', '9223372036854775807'],
  ['SET', 'string:looks-like-a-number', '007'],
  ['SET', 'string:short', 'embstr'],
  ['SET', 'string:lzf', 'abcabcabc'.repeat(500)],
  ['SET', 'string:binary', noise(5000)],
  ['SET', 'string:63', 'x'.repeat(63)],
  ['SET', 'string:64', noise(64)],
  ['SET', 'string:16383', noise(16383)],
  ['SET', 'string:16384', noise(16384)],
  ['SET', 'string:megabyte', noise(1024 * 1024 + 1)],
  ['SET', 'string:compressible-megabyte', Buffer.alloc(1024 * 1024, 'pumphouse ')],
  ['SET', 'string:expires', 'soon', 'PXAT', expiresAt(1)],
  ['SETBIT', 'string:bits', 100_000, 1],
  ['PFADD', 'string:hyperloglog', ...numbered(300, (at) => `visitor${at}`)],
];

const keyNames: readonly Command[] = [
  ['SET', '', 'the empty name'],
  ['SET', '1', 'integer name'],
  ['SET', '-32768', 'integer name'],
  ['SET', '2147483648', 'a name that is no 32 bit integer'],
  ['SET', Buffer.from([0, 255, 13, 10, 0x2a, 0x3f]), 'binary name'],
  ['SET', 'glob*?[a-z]\\', 'name with glob characters'],
  ['SET', 'repeated'.repeat(40), 'name that compresses'],
  ['SET', noise(300), 'long binary name'],
  ['SET', '{tag}:one', 'name with a hash tag'],
  ['SET', 'größe:ключ:鍵', 'name in UTF-8'],
];

const lists: readonly Command[] = [
  ['RPUSH', 'list:small', 'a', '', 1, -5, '00', noise(20)],
  ['RPUSH', 'list:integers', ...numbered(50, (at) => 3 ** at)],
  ['RPUSH', 'list:nodes', ...numbered(3000, (at) => `element number ${at} of a list of several nodes`)],
  ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '100b'],
  ['RPUSH', 'list:plain-nodes', 'first', noise(9000), 'between', noise(9000, 5), noise(200, 6), 'last'],
  ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '1073741824'],
  ['CONFIG', 'SET', 'list-compress-depth', 1],
  [
    'RPUSH',
    'list:compressed-nodes',
    ...numbered(3000, (at) => `element number ${at} of a list that is kept compressed`),
  ],
  ['CONFIG', 'SET', 'list-compress-depth', 0],
  ['PEXPIREAT', 'list:nodes', expiresAt(2)],
];

const sets: readonly Command[] = [
  ['SADD', 'set:int16', 1, 2, 3, -30000],
  ['SADD', 'set:int32', 1, 70000, -2147483648],
  ['SADD', 'set:int64', 1, '9223372036854775807', '-9223372036854775808'],
  ['SADD', 'set:small', 'a', '', 'b', 17],
  ['SADD', 'set:table', ...numbered(1500, (at) => `member ${at}`)],
  ['SADD', 'set:long-member', noise(300), 'x'],
];

const sortedSets: readonly Command[] = [
  [
    'ZADD',
    'zset:small',
    1,
    'a',
    '-inf',
    'b',
    '+inf',
    'c',
    0.1,
    'd',
    '-1.7976931348623157e308',
    '',
    '5e-324',
    'f',
  ],
  ['ZADD', 'zset:table', ...Array.from({ length: 500 }, (_, at) => [at / 7, `member ${at}`]).flat()],
  ['ZADD', 'zset:long-member', 3.25, noise(200), '-inf', 'least', '+inf', 'most'],
  ['GEOADD', 'zset:geo', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'],
];

const hashes: readonly Command[] = [
  ['HSET', 'hash:small', 'a', 1, '', '', 'number', '12345', noise(10), noise(30)],
  ['HSET', 'hash:table', ...Array.from({ length: 700 }, (_, at) => [`field ${at}`, `value ${at}`]).flat()],
  ['HSET', 'hash:long-value', 'a', noise(500)],
  ['PEXPIREAT', 'hash:small', expiresAt(3)],
];

const streams: readonly Command[] = [
  ...Array.from(
    { length: 350 },
    (_, at): Command => [
      'XADD',
      'stream:many',
      `${1_700_000_000_000 + at}-${at % 3}`,
      'kind',
      at % 2 === 0 ? 'even' : 'odd',
      'value',
      at,
      ...(at % 5 === 0 ? ['extra', noise(10, at)] : []),
    ],
  ),
  ...Array.from(
    { length: 30 },
    (_, at): Command => ['XDEL', 'stream:many', `${1_700_000_000_000 + at * 7}-${(at * 7) % 3}`],
  ),
  ['XGROUP', 'CREATE', 'stream:many', 'workers', 0],
  ['XGROUP', 'CREATE', 'stream:many', 'idle', '$'],
  ['XGROUP', 'CREATE', 'stream:many', 'middle', '1700000000100-1', 'ENTRIESREAD', 90],
  ['XREADGROUP', 'GROUP', 'workers', 'alice', 'COUNT', 20, 'STREAMS', 'stream:many', '>'],
  ['XREADGROUP', 'GROUP', 'workers', 'bob', 'COUNT', 10, 'STREAMS', 'stream:many', '>'],
  ['XACK', 'stream:many', 'workers', '1700000000001-1', '1700000000003-0'],
  ['XCLAIM', 'stream:many', 'workers', 'bob', 0, '1700000000002-2', '1700000000004-1'],
  ['XGROUP', 'CREATECONSUMER', 'stream:many', 'workers', 'nothing-pending'],
  ['XGROUP', 'CREATE', 'stream:empty', 'first', '$', 'MKSTREAM'],
  ['XADD', 'stream:emptied', '5-5', 'a', 'b'],
  ['XDEL', 'stream:emptied', '5-5'],
  ['XADD', 'stream:one', '18446744073709551615-18446744073709551614', '', ''],
  ['PEXPIREAT', 'stream:one', expiresAt(4)],
  // Pending, and deleted: no command can make such an entry again.
  ['XADD', danglingStream, '1-1', 'a', 'b'],
  ['XGROUP', 'CREATE', danglingStream, 'readers', 0],
  ['XREADGROUP', 'GROUP', 'readers', 'first', 'STREAMS', danglingStream, '>'],
  ['XDEL', danglingStream, '1-1'],
];

const fieldTtls: readonly Command[] = [
  ['HSET', 'hash:ttl-small', 'stays', 1, 'goes', 2, 'goes later', 3],
  ['HPEXPIREAT', 'hash:ttl-small', expiresAt(5), 'FIELDS', 1, 'goes'],
  ['HPEXPIREAT', 'hash:ttl-small', expiresAt(6), 'FIELDS', 1, 'goes later'],
  [
    'HSET',
    'hash:ttl-table',
    ...Array.from({ length: 600 }, (_, at) => [`field ${at}`, `value ${at}`]).flat(),
  ],
  ...Array.from(
    { length: 200 },
    (_, at): Command => ['HPEXPIREAT', 'hash:ttl-table', expiresAt(10 + at), 'FIELDS', 1, `field ${at * 3}`],
  ),
  ['PEXPIREAT', 'hash:ttl-table', expiresAt(7)],
];

/** Fills a server with everything in three logical databases, and two function libraries. */
export async function fillWithEverything(server: RedisServer): Promise<void> {
  await using client = await server.connect();
  await run(server, client, everyType(hasFieldTtls(server)));
  await run(server, client, [
    ['SELECT', 3],
    ...Array.from(
      { length: 1200 },
      (_, at): Command => [
        'SET',
        `user:${at}`,
        `name ${at}`,
        ...(at % 4 === 0 ? ['PXAT', expiresAt(at)] : []),
      ],
    ),
    ['SELECT', 15],
    ['HSET', 'settings', 'language', 'de'],
    ['FUNCTION', 'LOAD', functionLibrary('shop')],
    ['FUNCTION', 'LOAD', functionLibrary('stock', 2)],
  ]);
}

async function run(
  server: RedisServer,
  client: Awaited<ReturnType<RedisServer['connect']>>,
  commands: readonly Command[],
): Promise<void> {
  const answers = await client.pipeline(commands);
  for (const [at, answer] of answers.entries()) {
    if (answer instanceof Error)
      throw new Error(`${server.version}, ${String(commands[at]?.slice(0, 3))}: ${answer.message}`);
  }
}

/** A key that is past its time and still in the server's memory, as replicas and idle servers have them. */
export async function addExpiredKey(server: RedisServer, key: string): Promise<void> {
  await server.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await server.call('SET', key, 'gone', 'PX', 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
