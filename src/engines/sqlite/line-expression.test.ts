import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { openUnit } from './read-unit.ts';

/** The lines of a table `t` that the statements make. */
function linesOf(sql: string, columns: readonly string[]): string[] {
  const db = new Database(':memory:');
  try {
    db.exec(sql);
    const batch = openUnit(db, { table: 't', columns, range: null })();
    return Buffer.from(batch.bytes).toString('utf8').split('\n').slice(0, -1);
  } finally {
    db.close();
  }
}

describe('lines of COPY text', () => {
  it('escape what PostgreSQL escapes, and tell NULL from the text', () => {
    const [line] = linesOf(
      `CREATE TABLE t (a TEXT, b TEXT, c TEXT);
       INSERT INTO t VALUES (char(8) || char(9) || char(10) || char(11) || char(12) || char(13) || '\\' || char(127), '\\N', NULL)`,
      ['a', 'b', 'c'],
    );
    assert.equal(line, '\\b\\t\\n\\v\\f\\r\\\\\x7f\t\\\\N\t\\N');
  });

  it('escape behind a NUL character too', () => {
    assert.deepEqual(
      linesOf(`CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x' || char(0) || char(9))`, ['a']),
      ['x\0\\t'],
    );
  });

  it('hold numbers that read back exactly, and the words of PostgreSQL for infinities', () => {
    assert.deepEqual(
      linesOf(
        `CREATE TABLE t (id INTEGER PRIMARY KEY, r REAL, i INTEGER);
         INSERT INTO t VALUES (1, 0.1, 9223372036854775807), (2, 9e999, -9223372036854775808), (3, -9e999, 0), (4, 1e300, 1), (5, 2, 1)`,
        ['r', 'i'],
      ),
      ['0.1\t9223372036854775807', 'Infinity\t-9223372036854775808', '-Infinity\t0', '1.0e+300\t1', '2.0\t1'],
    );
  });

  it('hold blobs as bytea does', () => {
    assert.deepEqual(linesOf(`CREATE TABLE t (b BLOB); INSERT INTO t VALUES (x'00ab'), (x'')`, ['b']), [
      '\\\\x00AB',
      '\\\\x',
    ]);
  });

  it('carry a letter for each column where the classes cannot be told', () => {
    assert.deepEqual(
      linesOf(
        `CREATE TABLE t (a, i INTEGER); INSERT INTO t VALUES ('x', 1), ('1', 1), (NULL, 'x'), (x'41', 1.5), (-0.0, x'')`,
        ['a', 'i'],
      ),
      ['x\t1', '1\t1\tti', '\\N\tx\tnt', '\\\\x41\t1.5\tbr', '-0.0\t\\\\x\trb'],
    );
  });
});
