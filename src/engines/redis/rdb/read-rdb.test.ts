import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bodies, moduleId, moduleParts, stream } from '../../../../test/harness/rdb-bodies.ts';
import * as rdb from '../../../../test/harness/rdb-bytes.ts';
import { formatOf } from './format.ts';
import { type RdbVisitor, type ReadOptions, type ReadSummary, readRdb } from './read-rdb.ts';
import { createRdbScanner } from './scan-rdb.ts';

const { signal } = new AbortController();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** What a visitor is told, as lines. */
async function told(
  bytes: Uint8Array,
  options: Partial<ReadOptions> & { readonly chunks?: readonly number[] } = {},
): Promise<{ readonly lines: readonly string[]; readonly summary: ReadSummary }> {
  const lines: string[] = [];
  const visitor: RdbVisitor = {
    database: (database) => lines.push(`database ${database}`),
    aux: (name, value) => lines.push(`aux ${name}=${value}`),
    functionLibrary: (source) => lines.push(`function ${text(source)}`),
    moduleAux: (module) => lines.push(`module data of ${module}`),
    entry: ({ database, key, type, expireAt, idle, frequency, body }) =>
      lines.push(
        `${database} ${text(key)} ${type} ${expireAt} ${idle} ${frequency} ${Buffer.from(body).toString('hex')}`,
      ),
  };
  const { chunks = [1], ...rest } = options;
  const summary = await readRdb(rdb.inChunks(bytes, chunks), visitor, { fragment: null, signal, ...rest });
  return { lines, summary };
}

const hex = (...parts: readonly rdb.Part[]): string => rdb.bytesOf(...parts).toString('hex');

describe('values', () => {
  for (const [magic, type, body] of bodies) {
    test(`type ${type} of ${magic}: ${body.subarray(0, 12).toString('hex')}`, async () => {
      const bytes = rdb.rdbFile(
        magic,
        rdb.select(0),
        rdb.entry(type, 'k', body),
        rdb.entry(0, 'after', rdb.string('x')),
      );
      for (const chunks of [[1], [2, 3], [13], [bytes.length]]) {
        const { lines, summary } = await told(bytes, { chunks });
        assert.deepEqual(lines, [
          'database 0',
          `0 k ${type} -1 -1 -1 ${body.toString('hex')}`,
          '0 after 0 -1 -1 -1 0178',
        ]);
        assert.equal(summary.checksum, 'right');
        const scanner = createRdbScanner();
        for await (const chunk of rdb.inChunks(bytes, chunks)) scanner.push(chunk);
        assert.equal(scanner.keysIn(0), 2);
        assert.equal(scanner.ended, true);
        assert.deepEqual([...scanner.modules], type === 7 ? ['ReJSON-RL'] : []);
      }
    });
  }
});

