import * as rdb from './rdb-bytes.ts';

/** A module's id: nine letters of six bits, and a version. */
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
export const moduleId = rdb.length(
  ([...'ReJSON-RL'].reduce((id, letter) => (id << 6n) | BigInt(letters.indexOf(letter)), 0n) << 10n) | 3n,
  64,
);
export const moduleParts = rdb.bytesOf(
  ...[
    1,
    rdb.length(5),
    2,
    rdb.length(2n ** 60n),
    3,
    Buffer.alloc(4),
    4,
    rdb.double(1),
    5,
    rdb.string('part'),
    0,
  ],
);
const pending = rdb.bytesOf(rdb.streamId(1, 1), rdb.int64(99), rdb.length(3));
const streamTail = (type: 15 | 19 | 21): Buffer =>
  rdb.bytesOf(
    ...[rdb.length(1), rdb.length(1), rdb.length(1)],
    ...(type > 15 ? [rdb.length(1), rdb.length(1), rdb.length(0), rdb.length(0), rdb.length(2n ** 63n)] : []),
    ...[
      rdb.length(1),
      rdb.string('group'),
      rdb.length(1),
      rdb.length(1),
      type > 15 ? rdb.length(2n ** 64n - 1n) : [],
    ],
    ...[
      rdb.length(1),
      pending,
      rdb.length(1),
      rdb.string('consumer'),
      rdb.int64(5),
      type > 19 ? rdb.int64(6) : [],
    ],
    ...[rdb.length(1), rdb.streamId(1, 1)],
  );
export const stream = (type: 15 | 19 | 21): Buffer =>
  rdb.bytesOf(
    rdb.length(1),
    rdb.string(rdb.streamId(1, 1)),
    rdb.string(rdb.listpack(1, 0)),
    streamTail(type),
  );

/** A body for each type that can be walked, in a format that has it. */
export const bodies: readonly (readonly [magic: string, type: number, body: Buffer])[] = [
  ['REDIS0009', 0, rdb.string('plain')],
  ['REDIS0009', 0, rdb.string('')],
  ['REDIS0009', 0, rdb.integer(-5, 1)],
  ['REDIS0009', 0, rdb.integer(1000, 2)],
  ['REDIS0009', 0, rdb.integer(-100_000, 4)],
  ['REDIS0009', 0, rdb.lzf(Buffer.alloc(3000, 'x'))],
  ['REDIS0009', 0, rdb.bytesOf(rdb.length(3, 64), 'abc')],
  ['REDIS0009', 1, rdb.listOf('a', '', rdb.integer(7, 1))],
  ['REDIS0009', 2, rdb.listOf(...Array.from({ length: 70 }, (_, at) => `m${at}`))],
  [
    'REDIS0006',
    3,
    rdb.bytesOf(
      rdb.length(4),
      rdb.string('a'),
      3,
      '1.5',
      rdb.string('b'),
      253,
      rdb.string('c'),
      254,
      rdb.string('d'),
      255,
    ),
  ],
  [
    'REDIS0009',
    4,
    rdb.bytesOf(rdb.length(2), rdb.string('f'), rdb.string('v'), rdb.string('g'), rdb.string('w')),
  ],
  [
    'REDIS0009',
    5,
    rdb.bytesOf(rdb.length(2), rdb.string('a'), rdb.double(1), rdb.string('b'), rdb.double(2)),
  ],
  ['REDIS0009', 7, rdb.bytesOf(moduleId, moduleParts)],
  ...[9, 10, 11, 12, 13, 16, 17, 20].map((type) => ['REDIS0011', type, rdb.string('one string')] as const),
  ['REDIS0009', 14, rdb.listOf('ziplist', 'another')],
  [
    'REDIS0010',
    18,
    rdb.bytesOf(rdb.length(2), rdb.length(1), rdb.string('plain'), rdb.length(2), rdb.string('packed')),
  ],
  ['REDIS0009', 15, stream(15)],
  ['REDIS0010', 19, stream(19)],
  ['REDIS0011', 21, stream(21)],
  [
    'REDIS0012',
    24,
    rdb.bytesOf(rdb.int64(1), rdb.length(1), rdb.length(0), rdb.string('f'), rdb.string('v')),
  ],
  ['REDIS0012', 25, rdb.bytesOf(rdb.int64(1), rdb.string(rdb.listpack('f', 'v', 0)))],
  ['VALKEY080', 22, rdb.bytesOf(rdb.length(1), rdb.string('f'), rdb.string('v'), rdb.int64(-1))],
];
