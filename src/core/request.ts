/** What a caller may choose; each engine declares which it knows. */
export const jobModes = ['full', 'schema', 'table', 'tablespace'] as const;
export type JobMode = (typeof jobModes)[number];

export const encodings = ['text', 'binary'] as const;
export type Encoding = (typeof encodings)[number];

/**
 * Which objects a job is about. The texts are tails of SQL predicates on a name (`LIKE 'EMP%'`), parsed by
 * core/expression.ts; all of one array are ANDed, and the arrays are ANDed with each other.
 */
export interface SelectionRequest {
  readonly mode: JobMode;
  /** Filter on object names; in table mode on table names. */
  readonly nameExpressions: readonly string[];
  readonly schemaExpressions: readonly string[];
  readonly tablespaceExpressions: readonly string[];
  /**
   * Name of the user whose own schema is meant where schema and table mode are given no schema expression: the schema of that name
   * without regard to case, else the engine's default. Absent: the job's owner. Resolved when the job is planned.
   */
  readonly ownSchemaOf?: string;
}

/** Where dump files are: below a named directory, or at a storage URL. */
export type LocationRequest =
  | { readonly type: 'directory'; readonly directory: string }
  | { readonly type: 'url'; readonly url: string };

export interface ExportRequest {
  readonly kind: 'export';
  readonly database: string;
  readonly selection: SelectionRequest;
  readonly location: LocationRequest;
  /** `EXPDAT%U.DMP`, `one.dmp`; null: a folder named like the job. */
  readonly filePattern: string | null;
  readonly encoding: Encoding;
  readonly threads: number;
}

export interface ImportRequest {
  readonly kind: 'import';
  readonly database: string;
  /** Null: everything in the dump set. */
  readonly selection: SelectionRequest | null;
  readonly location: LocationRequest;
  /** As given to the export; or the folder's name for a folder set; null: the location itself is the folder. */
  readonly filePattern: string | null;
  readonly remapSchemas: readonly SchemaRemap[];
  readonly threads: number;
}

export interface SchemaRemap {
  readonly source: string;
  readonly target: string;
}

/** Check every byte of a dump set against its digests. */
export interface VerifyRequest {
  readonly kind: 'verify';
  /** Empty: a verification concerns no database. */
  readonly database: '';
  readonly location: LocationRequest;
  readonly filePattern: string | null;
  readonly threads: number;
}

export type JobRequest = ExportRequest | ImportRequest | VerifyRequest;