describe('what stands between values', () => {
  const parts = [
    rdb.aux('redis-ver', '7.2.4'),
    [250, rdb.string('redis-bits'), rdb.integer(64, 1)],
    [245, rdb.string('#!lua name=x')],
    [247, moduleId, moduleParts],
    [rdb.select(0), 251, rdb.length(2), rdb.length(1)],
    [244, rdb.length(3), rdb.length(1), rdb.length(0)],
    [
      252,
      rdb.int64(1_900_000_000_123),
      248,
      rdb.length(70_000),
      rdb.entry(0, rdb.integer(12_345, 2), rdb.string('a')),
    ],
    [
      253,
      Buffer.of(0, 0xca, 0x9a, 0x3b),
      249,
      200,
      rdb.entry(0, rdb.lzf(Buffer.from('kkkkkkkkkkkk')), rdb.string('b')),
    ],
    [107, rdb.length(1), rdb.entry(0, 'c', rdb.string(''))],
    [252, rdb.int64(-5), rdb.entry(0, 'd', rdb.string(''))],
    [252, rdb.int64(2n ** 63n - 1n), rdb.entry(0, 'e', rdb.string(''))],
    rdb.select(20_000),
    rdb.entry(0, '', rdb.string('')),
    rdb.select(3),
  ];
  const lines = [
    'aux redis-ver=7.2.4',
    'aux redis-bits=64',
    'function #!lua name=x',
    'module data of ReJSON-RL',
    'database 0',
    `0 12345 0 1900000000123 70000 -1 ${hex(rdb.string('a'))}`,
    `0 kkkkkkkkkkkk 0 1000000000000 -1 200 ${hex(rdb.string('b'))}`,
    '0 c 0 -1 -1 -1 00',
    '0 d 0 0 -1 -1 00',
    `0 e 0 ${Number.MAX_SAFE_INTEGER} -1 -1 00`,
    'database 20000',
    '20000  0 -1 -1 -1 00',
    'database 3',
  ];

  test('is told in its order', async () => {
    const bytes = rdb.rdbFile('REDIS0012', ...parts);
    for (let size = 1; size < 20; size++) {
      const { lines: seen, summary } = await told(bytes, { chunks: [size] });
      assert.deepEqual(seen, lines);
      assert.deepEqual(
        [...summary.entries],
        [
          [0, 5],
          [20_000, 1],
          [3, 0],
        ],
      );
      assert.equal(summary.aux.get('redis-bits'), '64');
      assert.match(summary.notes.join(), /ReJSON-RL has stored data beside the keys/);
    }
  });

  test('gives marks where it can be cut', () => {
    const bytes = rdb.rdbFile('REDIS0012', ...parts);
    const scanner = createRdbScanner();
    scanner.push(Buffer.concat([bytes, Buffer.from('mark')]));
    const marks = scanner.takeMarks();
    assert.deepEqual(
      marks.map(({ kind, database }) => `${kind} ${database}`),
      ['database 0', 'database 20000', 'database 3', 'end 3'],
    );
    for (const { at, kind } of marks)
      assert.equal(kind === 'end' ? at : bytes[at], kind === 'end' ? bytes.length : 254);
    assert.deepEqual(scanner.takeMarks(), []);
    assert.equal(scanner.surplus, 4);
    scanner.push(Buffer.alloc(7));
    assert.equal(scanner.surplus, 7);
    assert.deepEqual(
      [scanner.functions, scanner.aux.get('redis-ver'), scanner.format?.magic],
      [1, '7.2.4', 'REDIS0012'],
    );
  });

  test('slots that Valkey was taking over are passed, and said', async () => {
    const moving = [243, rdb.string('job'), rdb.length(1), rdb.length(5), rdb.length(9)];
    const { summary } = await told(rdb.rdbFile('VALKEY080', moving, rdb.select(0)));
    assert.match(summary.notes.join(), /taking slots over/);
  });
});

describe('fragments', () => {
  const whole = rdb.rdbFile(
    'REDIS0011',
    rdb.select(0),
    rdb.entry(0, 'a', rdb.string('1')),
    rdb.select(5),
    rdb.entry(0, 'b', rdb.string('2')),
  );
  const cut = whole.indexOf(rdb.select(5));
  const fragment = formatOf('REDIS0011');

  test('a whole in two pieces', async () => {
    const first = await told(whole.subarray(0, cut), { fragment });
    assert.deepEqual(first.lines, ['database 0', '0 a 0 -1 -1 -1 0131']);
    assert.equal(first.summary.checksum, 'fragment');
    const second = await told(whole.subarray(cut), { fragment });
    assert.deepEqual(second.lines, ['database 5', '5 b 0 -1 -1 -1 0132']);
    assert.equal(second.summary.checksum, 'fragment');
  });

  test('a piece that is the whole is checked', async () => {
    assert.equal((await told(whole, { fragment })).summary.checksum, 'right');
    await assert.rejects(told(damagedAt(whole, cut - 1), { fragment }), { code: 'dump-damaged' });
  });

  test('no bytes at all, and entries of a database that was begun before', async () => {
    assert.deepEqual((await told(Buffer.alloc(0), { fragment })).lines, []);
    const { lines, summary } = await told(rdb.entry(0, 'x', rdb.string('')), { fragment, startDatabase: 4 });
    assert.deepEqual(lines, ['4 x 0 -1 -1 -1 00']);
    assert.deepEqual([...summary.entries], [[4, 1]]);
  });

  test('a piece that is cut within an entry, an expiry, a magic or the checksum', async () => {
    for (const end of [4, cut - 1, cut + 1, whole.length - 1, whole.length - 8]) {
      await assert.rejects(
        told(whole.subarray(0, end), { fragment }),
        { code: 'dump-truncated' },
        `cut at ${end}`,
      );
    }
    await assert.rejects(told(rdb.bytesOf(252, rdb.int64(1)), { fragment }), { code: 'dump-truncated' });
  });

  test('a piece of another format', async () => {
    await assert.rejects(told(whole, { fragment: formatOf('REDIS0010') }), {
      code: 'dump-damaged',
      message: /REDIS0011/,
    });
  });
});

