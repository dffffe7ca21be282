import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { compareDatabases } from '../../../test/conformance/sqlite-harness.ts';
import { readCatalogue } from './catalogue.ts';
import { quoteName } from './names.ts';
import { planUnits } from './plan.ts';
import { openUnit } from './read-unit.ts';
import type { RowidRange } from './rowid-range.ts';
import { createUnitWriter } from './write-unit.ts';

type Value = null | number | bigint | string | Buffer;

/** Texts that have a meaning somewhere on the way, or look like another class. */
const trickyTexts = [
  '',
  '\\N',
  '\\\\N',
  '\\x41',
  '\\x',
  '\\',
  '\t',
  '\n',
  '\r\n',
  '\b\v\f',
  'a\0b',
  '\0\t',
  'Infinity',
  '-Infinity',
  'Inf',
  'NaN',
  '1',
  '-1',
  '001',
  '1.0',
  '1.5e3',
  '1e5',
  '+1',
  '.',
  '-',
  'e',
  '1.2.3',
  '2024-01-31',
  '2024-01-31 10:00',
  '10:00',
  ' 1',
  '1 ',
  '0x10',
  '9223372036854775808',
  '\u{1F600}',
  'e\u0301',
  '\ufeffbom',
  'NULL',
  "o'clock",
  '"',
  '\\.',
  '12\0abc',
  '-0',
  '-0.0',
];
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom<Value>(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 10n ** 15n),
  fc.integer().map(BigInt),
  fc.double({ noNaN: true }),
  fc.constantFrom<Value>(
    0,
    -0,
    5e-324,
    Number.MAX_VALUE,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1e15,
    1e16,
    0.1,
    2 ** 63,
    -(2 ** 63),
    1e22,
  ),
  fc.constantFrom(...trickyTexts),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(Buffer.alloc(0), Buffer.from('\\x41'), Buffer.from([0, 9, 10, 92, 255])),
);
const columnType = fc.constantFrom(
  '',
  'INTEGER',
  'INT',
  'TEXT',
  'VARCHAR(20)',
  'REAL',
  'DOUBLE',
  'NUMERIC',
  'DECIMAL(10,2)',
  'DATETIME',
  'BOOLEAN',
  'BLOB',
  'ANY',
  'odd type',
);
const columnName = fc.oneof(
  fc.constantFrom(
    'rowid',
    '_rowid_',
    'oid',
    'OID',
    'k',
    'line',
    'bytes',
    'select',
    'a b',
    'quo"te',
    "apo'",
    'ünïcode',
    '[x]',
    'tab\tname',
    ';--',
    '?',
    '$x',
  ),
  fc.string({ minLength: 1, maxLength: 12 }).filter((name) => !name.includes('\0')),
);
const table = fc.record({
  name: fc
    .oneof(fc.constantFrom('t', 'order', 'a "b" c', 'größe', "d'd", 'x.y', '%'), columnName)
    .filter((name) => !/^sqlite_/i.test(name)),
  columns: fc.uniqueArray(fc.record({ name: columnName, type: columnType }), {
    minLength: 1,
    maxLength: 6,
    selector: (column) => column.name.toLowerCase(),
  }),
  key: fc.constantFrom('none', 'rowid', 'without rowid'),
});
const database = fc.record({
  table,
  encoding: fc.constantFrom('UTF-8', 'UTF-16le', 'UTF-16be'),
  rows: fc.array(fc.array(value, { minLength: 6, maxLength: 6 }), { maxLength: 30 }),
  rowids: fc.uniqueArray(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), {
    minLength: 30,
    maxLength: 30,
  }),
});

/** Name of the key column, which none of the others has. */
const keyName = 'key column';

function createSql(shape: {
  name: string;
  columns: readonly { name: string; type: string }[];
  key: string;
}): string {
  const columns = shape.columns.map(({ name, type }) => `${quoteName(name)} ${type}`);
  const key = shape.key === 'none' ? [] : [`${quoteName(keyName)} INTEGER PRIMARY KEY`];
  return `CREATE TABLE ${quoteName(shape.name)} (${[...columns, ...key].join(', ')}) ${shape.key === 'without rowid' ? 'WITHOUT ROWID' : ''}`;
}

/** Copies all rows by the engine's own reader and writer, without threads between them. */
function copyRows(
  from: Database.Database,
  to: Database.Database,
  unitBytes: number,
  pieceBytes: number,
): Set<string> {
  const variants = new Set<string>();
  from.exec('BEGIN');
  for (const unit of planUnits(readCatalogue(from).tables, unitBytes)) {
    const { table, columns } = unit;
    const next = openUnit(from, { table: table.name, columns, range: unit.range as RowidRange | null });
    const batches: Buffer[] = [];
    let batch = next();
    for (; !batch.done; batch = next()) batches.push(Buffer.from(batch.bytes));
    const writer = createUnitWriter(to, { table: table.name, columns, variant: batch.variant });
    for (const bytes of batches) {
      for (let at = 0; at < bytes.length; at += pieceBytes) writer.write(bytes.subarray(at, at + pieceBytes));
    }
    assert.equal(writer.finish(), batch.rows);
    variants.add(batch.variant);
  }
  from.exec('COMMIT');
  return variants;
}

