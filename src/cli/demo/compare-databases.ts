import Database from 'better-sqlite3';

/** One table in both databases. */
export interface TableComparison {
  readonly table: string;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Rows that are in one database and not in the other. */
  readonly differing: number;
}

export interface DatabaseComparison {
  readonly tables: readonly TableComparison[];
  /** Tables, indexes, views and triggers whose definition differs, or that only one side has. */
  readonly differingObjects: readonly string[];
  readonly equal: boolean;
}

/** Compares two SQLite files row by row, with the storage class of every value, and object by object. Both are only read. */
export function compareDatabases(source: string, target: string): DatabaseComparison {
  const database = new Database(source, { readonly: true, fileMustExist: true });
  try {
    database.prepare('ATTACH ? AS target').run(target);
    const names = database
      .prepare<[], string>(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
      )
      .pluck()
      .all();
    const tables = names.map((name) => compareTable(database, name));
    const differingObjects = compareObjects(database);
    const equal =
      differingObjects.length === 0 &&
      tables.every((table) => table.differing === 0 && table.sourceRows === table.targetRows);
    return { tables, differingObjects, equal };
  } finally {
    database.close();
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function compareTable(database: Database.Database, name: string): TableComparison {
  const count = (sql: string): number => database.prepare<[], number>(sql).pluck().get() ?? 0;
  const table = quoted(name);
  const sourceRows = count(`SELECT count(*) FROM main.${table}`);
  if (!exists(database, name)) return { table: name, sourceRows, targetRows: 0, differing: sourceRows };
  const columns = database
    .prepare<[string], string>("SELECT name FROM pragma_table_info(?, 'main')")
    .pluck()
    .all(name);
  // Equal values of different storage classes (1 and 1.0) compare as equal in SQL, so the class is compared too.
  const list = columns.flatMap((column) => [quoted(column), `typeof(${quoted(column)})`]).join(', ');
  const rows = (schema: string) => `SELECT ${list} FROM ${schema}.${table}`;
  return {
    table: name,
    sourceRows,
    targetRows: count(`SELECT count(*) FROM target.${table}`),
    differing:
      count(`SELECT count(*) FROM (${rows('main')} EXCEPT ${rows('target')})`) +
      count(`SELECT count(*) FROM (${rows('target')} EXCEPT ${rows('main')})`),
  };
}

const exists = (database: Database.Database, name: string): boolean =>
  database.prepare("SELECT 1 FROM target.sqlite_master WHERE type = 'table' AND name = ?").get(name) !==
  undefined;

function compareObjects(database: Database.Database): readonly string[] {
  const objects = (schema: string) =>
    `SELECT type || ' ' || name AS object, sql FROM ${schema}.sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'`;
  return database
    .prepare<[], string>(
      `SELECT DISTINCT object FROM (SELECT * FROM (${objects('main')} EXCEPT ${objects('target')})
       UNION ALL SELECT * FROM (${objects('target')} EXCEPT ${objects('main')})) ORDER BY object`,
    )
    .pluck()
    .all();
}