function damagedAt(bytes: Uint8Array, at: number, mask = 1): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

describe('what is refused', () => {
  const sample = rdb.rdbFile(
    'REDIS0012',
    ...[
      rdb.aux('redis-ver', '7'),
      rdb.select(0),
      252,
      rdb.int64(2 ** 40),
      rdb.entry(21, 'stream', stream(21)),
    ],
    ...bodies
      .filter(([magic, type]) => magic.startsWith('REDIS') && [1, 4, 5, 7, 18, 24].includes(type))
      .map(([, type, body]) => rdb.entry(type, 'k', body)),
  );

  test('any single bit that is other than it was', async () => {
    for (let at = 0; at < sample.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const outcome = await told(damagedAt(sample, at, 1 << bit), { chunks: [64] }).then(
          () => 'taken',
          ({ code }: { code: string }) => code,
        );
        assert.match(outcome, /^(dump-damaged|dump-truncated|unsupported)$/, `byte ${at}, bit ${bit}`);
      }
    }
  });

  test('any cut', async () => {
    for (let end = 0; end < sample.length; end++) {
      await assert.rejects(told(sample.subarray(0, end), { chunks: [50] }), {
        code: 'dump-truncated',
        context: { offset: end },
      });
    }
  });

  test('bytes behind the end', async () => {
    await assert.rejects(told(rdb.bytesOf(sample, 0)), {
      code: 'dump-damaged',
      context: { offset: sample.length },
    });
    await assert.rejects(told(rdb.bytesOf(sample, 0), { chunks: [2 ** 20] }), { code: 'dump-damaged' });
  });

  const head = rdb.bytesOf('REDIS0012', rdb.select(0));
  const unknown: Readonly<Record<string, readonly [bytes: Buffer, message: RegExp]>> = {
    'an unknown type': [
      rdb.entry(33, 'some key', rdb.string('')),
      /type 33 at byte 11, under the key some key: this version/,
    ],
    'a module of a pre-release': [rdb.entry(6, 'm', rdb.string('')), /type 6 .* pre-release of Redis 4\.0/],
    'field times of a pre-release': [
      rdb.entry(22, 'h', rdb.string('')),
      /type 22 .* pre-release of Redis 7\.4/,
    ],
    'field times of a pre-release, packed': [
      rdb.entry(23, rdb.integer(7, 1), rdb.string('')),
      /type 23 .* key 7: .* 7\.4/,
    ],
    'functions of a pre-release': [
      rdb.bytesOf(246, rdb.string('x')),
      /opcode 246 at byte 11: .* pre-release of Redis 7\.0/,
    ],
    'metadata of keys': [rdb.bytesOf(243, rdb.length(1)), /opcode 243 at byte 11/],
    'an unknown opcode': [rdb.bytesOf(200), /opcode 200 at byte 11/],
  };
  for (const [name, [bytes, message]] of Object.entries(unknown)) {
    test(name, async () => {
      for (const chunks of [[1], [1000]]) {
        await assert.rejects(told(rdb.bytesOf(head, bytes, Buffer.alloc(100)), { chunks }), {
          code: 'unsupported',
          message,
        });
      }
    });
  }

  const impossible: Readonly<Record<string, Buffer>> = {
    'a string of 2^63 bytes': rdb.entry(0, 'k', rdb.length(2n ** 63n)),
    'a list of 2^50 elements': rdb.entry(1, 'k', rdb.length(2n ** 50n)),
    'a string that expands a thousandfold': rdb.entry(0, 'k', 0xc3, rdb.length(10), rdb.length(10_000)),
    'a string that expands to nothing': rdb.entry(0, 'k', 0xc3, rdb.length(10), rdb.length(0)),
    'an unknown form of string': rdb.entry(0, 'k', 0xc4),
    'an unknown form of length': rdb.entry(1, 'k', 0x82),
    'a form of string where a length belongs': rdb.entry(1, 'k', 0xc0, 1),
    'a node of an unknown kind': rdb.entry(18, 'k', rdb.length(1), rdb.length(3), rdb.string('')),
    'an unknown part of a module': rdb.entry(7, 'k', moduleId, 6),
    'a key that cannot be decompressed': rdb.entry(
      0,
      rdb.bytesOf(0xc3, rdb.length(2), rdb.length(9), 0xff, 0xff),
      rdb.string(''),
    ),
    'a database with an absurd number': rdb.bytesOf(254, rdb.length(2n ** 40n)),
  };
  for (const [name, bytes] of Object.entries(impossible)) {
    test(name, async () => {
      for (const chunks of [[1], [1000]]) {
        const file = rdb.bytesOf(head, bytes, Buffer.alloc(100));
        await assert.rejects(told(file, { chunks }), { code: 'dump-damaged', message: /byte \d+/ });
      }
    });
  }

  test('a text of a server that is longer than such texts are', async () => {
    const file = rdb.bytesOf(
      'REDIS0012',
      250,
      rdb.string('x'),
      rdb.length(2 ** 31),
      Buffer.alloc(3 * 2 ** 20),
    );
    await assert.rejects(told(file, { chunks: [65_536] }), { code: 'dump-damaged' });
  });

  test('a file that is no RDB', async () => {
    await assert.rejects(told(Buffer.from('SQLite format 3\0')), { code: 'dump-damaged', message: /no RDB/ });
    await assert.rejects(told(Buffer.alloc(0)), { code: 'dump-truncated' });
  });
});