describe('rows through text and back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pumphouse-rows-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  const fresh = (encoding = 'UTF-8') => {
    const path = join(folder, `${++count}.db`);
    const db = new Database(path);
    db.pragma('synchronous = OFF');
    db.pragma(`encoding = '${encoding}'`);
    return { path, db };
  };
  /** The copy equals the original: values, classes, rowids. Returns the variants of the units. */
  const check = (
    fill: (db: Database.Database) => void,
    options: { encoding?: string; unitBytes?: number; pieceBytes?: number } = {},
  ): Set<string> => {
    const { encoding = 'UTF-8', unitBytes = 1e9, pieceBytes = 1e9 } = options;
    const [source, target] = [fresh(encoding), fresh(encoding)];
    try {
      fill(source.db);
      for (const { sql } of source.db
        .prepare<[], { sql: string }>('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL')
        .all())
        target.db.exec(sql);
      return copyRows(source.db, target.db, unitBytes, pieceBytes);
    } finally {
      source.db.close();
      target.db.close();
      compareDatabases(source.path, target.path);
      rmSync(source.path);
      rmSync(target.path);
    }
  };

  it('keeps every value, its storage class and its rowid, in tables of any shape', () => {
    fc.assert(
      fc.property(database, ({ table, encoding, rows, rowids }) => {
        check(
          (db) => {
            db.exec(createSql(table));
            const taken = new Set(table.columns.map((column) => column.name.toLowerCase()));
            const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
            const key = table.key === 'none' ? rowid : keyName;
            const names = [
              ...table.columns.map((column) => column.name),
              ...(key === undefined ? [] : [key]),
            ];
            const insert = db.prepare(
              `INSERT INTO ${quoteName(table.name)} (${names.map(quoteName).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
            );
            rows.forEach((row, i) => {
              const values = row.slice(0, table.columns.length);
              insert.run(key === undefined ? values : [...values, rowids[i]]);
            });
          },
          { encoding, unitBytes: 300, pieceBytes: 17 },
        );
      }),
      { numRuns: 400 },
    );
  });

  it('keeps texts that are not UTF-8', () => {
    const variants = check((db) => {
      db.exec('CREATE TABLE t (a TEXT, b)');
      const insert = db.prepare('INSERT INTO t VALUES (CAST(? AS TEXT), CAST(? AS TEXT))');
      for (const bytes of [
        [0xff],
        [0xc3],
        [0xed, 0xa0, 0x80],
        [0x41, 0xfe, 0x09, 0x00, 0x5c],
        [0xff, 0x0a],
      ]) {
        insert.run(Buffer.from(bytes), Buffer.from([...bytes, 0x31]));
        insert.run(Buffer.from('between'), Buffer.from('ü'));
      }
    });
    assert.deepEqual([...variants], ['plain']);
  });

  it('writes plain units where the columns tell the classes, tagged ones elsewhere', () => {
    const create = 'CREATE TABLE t (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC, d DATE, a);';
    const plain = check((db) =>
      db.exec(`${create} INSERT INTO t VALUES (1, 1.5, '1', x'31', 1.5, '2024-01-31', 'x'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (2, 9e999, '', x'', 7, '', 7), (2, 1, '', x'', 'n/a', 'now', x'41')`),
    );
    assert.deepEqual([...plain], ['plain']);
    for (const row of [
      `1.5, 1, '', x'', 1, 1, 1`,
      `1, 'x', '', x'', 1, 1, 1`,
      `1, 1, x'', x'', 1, 1, 1`,
      `1, 1, '', 'x', 1, 1, 1`,
      `1, 1, '', x'', x'', 1, 1`,
      `1, 1, '', x'', 1, 1, '1'`,
    ]) {
      assert.deepEqual(
        [...check((db) => db.exec(`${create} INSERT INTO t VALUES (${row})`))],
        ['tagged'],
        row,
      );
    }
  });

  it('keeps wide tables', () => {
    check((db) => {
      const names = Array.from({ length: 950 }, (_, i) => `c${i}`);
      db.exec(
        `CREATE TABLE wide (${names.map((name, i) => `${name} ${['INTEGER', 'TEXT', ''][i % 3]}`).join(', ')})`,
      );
      const insert = db.prepare(`INSERT INTO wide VALUES (${names.map(() => '?').join(', ')})`);
      for (let row = 0; row < 20; row++) insert.run(names.map((_, i) => (i % 7 === row % 7 ? null : `${i}`)));
    });
  });

  it('cuts batches so that big rows do not pile up', () => {
    const { path, db } = fresh();
    db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO t SELECT i, zeroblob(iif(i > 2000 AND i % 20 = 0, 1000000, 10)) FROM n;`);
    db.exec('BEGIN');
    const next = openUnit(db, { table: 't', columns: ['id', 'body'], range: null });
    let [largest, rows] = [0, 0];
    for (let batch = next(); !batch.done; batch = next()) {
      largest = Math.max(largest, batch.bytes.length);
      rows = batch.rows;
    }
    db.close();
    rmSync(path);
    assert.equal(rows, 3_000);
    assert.ok(largest < 5_000_000, `a batch of ${largest} bytes`);
  });
});
