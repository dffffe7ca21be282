import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as rdb from '../../../../test/harness/rdb-bytes.ts';
import { canRestore, commandsOf, keyPosition, lossByCommands, type TargetTraits } from './commands.ts';
import { formatOf, type RdbFormat } from './format.ts';
import type { RdbEntry } from './read-rdb.ts';

const redis = (version: string, rdbVersion: number): TargetTraits => ({
  family: 'redis',
  version,
  rdbVersion,
});
const valkey = (version: string, rdbVersion: number): TargetTraits => ({
  family: 'valkey',
  version,
  rdbVersion,
});
const targets = {
  'redis 6.0': redis('6.0.16', 9),
  'redis 6.2': redis('6.2.14', 9),
  'redis 7.0': redis('7.0.15', 10),
  'redis 7.2': redis('7.2.5', 11),
  'redis 7.4': redis('7.4.1', 12),
  'redis 8.0': redis('8.0.6', 12),
  'valkey 8.1': valkey('8.1.0', 11),
  'valkey 9.0': valkey('9.0.1', 80),
} as const;
const newest = targets['redis 8.0'];
const redis12 = formatOf('REDIS0012');
const valkey80 = formatOf('VALKEY080');

const entryOf = (type: number, body: Uint8Array): RdbEntry => ({
  ...{ database: 0, key: Buffer.from('k'), type, expireAt: -1, idle: -1, frequency: -1, body },
});

/** The commands as lines, each argument as text. */
function lines(
  type: number,
  body: Uint8Array,
  target = newest,
  source: RdbFormat = redis12,
): readonly string[] {
  const commands = [...commandsOf(entryOf(type, body), source, target)];
  return commands.map((command) =>
    command.map((argument) => Buffer.from(argument).toString('latin1')).join(' '),
  );
}

const int24 = (value: number): Buffer => rdb.int64(value).subarray(0, 3);
const int32 = (value: number): Buffer => rdb.int64(value).subarray(0, 4);
const int16 = (value: number): Buffer => rdb.int64(value).subarray(0, 2);

/** A ziplist of elements in their encoded form. */
function ziplist(...elements: readonly (readonly rdb.Part[])[]): Buffer {
  let before = 0;
  const parts = elements.map((element) => {
    const bytes = rdb.bytesOf(element);
    const part = rdb.bytesOf(before < 254 ? before : [0xfe, int32(before)], bytes);
    before = part.length;
    return part;
  });
  const bytes = rdb.bytesOf(Buffer.alloc(10), ...parts, 0xff);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(elements.length, 8);
  return bytes;
}
const short = (text: string): readonly rdb.Part[] => [text.length, text];

describe('strings', () => {
  test('in every form', () => {
    assert.deepEqual(lines(0, rdb.string('a b')), ['SET k a b']);
    assert.deepEqual(lines(0, rdb.integer(-128, 1)), ['SET k -128']);
    assert.deepEqual(lines(0, rdb.integer(32_767, 2)), ['SET k 32767']);
    assert.deepEqual(lines(0, rdb.integer(-2_147_483_648, 4)), ['SET k -2147483648']);
    assert.deepEqual(lines(0, rdb.lzf(Buffer.from('zzzzzzzzzzzzzzzzz'))), ['SET k zzzzzzzzzzzzzzzzz']);
  });
});

describe('listpacks', () => {
  const elements = [
    // Elements of 126 to 129 and of 16381 to 16385 bytes: where the length behind them grows.
    ...[124, 125, 126, 127, 16_376, 16_377, 16_378, 16_379, 16_380].map((size) => 'b'.repeat(size)),
    ...['', 'x', 'y'.repeat(63), 'z'.repeat(64), 'w'.repeat(4095), 'v'.repeat(4096), 'u'.repeat(20_000)],
    ...[0, 127, 128, -1, 4095, -4096, 4096, -4097, 32_767, -32_768, 32_768, 8_388_607, -8_388_608, 8_388_608],
    ...[2_147_483_647, -2_147_483_648, 2_147_483_648n, 2n ** 63n - 1n, -(2n ** 63n)],
  ];

  test('every form of element', () => {
    assert.deepEqual(lines(20, rdb.string(rdb.listpack(...elements))), [`SADD k ${elements.join(' ')}`]);
  });

  test('as hash and sorted set', () => {
    assert.deepEqual(lines(16, rdb.string(rdb.listpack('f', 1, 'g', 'w'))), ['HSET k f 1 g w']);
    assert.deepEqual(lines(17, rdb.string(rdb.listpack('m', '1.5', 'n', -3))), ['ZADD k 1.5 m -3 n']);
  });

  const whole = rdb.listpack('abc', 5);
  const broken: Readonly<Record<string, Buffer>> = {
    'of another size': rdb.bytesOf(whole, 0xff),
    'without its end': rdb.bytesOf(whole.subarray(0, -1), 0),
    'with an element that runs over its end': rdb.listpack('abc').fill(0x8f, 6, 7),
    'with an unknown form of element': rdb.listpack('abc').fill(0xf5, 6, 7),
    'that is too short': Buffer.of(1, 0, 0),
  };
  for (const [name, bytes] of Object.entries(broken)) {
    test(`${name}: refused`, () =>
      assert.throws(() => lines(20, rdb.string(bytes)), { code: 'dump-damaged' }));
  }
});

