import assert from 'node:assert/strict';
import test from 'node:test';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { inPieces } from '../../../test/harness/redis-import.ts';
import { examineRdbFile } from './examine-file.ts';
import { formatOf } from './rdb/format.ts';
import { createRdbWriter, type RdbWriter } from './rdb/write-rdb.ts';

/** An RDB of version 10 with what `add` puts in. */
function rdbWith(add: (writer: RdbWriter, put: (bytes: Uint8Array) => void) => void): Buffer {
  const writer = createRdbWriter(formatOf('REDIS0010'));
  const parts: Uint8Array[] = [];
  const put = (bytes: Uint8Array): void => {
    const own = new Uint8Array(bytes);
    writer.crc.add(own);
    parts.push(own);
  };
  put(writer.header({ 'redis-ver': '7.0.15' }));
  add(writer, put);
  parts.push(new Uint8Array(writer.end()));
  return Buffer.concat(parts);
}

/** A key of the string `v`. */
function putString(writer: RdbWriter, put: (bytes: Uint8Array) => void, key: string): void {
  const head = Buffer.alloc(100);
  put(head.subarray(0, writer.entryHead(head, 0, Buffer.from(key), -1, 0)));
  put(Buffer.from('\x01v'));
}

const examine = (rdb: Uint8Array, size = 7) => examineRdbFile(inPieces(rdb, size), recordingContext());

const twoDatabases = (): Buffer =>
  rdbWith((writer, put) => {
    put(writer.selectDatabase(0));
    for (const key of ['a', 'b', 'c']) putString(writer, put, key);
    put(writer.selectDatabase(12));
    putString(writer, put, 'd');
  });

test('says what each logical database of a file holds', async () => {
  const { serverVersion, tables, notes } = await examine(twoDatabases());
  assert.equal(serverVersion, '7.0.15');
  assert.deepEqual(notes, []);
  assert.deepEqual(
    tables.map(({ schema, name, rows, variant }) => ({ schema, name, rows, variant })),
    [
      { schema: 'db0', name: 'keys', rows: 3, variant: 'REDIS0010/file/0' },
      { schema: 'db12', name: 'keys', rows: 1, variant: 'REDIS0010/file/12' },
    ],
  );
  assert.deepEqual(
    tables[0]?.columns.map(({ name }) => name),
    ['key', 'type', 'ttl', 'value'],
  );
});

test('a file with functions alone has a logical database to load them with', async () => {
  const source = Buffer.from('#!lua name=x\n');
  const rdb = rdbWith((_writer, put) => put(Buffer.concat([Buffer.from([245, source.length]), source])));
  const { tables } = await examine(rdb);
  assert.deepEqual(
    tables.map(({ schema, rows }) => [schema, rows]),
    [['db0', 0]],
  );
  assert.deepEqual((await examine(rdbWith(() => undefined))).tables, []);
});

test('logical databases without keys are none, but for one that has functions', async () => {
  const source = Buffer.from('#!lua name=x\n');
  const functions = Buffer.concat([Buffer.from([245, source.length]), source]);
  const rdb = (head: Uint8Array): Buffer =>
    rdbWith((writer, put) => {
      put(head);
      for (let database = 2; database < 2000; database++) put(writer.selectDatabase(database));
      putString(writer, put, 'a');
    });
  const rowsOf = async (head: Uint8Array) =>
    (await examine(rdb(head), 1000)).tables.map(({ schema, rows }) => [schema, rows]);
  assert.deepEqual(await rowsOf(Buffer.alloc(0)), [['db1999', 1]]);
  assert.deepEqual(await rowsOf(functions), [
    ['db2', 0],
    ['db1999', 1],
  ]);
});

test('refuses keys in more logical databases than it reads a file for', async () => {
  const rdb = (count: number): Buffer =>
    rdbWith((writer, put) => {
      for (let database = 0; database < count; database++) {
        put(writer.selectDatabase(database));
        putString(writer, put, 'a');
      }
    });
  assert.equal((await examine(rdb(4096), 10_000)).tables.length, 4096);
  await assert.rejects(examine(rdb(4097), 10_000), { code: 'unsupported', message: /in 4097 logical/ });
});

test('refuses function libraries that could not be held, before they have come', async () => {
  const library = (packed: number, plain: number): Buffer => {
    const head = Buffer.from([245, 0xc3, 0x80, 0, 0, 0, 0, 0x80, 0, 0, 0, 0]);
    head.writeUInt32BE(packed, 3);
    head.writeUInt32BE(plain, 8);
    return head;
  };
  const many = rdbWith((_writer, put) => put(library(2 ** 20, 65 * 2 ** 20)));
  await assert.rejects(examine(many), { code: 'unsupported', message: /libraries of more than 64 MB/ });
  const one = rdbWith((_writer, put) => put(library(2 ** 20, 63 * 2 ** 20)));
  await assert.rejects(examine(one), { code: 'dump-truncated' });
});

test('refuses a file that is cut, changed or goes on, wherever that is', async () => {
  const rdb = twoDatabases();
  for (let length = 0; length < rdb.length; length++) {
    await assert.rejects(examine(rdb.subarray(0, length), 64), { code: 'dump-truncated' }, `${length} bytes`);
  }
  for (let bit = 0; bit < rdb.length * 8; bit++) {
    const changed = Buffer.from(rdb);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    const isAllowed = ({ code }: { code?: string }) =>
      ['dump-damaged', 'dump-truncated', 'unsupported'].includes(code ?? '');
    await assert.rejects(examine(changed, 64), isAllowed, `bit ${bit}`);
  }
  await assert.rejects(examine(Buffer.concat([rdb, Buffer.from('more')])), { code: 'dump-damaged' });
});

test('notes that a file has no checksum', async () => {
  const rdb = twoDatabases();
  rdb.fill(0, rdb.length - 8);
  assert.match((await examine(rdb)).notes.join(), /no checksum/);
});

test('ends when it is aborted', async () => {
  const context = recordingContext();
  context.abort();
  await assert.rejects(examineRdbFile(inPieces(twoDatabases(), 5), context), { code: 'aborted' });
});
