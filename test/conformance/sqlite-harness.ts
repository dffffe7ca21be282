import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import type { EngineHarness } from './engine.ts';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Everything that SQLite has and that must come over; see `compareDatabases`. */
const features = `
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);
INSERT INTO counted (v) VALUES ('a'), ('b'), ('c'); DELETE FROM counted WHERE id > 1;
CREATE TABLE anything (a, b BLOB, t TEXT, i INTEGER, r REAL, n NUMERIC, d DATETIME);
INSERT INTO anything VALUES
  (1, 1, 1, 1, 1, 1, 1), (1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5), ('1', '1', '1', '1', '1', '1', '1'),
  (x'00ff', x'00ff', x'00ff', x'00ff', x'00ff', x'00ff', x'00ff'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('', '', '', '', '', '', ''), ('\\N', '\\x41', '\\', 'x', 'y', '2024-01-31', '2024-01-31 10:00:00'),
  (9e999, -9e999, 'Infinity', 9e999, -9e999, 'Infinity', 9e999),
  (9223372036854775807, -9223372036854775808, 'a' || char(0) || char(9), 9223372036854775807, 1e300, 9007199254740993, 0.1);
INSERT INTO anything (rowid, a) VALUES (-5, 'before'), (9223372036854775807, 'last');
CREATE TABLE without (k TEXT COLLATE NOCASE, j INTEGER, v, PRIMARY KEY (k DESC, j)) WITHOUT ROWID;
INSERT INTO without SELECT 'k' || value, value, char(9) || value FROM json_each('[1,2,3,4]');
CREATE TABLE exact (id INT PRIMARY KEY, r REAL, t TEXT, b BLOB, a ANY) STRICT;
INSERT INTO exact VALUES (1, 1, '1', x'01', '001'), (2, 0.1, 'x', x'', 7), (3, NULL, NULL, NULL, NULL);
CREATE TABLE "select ""from"" größe" ("group" TEXT, "line" INTEGER PRIMARY KEY, "k" TEXT, "a b" AS ("k" || '!'), "ü" TEXT);
INSERT INTO "select ""from"" größe" ("group", "k", "ü") VALUES ('g', 'line' || char(10) || 'two', '\u{1F600}');
CREATE TABLE taken (rowid TEXT, _rowid_ TEXT, oid TEXT); INSERT INTO taken VALUES ('a', 'b', 'c'), ('d', 'e', NULL);
CREATE TABLE half (rowid TEXT, oid INTEGER); INSERT INTO half (_rowid_, rowid) VALUES (77, 'seventy-seven');
CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES counted (id) ON DELETE CASCADE, CHECK (id <> 5));
INSERT INTO child VALUES (1, 1);
CREATE UNIQUE INDEX some ON anything (t, lower(t)) WHERE t IS NOT NULL AND i = 4711;
CREATE VIEW later AS SELECT * FROM sooner; -- a comment at the end
CREATE VIEW sooner AS SELECT id, v FROM counted -- and one inside
;
CREATE TRIGGER log_child AFTER INSERT ON child BEGIN UPDATE counted SET v = v || '!'; INSERT INTO counted (v) VALUES ('t'); END;
CREATE TRIGGER instead INSTEAD OF INSERT ON sooner BEGIN INSERT INTO counted (v) VALUES (NEW.v); END;
CREATE VIRTUAL TABLE words USING fts5(title, body, tokenize = 'porter');
INSERT INTO words VALUES ('one', 'the quick brown fox'), ('two', 'jumps over lazy dogs');
INSERT INTO words (title, body) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT 't' || i, 'word' || i || ' fox' FROM n;
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, +label);
INSERT INTO boxes WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, i, i + 1, 'box ' || i FROM n;
PRAGMA user_version = 42; PRAGMA application_id = -7;
ANALYZE;
`;