describe('ziplists', () => {
  const long = 'l'.repeat(300);
  const longest = 'm'.repeat(20_000);
  const bytes = ziplist(
    ...[short('a'), short(''), [0x40 | (300 >> 8), 300 & 0xff, long], short('after a long one')],
    ...[
      [0x80, 0, 0, 20_000 >> 8, 20_000 & 0xff, longest],
      [0xc0, int16(-300)],
      [0xd0, int32(-70_000)],
    ],
    ...[[0xe0, rdb.int64(-(2n ** 40n))], [0xf0, int24(-8_388_608)], [0xfe, 0x80], [0xf1], [0xfd]],
  );
  const elements = [
    'a',
    '',
    long,
    'after a long one',
    longest,
    -300,
    -70_000,
    -(2n ** 40n),
    -8_388_608,
    -128,
    0,
    12,
  ];

  test('every form of element', () => {
    assert.deepEqual(lines(10, rdb.string(bytes)), [`RPUSH k ${elements.join(' ')}`]);
  });

  test('in the nodes of a list, as hash and as sorted set', () => {
    assert.deepEqual(
      lines(14, rdb.listOf(rdb.string(ziplist(short('a'), [0xf3])), rdb.string(ziplist(short('b'))))),
      ['RPUSH k a 2 b'],
    );
    assert.deepEqual(lines(13, rdb.string(ziplist(short('f'), short('v')))), ['HSET k f v']);
    assert.deepEqual(lines(12, rdb.string(ziplist(short('m'), short('2.5')))), ['ZADD k 2.5 m']);
  });

  test('broken ones are refused', () => {
    const whole = ziplist(short('abc'), short('def'));
    const atHead = (value: number): Buffer => Buffer.from(whole).fill(value, 11, 12);
    for (const broken of [
      whole.subarray(0, -1),
      rdb.bytesOf(whole, 1),
      atHead(0x3f),
      atHead(0xc5),
      atHead(0x90),
    ]) {
      assert.throws(() => lines(10, rdb.string(broken)), { code: 'dump-damaged' });
    }
  });
});

