import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import SqliteDatabase from 'better-sqlite3';
import type { DdlObject } from '../../core/catalogue.ts';
import { readDdl } from './ddl.ts';
import { refuseObjects } from './refuse.ts';

const object = (type: string, name: string, sql: string, table: string | null = null): DdlObject => ({
  section: 'pre',
  type,
  schema: 'main',
  name,
  table,
  owner: null,
  sql,
});

describe('hostile objects of SQLite', () => {
  const hostile: readonly DdlObject[] = [
    object('TABLE', 'a', "ATTACH 'x.db' AS x;"),
    object('TABLE', 'a', 'DROP TABLE b;'),
    object('TABLE', 'a', 'CREATE TABLE b (a);'),
    object('TABLE', 'a', 'CREATE TABLE temp.a (a);'),
    object('TABLE', 'a', 'CREATE TABLE a.b (a);'),
    object('TABLE', 'a', 'CREATE TEMP TABLE a (a);'),
    object('TABLE', 'a', 'CREATE TABLE /* a */ b (a);'),
    object('TABLE', 'a', 'CREATE TABLE -- TABLE a\nb (a);'),
    object('TABLE', '_pumphouse_receipt', 'CREATE TABLE _pumphouse_receipt (a);'),
    object('TABLE', 'sqlite_x', 'CREATE TABLE sqlite_x (a);'),
    object('VIEW', 'v', 'CREATE VIEW v AS SELECT * FROM "_Pumphouse_Receipt";'),
    object('VIEW', 'v', 'CREATE TABLE v (a);'),
    object('INDEX', 'i', 'CREATE INDEX i ON t (a);', 'u'),
    object('INDEX', 'i', 'CREATE INDEX i ON /* u */ "t" (a);', 'u'),
    object('TRIGGER', 'g', 'CREATE TRIGGER g AFTER UPDATE OF "on" ON t BEGIN SELECT 1; END;', 'on'),
    object(
      'TRIGGER',
      'g',
      'CREATE TRIGGER g AFTER INSERT ON _pumphouse_receipt BEGIN SELECT 1; END;',
      '_pumphouse_receipt',
    ),
    object('PRAGMA', 'writable_schema', 'PRAGMA writable_schema = 1;'),
    object('PRAGMA', 'user_version', 'PRAGMA user_version = 1; DROP TABLE a;'),
    object('SEQUENCE SET', 'a', "DELETE FROM sqlite_sequence WHERE name = 'a';\nDROP TABLE a;"),
    object('STATISTICS', 'a', "SELECT load_extension('x');"),
    object('POLICY', 'a', 'SELECT 1;'),
  ];
  for (const each of hostile) {
    it(each.sql, () => {
      const [failure] = refuseObjects([each]);
      assert.deepEqual(failure?.object, { type: each.type, schema: 'main', name: each.name });
    });
  }

  it('are none of what an export writes, whatever the names are', () => {
    const db = new SqliteDatabase(':memory:');
    db.exec(`
      CREATE TABLE plain (id INTEGER PRIMARY KEY AUTOINCREMENT, "on" TEXT CHECK ("on" <> ';')); -- a comment
      CREATE TABLE "a ""b"".c" (a, b REFERENCES plain (id)) /* ON x */;
      CREATE TABLE [br ack] (a);
      CREATE TABLE \`tick\` (a PRIMARY KEY) WITHOUT ROWID;
      CREATE TABLE if not exists Ünï (a);
      CREATE VIRTUAL TABLE words USING fts5(a, b);
      CREATE UNIQUE INDEX "i on" ON "a ""b"".c" (a) WHERE a > 1;
      CREATE INDEX plain_on ON plain ("on");
      CREATE VIEW "view" (x) AS SELECT "on" FROM plain;
      CREATE TRIGGER g AFTER UPDATE OF "on" ON plain WHEN new."on" = ' ON x' BEGIN INSERT INTO [br ack] VALUES (1); END;
      CREATE TRIGGER h INSTEAD OF INSERT ON "view" BEGIN DELETE FROM plain; SELECT 1; END;
      INSERT INTO plain DEFAULT VALUES;
      ALTER TABLE plain RENAME TO "plain 2";
      PRAGMA user_version = 7;
      ANALYZE;
    `);
    const objects = readDdl(db);
    assert.ok(objects.length > 12);
    assert.deepEqual(refuseObjects(objects), []);
    db.close();
  });
});
