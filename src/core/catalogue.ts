/** Names of a table; `schema` is '' never: engines without schemas use their own word (SQLite: `main`). */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * The schema of the pseudo-tables whose rows belong to the database as a whole (PostgreSQL: `pg_largeobject`, the contents of its large
 * objects). Only full jobs without expressions carry them, and their definitions are objects outside of schemas.
 */
export const databaseSchema = 'pg_catalog';

/** Schemas that every database has from the beginning: what is said of their objects (grants) goes with the database as a whole. */
export const systemSchemas: ReadonlySet<string> = new Set([databaseSchema, 'information_schema']);

export const isOfDatabase = ({ schema }: { readonly schema: string }): boolean => schema === databaseSchema;

export interface Column {
  readonly name: string;
  /** The type as the source spells it (`numeric(12,2)`, `INTEGER`). */
  readonly type: string;
}

/** A table whose rows can be exported. */
export interface Table extends TableName {
  readonly tablespace: string | null;
  /** Columns whose values travel, in order; generated ones are left out. */
  readonly columns: readonly Column[];
  readonly estimate: { readonly rows: number; readonly bytes: number };
  /** The partitioned tables that it is a part of, nearest first; what a request says of one of them, it says of this table. Absent: none. */
  readonly partOf?: readonly TableName[];
  /**
   * The tables that it inherits from, nearest first: a query of one of them shows this table's rows too, so what a request says of how their
   * rows are read, it says of this table. It is chosen by its own name alone. Absent: none.
   */
  readonly inherits?: readonly TableName[];
  /** The columns that decide which part of a partitioned table a row belongs to, on any level. Absent: none. */
  readonly partitionKey?: readonly string[];
  /** Generated columns: they can be asked for in a filter, and their values do not travel. Absent: none. */
  readonly generated?: readonly string[];
  /** Columns that take no null, and of these the ones that nothing fills when a row comes without them. Absent: not known. */
  readonly notNull?: readonly string[];
  readonly required?: readonly string[];
  /** The columns of each unique key, the primary one first. Absent: not known. */
  readonly keys?: readonly (readonly string[])[];
  /** Engine-own facts that plan() needs (pages, key range); plain JSON. */
  readonly details: unknown;
}

/** What a database holds, seen through one snapshot. */
export interface Catalogue {
  readonly schemas: readonly string[];
  readonly tablespaces: readonly string[];
  readonly tables: readonly Table[];
}

/** When a DDL object is created: before the data, or after it. */
export type DdlSection = 'pre' | 'post';

/** One object of the schema with the statements that make it. */
export interface DdlObject {
  readonly section: DdlSection;
  /** The engine's word in capitals: TABLE, INDEX, CONSTRAINT, FK CONSTRAINT, SEQUENCE SET, VIEW, ACL, COMMENT ... */
  readonly type: string;
  /** Null for objects outside of schemas (EXTENSION, SCHEMA itself has its own name here). */
  readonly schema: string | null;
  readonly name: string;
  /** Name of the table (in `schema`) that the object belongs to and follows; null for independent objects. */
  readonly table: string | null;
  readonly owner: string | null;
  /** One or more statements, each ended by a semicolon. */
  readonly sql: string;
}

/** The key that groups and logs use for a table: unambiguous, printable. */
export const tableKey = (table: TableName): string =>
  `${JSON.stringify(table.schema)}.${JSON.stringify(table.name)}`;

/** A finding of a preflight. Red ones stop the job. */
export interface Finding {
  readonly level: 'green' | 'amber' | 'red';
  /** Stable word of what was looked at (`privilege`, `version`, `locks`). */
  readonly check: string;
  readonly message: string;
  readonly remedy: string;
}
