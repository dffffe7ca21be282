import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../core/errors.ts';
import { formatOf } from '../rdb/format.ts';
import { createRdbScanner } from '../rdb/scan-rdb.ts';
import { createRdbWriter } from '../rdb/write-rdb.ts';
import { type Framing, SyncHeader } from './sync-framing.ts';
import { SyncPieces } from './sync-pieces.ts';

const mark = Buffer.from('0123456789abcdef0123456789abcdef01234567');

/** An RDB file with so many short strings in each database. */
function rdb(keysIn: Readonly<Record<number, number>>, value: Buffer = Buffer.from('v')): Buffer {
  const writer = createRdbWriter(formatOf('REDIS0010'));
  const parts: Uint8Array[] = [writer.header({ 'redis-ver': '7.0.15' })];
  for (const [database, keys] of Object.entries(keysIn)) {
    parts.push(writer.selectDatabase(Number(database), keys));
    for (let key = 0; key < keys; key += 1) {
      const head = Buffer.alloc(64);
      const end = writer.entryHead(head, 0, Buffer.from(`key${key}`), -1, 0);
      parts.push(head.subarray(0, end), Buffer.from([value.length]), value);
    }
  }
  for (const part of parts) writer.crc.add(part);
  return Buffer.concat([...parts, writer.end()]);
}

interface Outcome {
  readonly pieces: readonly { readonly bytes: Buffer; readonly rows: number }[];
  readonly ended: boolean;
  readonly isWhole: boolean;
}

function run(stream: Buffer, framing: Framing, databases: readonly number[], step: number): Outcome {
  const pieces: { bytes: Buffer; rows: number }[] = [];
  let current: Buffer[] = [];
  let ended = false;
  const walk = new SyncPieces(
    createRdbScanner(),
    framing,
    databases,
    {
      bytes: (chunk, start, end) => current.push(Buffer.from(chunk.subarray(start, end))),
      pieceEnds(rows) {
        pieces.push({ bytes: Buffer.concat(current), rows });
        current = [];
      },
      streamEnds() {
        ended = true;
      },
    },
    'server',
  );
  for (let at = 0; at < stream.length; at += step) walk.push(Buffer.from(stream.subarray(at, at + step)));
  return { pieces, ended, isWhole: walk.isWhole };
}

const marked: Framing = { kind: 'mark', mark };