describe('older and other forms', () => {
  test('zipmap, with unused bytes behind values and a long value', () => {
    const map = rdb.bytesOf(
      2,
      1,
      'f',
      3,
      2,
      'abc',
      0,
      0,
      1,
      'g',
      0xfe,
      int32(300),
      0,
      Buffer.alloc(300, 'x'),
      0xff,
    );
    assert.deepEqual(lines(9, rdb.string(map)), [`HSET k f abc g ${'x'.repeat(300)}`]);
    for (const broken of [
      map.subarray(0, -1),
      rdb.bytesOf(1, 1, 'f', 0xff),
      rdb.bytesOf(1, 9, 'f', 0xff),
      rdb.bytesOf(1, 1, 'f', 2, 5, 'ab', 0xff),
    ]) {
      assert.throws(() => lines(9, rdb.string(broken)), { code: 'dump-damaged' });
    }
  });

  test('intset of each width', () => {
    const intset = (width: number, ...members: readonly Buffer[]): Buffer =>
      rdb.string(rdb.bytesOf(int32(width), int32(members.length), ...members));
    assert.deepEqual(lines(11, intset(2, int16(-1), int16(300))), ['SADD k -1 300']);
    assert.deepEqual(lines(11, intset(4, int32(-70_000))), ['SADD k -70000']);
    assert.deepEqual(lines(11, intset(8, rdb.int64(-(2n ** 63n)))), [`SADD k ${-(2n ** 63n)}`]);
    assert.throws(() => lines(11, intset(3, int24(1))), { code: 'dump-damaged' });
    assert.throws(() => lines(11, rdb.string(rdb.bytesOf(int32(2), int32(2 ** 31 - 1)))), {
      code: 'dump-damaged',
    });
  });

  test('sorted set with scores as text, and with infinities', () => {
    const body = rdb.bytesOf(
      rdb.length(3),
      rdb.string('a'),
      4,
      '-1.5',
      rdb.string('b'),
      254,
      rdb.string('c'),
      255,
    );
    assert.deepEqual(lines(3, body), ['ZADD k -1.5 a inf b -inf c']);
    assert.throws(() => lines(3, rdb.bytesOf(rdb.length(1), rdb.string('a'), 253)), { code: 'dump-damaged' });
  });

  test('sorted set with scores of eight bytes', () => {
    const scores = [
      0.1,
      -0,
      5e-324,
      Number.MAX_VALUE,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      1e21,
    ];
    const body = rdb.bytesOf(
      rdb.length(scores.length),
      ...scores.map((score, at) => [rdb.string(`${at}`), rdb.double(score)]),
    );
    assert.deepEqual(lines(5, body), [
      'ZADD k 0.1 0 -0 1 5e-324 2 1.7976931348623157e+308 3 inf 4 -inf 5 1e+21 6',
    ]);
    assert.throws(() => lines(5, rdb.bytesOf(rdb.length(1), rdb.string('a'), rdb.double(Number.NaN))), {
      code: 'dump-damaged',
    });
  });

  test('lists and sets of strings, and nodes that hold one element', () => {
    assert.deepEqual(lines(1, rdb.listOf('a', rdb.integer(7, 1))), ['RPUSH k a 7']);
    assert.deepEqual(lines(2, rdb.listOf('a', 'b')), ['SADD k a b']);
    const nodes = rdb.bytesOf(rdb.length(2), 1, rdb.string('plain'), 2, rdb.string(rdb.listpack('p', 1)));
    assert.deepEqual(lines(18, nodes), ['RPUSH k plain p 1']);
  });

  test('many elements come in several commands', () => {
    const commands = lines(2, rdb.listOf(...Array.from({ length: 1000 }, (_, at) => `m${at}`)));
    assert.deepEqual(
      commands.map((command) => command.split(' ').length - 2),
      [256, 256, 256, 232],
    );
    const large = lines(1, rdb.listOf(...Array.from({ length: 10 }, () => 'x'.repeat(400_000))));
    assert.deepEqual(
      large.map((command) => command.split(' ').length - 2),
      [3, 3, 3, 1],
    );
  });
});

describe('fields that expire', () => {
  const relative = rdb.bytesOf(
    ...[rdb.int64(5000), rdb.length(3)],
    ...[rdb.length(0), rdb.string('a'), rdb.string('1')],
    ...[rdb.length(1), rdb.string('b'), rdb.string('2')],
    ...[rdb.length(2001), rdb.string('c'), rdb.string('3')],
  );
  const packed = rdb.bytesOf(
    rdb.int64(5000),
    rdb.string(rdb.listpack('a', 1, 0, 'b', 2, 5000, 'c', 3, 7000)),
  );
  const absolute = rdb.bytesOf(
    ...[rdb.length(3), rdb.string('a'), rdb.string('1'), rdb.int64(-1)],
    ...[rdb.string('b'), rdb.string('2'), rdb.int64(5000), rdb.string('c'), rdb.string('3'), rdb.int64(7000)],
  );
  const values = 'HSET k a 1 b 2 c 3';
  const times = ['HPEXPIREAT k 5000 FIELDS 1 b', 'HPEXPIREAT k 7000 FIELDS 1 c'];
  const cases = [
    [24, relative, redis12],
    [25, packed, redis12],
    [22, absolute, valkey80],
  ] as const;

  for (const [type, body, source] of cases) {
    test(`type ${type}`, () => {
      for (const target of [newest, targets['redis 7.4'], targets['valkey 9.0']]) {
        assert.deepEqual(lines(type, body, target, source), [values, ...times]);
        assert.equal(lossByCommands(type, source, target), null);
      }
      for (const target of [targets['redis 7.2'], targets['valkey 8.1']]) {
        assert.deepEqual(lines(type, body, target, source), [values]);
        assert.match(lossByCommands(type, source, target) ?? '', /times to live of hash fields are lost/);
      }
    });
  }

  test('fields of one moment share a command', () => {
    const body = rdb.bytesOf(rdb.int64(9), rdb.string(rdb.listpack('a', 1, 9, 'b', 2, 9)));
    assert.deepEqual(lines(25, body), ['HSET k a 1 b 2', 'HPEXPIREAT k 9 FIELDS 2 a b']);
  });
});

