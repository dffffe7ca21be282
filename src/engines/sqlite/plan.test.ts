import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import type { Table } from '../../core/catalogue.ts';
import { readCatalogue } from './catalogue.ts';
import { planUnits } from './plan.ts';
import type { RowidRange } from './rowid-range.ts';

/** A table `t` whose rowids the SQL expression makes of n.i, from 1 to `rows`. */
function withTable<T>(rowid: string, rows: number, use: (db: Database.Database, table: Table) => T): T {
  const db = new Database(':memory:');
  try {
    db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO t SELECT ${rowid}, 'some text of fifty characters, more or less, it is' FROM n`);
    return use(db, readCatalogue(db).tables[0] as Table);
  } finally {
    db.close();
  }
}

describe('estimates and units of SQLite tables', () => {
  const shapes: Readonly<Record<string, string>> = {
    dense: 'i',
    'every seventh': 'i * 7',
    'in two clumps far apart': 'iif(i % 2, i, 4000000000000 + i)',
    negative: '-i',
    'all over the 64 bits': '(((i * 2654435761) & 4294967295) << 31) - (1 << 62)',
    'one alone at the end': 'iif(i = 1, 9223372036854775807, i)',
  };
  for (const [name, rowid] of Object.entries(shapes)) {
    it(`cut rowids that are ${name} into parts of about the same size, with no gap between`, () => {
      withTable(rowid, 40_000, (db, table) => {
        assert.ok(Math.abs(table.estimate.rows / 40_000 - 1) < 0.3, `${table.estimate.rows} rows`);
        assert.ok(Math.abs(table.estimate.bytes / (40_000 * 58) - 1) < 0.4, `${table.estimate.bytes} bytes`);
        const units = planUnits([table], 300_000);
        const count = db
          .prepare<[bigint, bigint], number>('SELECT count(*) FROM t WHERE id BETWEEN ? AND ?')
          .pluck();
        const ranges = units.map((unit) => unit.range as RowidRange);
        const sizes = ranges.map(({ from, to }) => count.get(BigInt(from), BigInt(to)) ?? 0);
        assert.equal(
          sizes.reduce((sum, size) => sum + size, 0),
          40_000,
        );
        assert.ok(units.length >= 5 && units.length <= 12, `${units.length} units`);
        assert.ok(Math.max(...sizes) < 15_000, `the largest unit has ${Math.max(...sizes)} rows`);
        for (const [i, { from }] of ranges.entries()) {
          if (i > 0) assert.equal(BigInt(from), BigInt(ranges[i - 1]?.to ?? 0) + 1n);
        }
        assert.deepEqual(
          [ranges[0]?.from, ranges.at(-1)?.to],
          ['-9223372036854775808', '9223372036854775807'],
        );
      });
    });
  }

  it('are exact for small tables', () => {
    withTable('i * i', 1_000, (_, table) => {
      assert.equal(table.estimate.rows, 1_000);
      assert.equal(planUnits([table], 1e6)[0]?.range, null);
    });
  });

  it('know what is in an empty table', () => {
    withTable('i', 0, () => {});
    const db = new Database(':memory:');
    db.exec('CREATE TABLE t (a)');
    const tables = readCatalogue(db).tables;
    db.close();
    assert.deepEqual(tables[0]?.estimate, { rows: 0, bytes: 0 });
    assert.equal(planUnits(tables, 1e6).length, 1);
  });
});