describe('the pieces of a replication stream', () => {
  const file = rdb({ 0: 3, 2: 1, 7: 40 });
  for (const step of [1, 5, 9, 16, 64, 10_000]) {
    it(`begin where the databases begin, ${step} bytes at a time`, () => {
      const { pieces, ended } = run(Buffer.concat([file, mark]), marked, [0, 2, 7], step);
      assert.ok(ended);
      assert.deepEqual(
        pieces.map(({ rows }) => rows),
        [3, 1, 40],
      );
      assert.deepEqual(Buffer.concat(pieces.map(({ bytes }) => bytes)), file);
      assert.deepEqual(
        pieces.map(({ bytes }) => [...bytes.subarray(0, 2)]),
        [
          [0x52, 0x45],
          [0xfe, 2],
          [0xfe, 7],
        ],
      );
    });

    it(`of databases that are empty by now have no bytes but the header and the end, ${step} bytes at a time`, () => {
      const small = rdb({ 2: 1 });
      const { pieces } = run(Buffer.concat([small, mark]), marked, [0, 2, 5, 7], step);
      assert.deepEqual(Buffer.concat(pieces.map(({ bytes }) => bytes)), small);
      assert.deepEqual(
        pieces.map(({ rows, bytes }) => [rows, bytes.length]),
        [
          [0, small.length - pieces[1]!.bytes.length - 9],
          [1, pieces[1]!.bytes.length],
          [0, 0],
          [0, 9],
        ],
      );
    });
  }

  it('are one where nothing is in the server', () => {
    const empty = rdb({});
    const { pieces, ended } = run(Buffer.concat([empty, mark]), marked, [0], 7);
    assert.ok(ended);
    assert.deepEqual(pieces, [{ rows: 0, bytes: empty }]);
  });

  it('end by the length that was announced', () => {
    const framing: Framing = { kind: 'length', bytes: file.length };
    assert.equal(run(file, framing, [0, 2, 7], 100).ended, true);
  });

  it('are not taken in by a mark inside a value', () => {
    const tricky = rdb({ 0: 4 }, mark);
    const { pieces, ended } = run(Buffer.concat([tricky, mark]), marked, [0], 41);
    assert.ok(ended);
    assert.deepEqual(pieces, [{ rows: 4, bytes: tricky }]);
  });

  for (const cut of [1, 39, 40, 41, 49, 60]) {
    it(`are not whole without the last ${cut} bytes`, () => {
      const stream = Buffer.concat([file, mark]);
      const { ended, isWhole } = run(stream.subarray(0, stream.length - cut), marked, [0, 2, 7], 1000);
      assert.deepEqual([ended, isWhole], [false, false]);
    });
  }

  const faults: readonly (readonly [
    what: string,
    stream: Buffer,
    framing: Framing,
    databases: readonly number[],
    code: string,
  ])[] = [
    [
      'another mark',
      Buffer.concat([file, Buffer.alloc(40, 0x61)]),
      marked,
      [0, 2, 7],
      'database-unreachable',
    ],
    [
      'more after the mark',
      Buffer.concat([file, mark, Buffer.from('x')]),
      marked,
      [0, 2, 7],
      'database-unreachable',
    ],
    [
      'more after the length',
      Buffer.concat([file, Buffer.from('x')]),
      { kind: 'length', bytes: file.length },
      [0, 2, 7],
      'database-unreachable',
    ],
    ['another length', file, { kind: 'length', bytes: file.length + 1 }, [0, 2, 7], 'database-unreachable'],
    ['a database that is not expected', Buffer.concat([file, mark]), marked, [0, 2], 'snapshot-lost'],
    ['a wrong checksum', flipped(Buffer.concat([file, mark])), marked, [0, 2, 7], 'dump-damaged'],
  ];
  for (const [what, stream, framing, databases, code] of faults) {
    it(`refuse ${what}`, () => {
      for (const step of [1, 13, 10_000]) {
        assert.throws(
          () => run(stream, framing, databases, step),
          (error: unknown) => error instanceof AppError && error.code === code,
        );
      }
    });
  }
});

/** One bit of a value is another. */
function flipped(stream: Buffer): Buffer {
  const copy = Buffer.from(stream);
  const at = copy.length - mark.length - 9 - 1;
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

describe('the header of a replication stream', () => {
  const read = (text: string, step: number) => {
    const header = new SyncHeader('server');
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += step) {
      const found = header.push(bytes.subarray(at, at + step));
      if (found !== null) return { framing: found.framing, end: at + found.end };
    }
    return null;
  };
  for (const step of [1, 2, 3, 100]) {
    it(`comes after keep-alives, ${step} bytes at a time`, () => {
      const text = `\n\n\n$EOF:${mark.toString()}\r\nREDIS`;
      assert.deepEqual(read(text, step), { framing: marked, end: text.length - 5 });
      assert.deepEqual(read('\n\n$123\r\nRE', step), { framing: { kind: 'length', bytes: 123 }, end: 8 });
    });
  }

  it('does not come as long as there are keep-alives', () => assert.equal(read('\n\n\n\n', 1), null));

  it('may be a refusal instead', () => {
    assert.throws(() => read("\n-NOMASTERLINK Can't SYNC\r\n", 4), {
      name: 'RedisError',
      code: 'NOMASTERLINK',
    });
  });

  for (const wrong of [
    '+FULLRESYNC a 1\r\n',
    '$EOF:short\r\n',
    '$-1\r\n',
    'HTTP/1.1 200 OK\r\n',
    'x'.repeat(5_000),
  ]) {
    it(`is not ${JSON.stringify(wrong.slice(0, 20))}`, () => {
      assert.throws(() => read(wrong, 1000), { name: 'AppError', code: 'database-unreachable' });
    });
  }
});
