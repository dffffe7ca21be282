import type { Database } from 'better-sqlite3';
import type { DdlObject } from '../../core/catalogue.ts';
import { isInternalName, mainSchema, quoteText } from './names.ts';

interface SchemaRow {
  readonly type: 'table' | 'index' | 'view' | 'trigger';
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string;
  /** Of the table that it is about: table, shadow, virtual, view. */
  readonly kind: string;
}

/**
 * The statements that make the database, as it keeps them itself, in an order in which they can be run: tables, indexes, views, triggers
 * (a view may name what comes later, SQLite looks when it is used), then what is kept beside them: counters of AUTOINCREMENT, numbers in
 * the header of the file, whether there were statistics.
 */
export function readDdl(db: Database): readonly DdlObject[] {
  const rows = db
    .prepare<[], SchemaRow>(
      `SELECT s.type, s.name, s.tbl_name, s.sql, t.type AS kind FROM main.sqlite_schema s
       LEFT JOIN pragma_table_list t ON t.schema = 'main' AND t.name = s.tbl_name
       WHERE s.sql IS NOT NULL ORDER BY s.rowid`,
    )
    .all()
    .filter((row) => !isInternalName(row.name) && row.kind !== 'shadow');
  const ofType = (type: SchemaRow['type']) => rows.filter((row) => row.type === type);
  return [
    ...ofType('table').map((row) =>
      object('pre', row.kind === 'virtual' ? 'VIRTUAL TABLE' : 'TABLE', row.name, null, statement(row.sql)),
    ),
    ...ofType('index').map((row) => object('post', 'INDEX', row.name, row.tbl_name, statement(row.sql))),
    ...ofType('view').map((row) => object('post', 'VIEW', row.name, null, statement(row.sql))),
    ...ofType('trigger').map((row) =>
      object('post', 'TRIGGER', row.name, row.kind === 'table' ? row.tbl_name : null, statement(row.sql)),
    ),
    ...sequences(db),
    ...headerNumbers(db),
    ...statistics(db),
  ];
}

function object(
  section: DdlObject['section'],
  type: string,
  name: string,
  table: string | null,
  sql: string,
): DdlObject {
  return { section, type, schema: mainSchema, name, table, owner: null, sql };
}

/** The text may end in a comment that runs to the end of the line. */
const statement = (sql: string): string => (sql.includes('--') ? `${sql}\n;` : `${sql};`);

const exists = (db: Database, table: string): boolean =>
  db.prepare(`SELECT 1 FROM main.sqlite_schema WHERE name = ?`).get(table) !== undefined;

function sequences(db: Database): readonly DdlObject[] {
  if (!exists(db, 'sqlite_sequence')) return [];
  return db
    .prepare<[], { name: string; value: string }>(
      `SELECT name, CAST(CAST(seq AS INTEGER) AS TEXT) AS value FROM main.sqlite_sequence
       WHERE name IN (SELECT name FROM main.sqlite_schema WHERE type = 'table') ORDER BY rowid`,
    )
    .all()
    .map(({ name, value }) => {
      const table = quoteText(name);
      const sql =
        `DELETE FROM sqlite_sequence WHERE name = ${table};\n` +
        `INSERT INTO sqlite_sequence(name, seq) VALUES (${table}, ${value});`;
      return object('post', 'SEQUENCE SET', name, name, sql);
    });
}

function headerNumbers(db: Database): readonly DdlObject[] {
  return ['user_version', 'application_id'].flatMap((name) => {
    const value = db.pragma(name, { simple: true });
    return value === 0 ? [] : [object('post', 'PRAGMA', name, null, `PRAGMA ${name} = ${value};`)];
  });
}

/** Statistics are gathered anew: they are about the same rows. */
const statistics = (db: Database): readonly DdlObject[] =>
  exists(db, 'sqlite_stat1') ? [object('post', 'STATISTICS', 'sqlite_stat1', null, 'ANALYZE;')] : [];