describe('streams', () => {
  const node = rdb.listpack(
    ...[2, 1, 2, 'f', 'g', 0],
    ...[2, 0, 0, 'v1', 'w1', 5],
    ...[3, 1, -3, 'gone', 'gone', 5],
    ...[0, 2, 5, 1, 'own', 7, 6],
  );
  const tail = (type: 15 | 19 | 21, read: number | bigint): Buffer =>
    rdb.bytesOf(
      ...[rdb.length(2), rdb.length(102), rdb.length(15)],
      ...(type > 15 ? [rdb.length(100), rdb.length(10), rdb.length(101), rdb.length(7), rdb.length(3)] : []),
      ...[
        rdb.length(1),
        rdb.string('grp'),
        rdb.length(102),
        rdb.length(0),
        type > 15 ? rdb.length(read) : [],
      ],
      ...[
        rdb.length(2),
        rdb.streamId(100, 10),
        rdb.int64(1234),
        rdb.length(2),
        rdb.streamId(102, 15),
        rdb.int64(1234),
        rdb.length(2),
      ],
      ...[rdb.length(2), rdb.string('idle'), rdb.int64(5), type === 21 ? rdb.int64(-1) : [], rdb.length(0)],
      ...[rdb.string('busy'), rdb.int64(5), type === 21 ? rdb.int64(6) : [], rdb.length(2)],
      ...[rdb.streamId(100, 10), rdb.streamId(102, 15)],
    );
  const body = (type: 15 | 19 | 21, read: number | bigint = 2): Buffer =>
    rdb.bytesOf(rdb.length(1), rdb.string(rdb.streamId(100, 10)), rdb.string(node), tail(type, read));
  const added = ['XADD k 100-10 f v1 g w1', 'XADD k 102-15 own 7'];
  const claimed = [
    'XGROUP CREATECONSUMER k grp idle',
    'XGROUP CREATECONSUMER k grp busy',
    'XCLAIM k grp busy 0 100-10 102-15 TIME 1234 RETRYCOUNT 2 JUSTID FORCE',
  ];

  test('messages without the deleted ones, counters, groups, consumers, pending', () => {
    for (const type of [19, 21] as const) {
      assert.deepEqual(lines(type, body(type)), [
        ...added,
        'XSETID k 102-15 ENTRIESADDED 3 MAXDELETEDID 101-7',
        'XGROUP CREATE k grp 102-0 ENTRIESREAD 2',
        ...claimed,
      ]);
    }
    assert.match(lines(21, body(21, 2n ** 64n - 1n)).join('\n'), /ENTRIESREAD -1/);
  });

  test('of an older server, and into one', () => {
    const plain = [...added, 'XSETID k 102-15', 'XGROUP CREATE k grp 102-0'];
    assert.deepEqual(lines(15, body(15)), [...plain, ...claimed]);
    assert.deepEqual(lines(21, body(21), targets['redis 6.2']), [...plain, ...claimed]);
    assert.deepEqual(lines(21, body(21), targets['redis 6.0']), [...plain, ...claimed.slice(2)]);
  });

  test('without messages', () => {
    const empty = (ms: number): Buffer =>
      rdb.bytesOf(
        rdb.length(0),
        rdb.length(0),
        rdb.length(ms),
        rdb.length(0),
        Buffer.alloc(5),
        rdb.length(0),
      );
    assert.deepEqual(lines(21, empty(0)), [
      'XADD k MAXLEN 0 0-1 x y',
      'XSETID k 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0',
    ]);
    assert.deepEqual(lines(21, empty(9))[0], 'XADD k MAXLEN 0 9-0 x y');
  });

  test('ids of 64 bits', () => {
    const most = 2n ** 64n - 1n;
    const last = rdb.bytesOf(
      ...[
        rdb.length(1),
        rdb.string(rdb.streamId(most, most - 1n)),
        rdb.string(rdb.listpack(1, 0, 0, 0, 0, 0, 1, 1, 'a', 'b', 6)),
      ],
      ...[rdb.length(1), rdb.length(most), rdb.length(most), Buffer.alloc(5), rdb.length(0)],
    );
    assert.deepEqual(lines(19, last), [
      `XADD k ${most}-${most} a b`,
      `XSETID k ${most}-${most} ENTRIESADDED 0 MAXDELETEDID 0-0`,
    ]);
  });

  test('numbers that begin again behind a high one', () => {
    const node = rdb.listpack(1, 0, 1, 'f', 0, 2, 1, 2, 'v', 4);
    const body = rdb.bytesOf(
      ...[rdb.length(1), rdb.string(rdb.streamId(5, 2n ** 64n - 2n)), rdb.string(node)],
      ...[rdb.length(1), rdb.length(6), rdb.length(0), Buffer.alloc(5), rdb.length(0)],
    );
    assert.equal(lines(19, body)[0], 'XADD k 6-0 f v');
  });

  test('a message that is pending for a consumer alone is damage', () => {
    const wrong = body(21);
    wrong.writeBigUInt64BE(999n, wrong.length - 16);
    assert.throws(() => lines(21, wrong), { code: 'dump-damaged' });
  });

  test('where the key stands', () => {
    for (const command of commandsOf(entryOf(21, body(21)), redis12, newest)) {
      assert.equal(Buffer.from(command[keyPosition(command)] as Uint8Array).toString(), 'k');
    }
  });
});