describe('checksums', () => {
  test('that were switched off are told', async () => {
    const sample = rdb.rdbFile('REDIS0011', rdb.select(0));
    const off = rdb.bytesOf(sample.subarray(0, -8), Buffer.alloc(8));
    const { summary } = await told(off);
    assert.equal(summary.checksum, 'off');
    assert.match(summary.notes.join(), /without a checksum/);
  });

  test('were not there before version 5', async () => {
    assert.equal((await told(rdb.bytesOf('REDIS0004', rdb.select(0), 255))).summary.checksum, 'off');
  });
});

describe('the reading', () => {
  const many = rdb.rdbFile(
    'REDIS0011',
    rdb.select(0),
    ...Array.from({ length: 2000 }, (_, at) => rdb.entry(0, `key ${at}`, rdb.string(Buffer.alloc(2000)))),
  );

  test('waits for its visitor, at least once for each MB', async () => {
    let waiting = 0;
    let bytes = 0;
    let most = 0;
    await readRdb(
      rdb.inChunks(many, [2 ** 30]),
      {
        entry({ body }) {
          assert.equal(waiting, 0);
          bytes += body.length;
          most = Math.max(most, bytes);
        },
        ready: () => {
          bytes = 0;
          waiting += 1;
          return new Promise((resolve) => {
            setImmediate(() => {
              waiting -= 1;
              resolve();
            });
          });
        },
      },
      { fragment: null, signal },
    );
    assert.equal(most < 2 ** 20, true);
  });

  test('ends with its signal, and with an error of its visitor; the source is let go', async () => {
    const controller = new AbortController();
    let isOpen = true;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* rdb.inChunks(many, [10_000]);
      } finally {
        isOpen = false;
      }
    }
    const reason = new Error('enough');
    const reading = readRdb(
      source(),
      { entry: () => controller.abort(reason) },
      { fragment: null, signal: controller.signal },
    );
    await assert.rejects(reading, reason);
    assert.equal(isOpen, false);
    const failing = readRdb(
      source(),
      {
        entry: () => {
          throw reason;
        },
      },
      { fragment: null, signal },
    );
    await assert.rejects(failing, reason);
  });
});