/** SQLite databases in a temporary folder, in WAL mode so that tests can write beside a snapshot. */
export async function sqliteHarness(): Promise<EngineHarness & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pumphouse-sqlite-'));
  let count = 0;
  const pathOf = (target: Readonly<Record<string, unknown>>): string => String(target.path);
  return {
    engine: sqliteEngine,
    folder,
    features,
    prefix: '',
    missing: { path: join(folder, 'missing.db') },
    urls: {
      'sqlite:/a/b.db': 'sqlite:/a/b.db',
      'sqlite:///a/b.db': 'sqlite:/a/b.db',
      'SQLITE:/a/with%20space.db': 'sqlite:/a/with space.db',
      'sqlite:/a/50%25%3F.db': 'sqlite:/a/50%25%3F.db',
      'sqlite:b.db': `sqlite:${process.cwd()}/b.db`,
    },
    badUrls: [
      '',
      'sqlite:',
      'sqlite::memory:',
      'sqlite://host/a.db',
      'sqlite:/a?mode=ro',
      'sqlite:/a/',
      'sqlite:/%ff',
      'file:/a',
      'sqlite:/a%00b',
    ],
    async createDatabase() {
      const path = join(folder, `${++count}.db`);
      const db = new Database(path);
      db.pragma('journal_mode = WAL');
      db.close();
      return { path };
    },
    async execute(target, sql) {
      const db = new Database(pathOf(target), { timeout: 0 });
      try {
        db.pragma('foreign_keys = OFF');
        db.exec(sql);
      } finally {
        db.close();
      }
    },
    async query(target, sql) {
      const db = new Database(pathOf(target), { timeout: 0 });
      try {
        const rows = db.prepare<[], unknown[]>(sql).raw().all();
        return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
      } finally {
        db.close();
      }
    },
    async compare(source, target) {
      compareDatabases(pathOf(source), pathOf(target));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Fails unless both files hold the same schema, rows, storage classes, rowids, counters and header numbers. */
export function compareDatabases(left: string, right: string): void {
  const [a, b] = [left, right].map((path) => new Database(path, { readonly: true })) as [
    Database.Database,
    Database.Database,
  ];
  try {
    const schema = schemaOf(a);
    assert.deepEqual(schemaOf(b), schema);
    for (const name of tablesOf(a)) {
      const rows = contentOf(b, name);
      let count = 0;
      for (const expected of contentOf(a, name)) {
        const actual = rows.next().value;
        // Strings are quick to compare and tell -0 from 0; the slow comparison explains.
        if (print(actual) !== print(expected)) assert.deepEqual(actual, expected, `row ${count} of ${name}`);
        count++;
      }
      assert.equal(rows.next().done, true, `${name} has more than ${count} rows`);
    }
    for (const pragma of ['user_version', 'application_id']) {
      assert.equal(b.pragma(pragma, { simple: true }), a.pragma(pragma, { simple: true }), pragma);
    }
    assert.deepEqual(b.pragma('integrity_check', { simple: true }), 'ok');
  } finally {
    a.close();
    b.close();
  }
}

const print = (row: unknown): string =>
  JSON.stringify(row, (_, value) =>
    typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : value,
  ) ?? '';

function schemaOf(db: Database.Database): unknown {
  return db
    .prepare(
      `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_autoindex%' ESCAPE '\\' ORDER BY type, name`,
    )
    .all();
}

function tablesOf(db: Database.Database): readonly string[] {
  return db
    .prepare<[], string>(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow', 'virtual')
         AND name NOT IN ('sqlite_schema', 'sqlite_stat1', 'sqlite_stat4') ORDER BY name`,
    )
    .pluck()
    .all();
}

/** Each value with its class, texts and blobs in hex; the rowid first where the table lets it be seen. */
function contentOf(db: Database.Database, table: string): IterableIterator<unknown> {
  const columns = db
    .prepare<[string], { name: string; hidden: number }>('SELECT name, hidden FROM pragma_table_xinfo(?)')
    .all(table);
  const [listed] = db
    .prepare<[string], { wr: number; type: string }>(
      `SELECT wr, type FROM pragma_table_list WHERE schema = 'main' AND name = ?`,
    )
    .all(table);
  const names = new Set(columns.map((column) => column.name.toLowerCase()));
  const rowid = listed?.wr === 1 ? undefined : ['rowid', '_rowid_', 'oid'].find((name) => !names.has(name));
  const values = columns
    .filter((column) => column.hidden !== 1)
    .flatMap(({ name }) => {
      const column = quote(name);
      return [`typeof(${column})`, `iif(typeof(${column}) IN ('text', 'blob'), hex(${column}), ${column})`];
    });
  const order =
    listed?.wr === 1 || table === 'sqlite_sequence' ? '' : rowid === undefined ? '' : `ORDER BY ${rowid}`;
  return db
    .prepare(
      `SELECT ${[...(rowid === undefined ? [] : [rowid]), ...values].join(', ')} FROM ${quote(table)} ${order}`,
    )
    .raw()
    .safeIntegers()
    .iterate();
}