describe('what cannot be', () => {
  test('values of modules, by key and type', () => {
    assert.throws(() => lines(7, Buffer.of(0, 0)), {
      code: 'unsupported',
      message: /key k \(type 7, module\)/,
    });
  });

  test('types of the other family', () => {
    assert.throws(() => lines(22, rdb.listOf()), { code: 'unsupported' });
    assert.throws(() => lines(24, rdb.listOf(), newest, valkey80), { code: 'unsupported' });
  });

  test('a body that is cut, at any byte, or followed by others', () => {
    const bodies = [
      [4, rdb.bytesOf(rdb.length(1), rdb.string('f'), rdb.string('v'))],
      [5, rdb.bytesOf(rdb.length(1), rdb.string('f'), rdb.double(1))],
      [24, rdb.bytesOf(rdb.int64(1), rdb.length(1), rdb.length(0), rdb.string('f'), rdb.string('v'))],
    ] as const;
    for (const [type, body] of bodies) {
      for (let end = 0; end < body.length; end++) {
        assert.throws(() => lines(type, body.subarray(0, end)), { code: 'dump-damaged' });
      }
      assert.throws(() => lines(type, rdb.bytesOf(body, 0)), {
        code: 'dump-damaged',
        message: /bytes follow/,
      });
    }
    assert.throws(() => lines(16, rdb.string(rdb.listpack('only a field'))), { code: 'dump-damaged' });
  });
});

describe('what a target takes as it is', () => {
  type Name = keyof typeof targets;
  /** The lowest footer and the family that a type needs. */
  const rows: readonly (readonly [types: readonly number[], source: string, takers: readonly Name[]])[] = [
    [[0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15], 'REDIS0009', Object.keys(targets) as Name[]],
    [
      [16, 17, 18, 19],
      'REDIS0010',
      ['redis 7.0', 'redis 7.2', 'redis 7.4', 'redis 8.0', 'valkey 8.1', 'valkey 9.0'],
    ],
    [[20, 21], 'REDIS0011', ['redis 7.2', 'redis 7.4', 'redis 8.0', 'valkey 8.1', 'valkey 9.0']],
    [[20, 21], 'VALKEY080', ['redis 7.2', 'redis 7.4', 'redis 8.0', 'valkey 8.1', 'valkey 9.0']],
    [[24, 25], 'REDIS0012', ['redis 7.4', 'redis 8.0']],
    [[22], 'VALKEY080', ['valkey 9.0']],
    [[22, 23, 6, 26, 99], 'REDIS0012', []],
    [[23, 24, 25, 6], 'VALKEY080', []],
  ];
  for (const [types, magic, takers] of rows) {
    test(`${types.join(', ')} of ${magic}`, () => {
      for (const [name, target] of Object.entries(targets)) {
        for (const type of types) {
          assert.equal(
            canRestore(type, formatOf(magic), target),
            takers.includes(name as Name),
            `${type} into ${name}`,
          );
        }
      }
    });
  }
});
