import type { Database } from 'better-sqlite3';
import { quoteText } from './names.ts';

/**
 * What values a column is meant for. In SQLite the storage class belongs to the value, and the column has only an affinity, which is
 * found in the declared type (https://sqlite.org/datatype3.html, section 3.1). `any` is a column without one.
 */
export type ColumnKind = 'integer' | 'real' | 'numeric' | 'text' | 'blob' | 'any';

/** The kind of a column declared as `type`. */
export function columnKind(type: string, strict: boolean): ColumnKind {
  const upper = type.toUpperCase();
  if (strict && upper === 'ANY') return 'any';
  if (upper.includes('INT')) return 'integer';
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'text';
  if (upper.includes('BLOB')) return 'blob';
  if (upper === '') return 'any';
  if (/REAL|FLOA|DOUB/.test(upper)) return 'real';
  return 'numeric';
}

/** A column whose values travel. */
export interface StoredColumn {
  readonly name: string;
  /** As declared. */
  readonly type: string;
  readonly kind: ColumnKind;
  /** SQLite itself sees to it that every value has the class of the kind, or is NULL. */
  readonly enforced: boolean;
}

export interface TableShape {
  readonly name: string;
  /** In order, without generated ones. Begins with the rowid, under `rowid`, where that is a value of its own. */
  readonly columns: readonly StoredColumn[];
  /** A name by which the rowid can be reached; null in tables WITHOUT ROWID, or whose columns have taken all its names. */
  readonly rowid: string | null;
  readonly withoutRowid: boolean;
  /** A table that a virtual table keeps its content in. */
  readonly shadow: boolean;
}

interface TableListRow {
  readonly name: string;
  readonly type: 'table' | 'view' | 'shadow' | 'virtual';
  readonly wr: number;
  readonly strict: number;
}
interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
  readonly hidden: number;
}

const rowidNames = ['rowid', '_rowid_', 'oid'];

/**
 * The shape of a table; undefined where there is none of that name.
 *
 * The rowid travels like a column wherever it can be reached and is no column already (INTEGER PRIMARY KEY): other tables and programs
 * may refer to it, full-text indexes do, and an import in several units could not give the same ones again.
 */
export function tableShape(db: Database, table: string): TableShape | undefined {
  const [listed] = db
    .prepare<[string], TableListRow>(
      `SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE`,
    )
    .all(table);
  if (listed === undefined) return undefined;
  const rows = db
    .prepare<[], ColumnRow>(
      `SELECT name, type, pk, hidden FROM pragma_table_xinfo(${quoteText(listed.name)}, 'main')`,
    )
    .all();
  const taken = new Set(rows.map((row) => row.name.toLowerCase()));
  const alias = listed.wr === 0 ? integerPrimaryKey(db, listed.name, rows) : null;
  const rowid = listed.wr === 1 ? null : (alias ?? rowidNames.find((name) => !taken.has(name)) ?? null);
  const columns = rows
    .filter((row) => row.hidden === 0)
    .map((row): StoredColumn => {
      const kind = columnKind(row.type, listed.strict === 1);
      return {
        name: row.name,
        type: row.type,
        kind,
        enforced: row.name === alias || (listed.strict === 1 && kind !== 'any'),
      };
    });
  const own: StoredColumn[] =
    rowid === null || rowid === alias
      ? []
      : [{ name: rowid, type: 'INTEGER', kind: 'integer', enforced: true }];
  return {
    name: listed.name,
    columns: [...own, ...columns],
    rowid,
    withoutRowid: listed.wr === 1,
    shadow: listed.type === 'shadow',
  };
}

/** The column that is the rowid by another name; null if none is. Only an INTEGER PRIMARY KEY needs no index of its own. */
function integerPrimaryKey(db: Database, table: string, rows: readonly ColumnRow[]): string | null {
  const keys = rows.filter((row) => row.pk > 0);
  if (keys.length !== 1 || keys[0]?.type.toUpperCase() !== 'INTEGER') return null;
  const indexes = db
    .prepare(`SELECT 1 FROM pragma_index_list(${quoteText(table)}, 'main') WHERE origin = 'pk'`)
    .all();
  return indexes.length === 0 ? keys[0].name : null;
}
