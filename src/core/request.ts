import type { BackupPolicy } from './backup.ts';
import type { Definition, NewItem } from './definition.ts';

/** What a caller may choose; each engine declares which it knows. */
export const jobModes = ['full', 'schema', 'table', 'tablespace'] as const;
export type JobMode = (typeof jobModes)[number];

/** How the rows of a unit are written: a word of the engine's, which declares those that it has (`text`, `binary`). */
export type Encoding = string;

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

/** Where dump files are: below a named directory (which has its own credential), or at a storage URL. */
export type LocationRequest =
  | { readonly type: 'directory'; readonly directory: string }
  | {
      readonly type: 'url';
      readonly url: string;
      /** Name of the credential that the place is entered with; null: none. */
      readonly credential: string | null;
    };

/** The least that may be asked for as size of numbered data files, in bytes. */
export const leastFileSize = 1024 * 1024;

/** Rows, definitions or both. */
export const contents = ['all', 'data_only', 'metadata_only'] as const;
export type Content = (typeof contents)[number];

/** What all rows of an export share: one instant (a lost snapshot starts the data again), or one instant per table (finished tables stay). */
export const consistencies = ['snapshot', 'table'] as const;
export type Consistency = (typeof consistencies)[number];

/** How the data files are stored. */
export const compressions = ['zstd', 'gzip', 'none'] as const;
export type Compression = (typeof compressions)[number];

/**
 * What becomes of a table that the target has already, by Data Pump's rules: `skip` leaves it, `append` adds the rows, `truncate` empties it
 * first, `replace` drops it and makes it anew. Of a table that stays, nothing but its rows is touched.
 */
export const tableExistsActions = ['skip', 'append', 'truncate', 'replace'] as const;
export type TableExistsAction = (typeof tableExistsActions)[number];

/** Objects of a type, all or those whose name satisfies the tail of a predicate (`LIKE 'TMP%'`). */
export interface ObjectFilter {
  /** The engine's word (`INDEX`, `FK CONSTRAINT`) or Data Pump's (`REF_CONSTRAINT`); see core/object-filter.ts. */
  readonly type: string;
  readonly nameExpression: string | null;
}

/** A table as requests name it: `hr.emp`, `emp` (in every schema of the selection), `"Odd".name`. Parsed by core/table-reference.ts. */
export type TableReferenceText = string;

/** Which rows of a table are read: a predicate on its columns (`salary > 1000 AND dept IN (1, 2)`), parsed by core/row-filter.ts. */
export interface RowQuery {
  readonly table: TableReferenceText;
  readonly where: string;
}

/** A random part of the rows: percent, more than 0, at most 100. Null: of every table that has no sample of its own. */
export interface RowSample {
  readonly table: TableReferenceText | null;
  readonly percent: number;
}

/** Columns whose values an export leaves out. */
export interface ColumnExclusion {
  readonly table: TableReferenceText;
  readonly columns: readonly string[];
}

/** How a value is hidden, in the database, before it is read. */
export type Mask =
  | { readonly method: 'null' }
  /** The same text for every row; it must be a value of the column's type. */
  | { readonly method: 'constant'; readonly value: string }
  /** A keyed digest: equal values stay equal within one dump set, and nobody can compute them. */
  | { readonly method: 'hash' }
  /** All but the first and last characters become `*`. */
  | { readonly method: 'partial'; readonly keepFirst: number; readonly keepLast: number };
export const maskMethods = [
  'null',
  'constant',
  'hash',
  'partial',
] as const satisfies readonly Mask['method'][];

export interface ColumnMask {
  readonly table: TableReferenceText;
  readonly column: string;
  readonly mask: Mask;
}

/** What of the database a job reads, and how: exports and copies. */
export interface ReadOptions {
  readonly selection: SelectionRequest;
  readonly content: Content;
  readonly consistency: Consistency;
  /** Empty: every type. */
  readonly include: readonly ObjectFilter[];
  readonly exclude: readonly ObjectFilter[];
  readonly queries: readonly RowQuery[];
  readonly samples: readonly RowSample[];
  readonly excludeColumns: readonly ColumnExclusion[];
  readonly masks: readonly ColumnMask[];
}

/** A new name for an old one. */
export interface Remap {
  readonly source: string;
  readonly target: string;
}

/** A new name for a table; its schema stays. */
export interface TableRemap {
  readonly table: TableReferenceText;
  readonly target: string;
}

/** New names on the way in. */
export interface Remaps {
  readonly schemas: readonly Remap[];
  readonly tables: readonly TableRemap[];
  readonly tablespaces: readonly Remap[];
  /** Roles, wherever the definitions name them: owners, grantees, policies. */
  readonly owners: readonly Remap[];
  /** How the keys of rows begin, for engines whose rows have keys: of those that fit, the longest counts. */
  readonly keyPrefixes: readonly Remap[];
}
export const noRemaps: Remaps = { schemas: [], tables: [], tablespaces: [], owners: [], keyPrefixes: [] };

/** How objects are brought into a target: imports and copies. */
export interface WriteOptions {
  readonly remaps: Remaps;
  /** Null: a table that exists refuses the whole job, unless the content is `data_only`, which then appends. */
  readonly tableExistsAction: TableExistsAction | null;
  /** Also make what lies outside of the database: roles, tablespaces. */
  readonly globals: boolean;
}

export interface ExportRequest extends ReadOptions {
  readonly kind: 'export';
  readonly database: string;
  readonly location: LocationRequest;
  /** `EXPDAT%U.DMP`, `one.dmp`; `cache-%I_of_%N.gz`: files of the engine's own format; null: a folder named like the job. */
  readonly filePattern: string | null;
  readonly encoding: Encoding;
  readonly compression: Compression;
  /** Name of the credential whose secret the dump files are encrypted with; null: they are not. */
  readonly encryptionKey: string | null;
  /** Stored bytes that no numbered data file may grow beyond; null: no limit. Needs a file pattern with `%U`. */
  readonly fileSize: number | null;
  /** Only estimate: nothing is read or written. */
  readonly estimate: boolean;
  readonly threads: number;
}

/** A file of an engine's own format, which no manifest tells about. */
export interface OwnFileRequest {
  readonly location: LocationRequest;
  /** Its name below the location. */
  readonly file: string;
}

export interface ImportRequest extends WriteOptions {
  readonly kind: 'import';
  readonly database: string;
  /** Instead of a dump set: files of the engine's own format, each at its place; null: the dump set at `location`. */
  readonly ownFiles: readonly OwnFileRequest[] | null;
  /** Once every byte of the source was checked: remove all that the target holds, also what the source has nothing of. */
  readonly erase: boolean;
  /** Null: everything in the dump set. */
  readonly selection: SelectionRequest | null;
  readonly location: LocationRequest;
  /** As given to the export; or the folder's name for a folder set; null: the location itself is the folder. */
  readonly filePattern: string | null;
  /** Name of the credential whose secret the dump set was encrypted with; null: it is not encrypted. */
  readonly encryptionKey: string | null;
  readonly content: Content;
  readonly include: readonly ObjectFilter[];
  readonly exclude: readonly ObjectFilter[];
  /** Only say, object by object, what would happen. */
  readonly dryRun: boolean;
  readonly threads: number;
}

/** From database to database in one job, without files. */
export interface CopyRequest extends ReadOptions, WriteOptions {
  readonly kind: 'copy';
  /** The source. */
  readonly database: string;
  readonly target: string;
  readonly threads: number;
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

/** A dump set from one place to another, under the same names. */
export interface DumpCopyRequest {
  readonly kind: 'dump_copy';
  /** Empty: it concerns no database. */
  readonly database: '';
  readonly location: LocationRequest;
  readonly filePattern: string | null;
  readonly to: LocationRequest;
  readonly threads: number;
}

/** A dump set that is removed. */
export interface DumpDeleteRequest {
  readonly kind: 'dump_delete';
  /** Empty: it concerns no database. */
  readonly database: '';
  readonly location: LocationRequest;
  readonly filePattern: string | null;
  readonly threads: number;
}

/** A backup: a full export to where the policy says, its entry in the catalogue, its proof, and what retention makes room for. */
export interface BackupRequest {
  readonly kind: 'backup';
  readonly database: string;
  /** The policy as it was when the backup was asked for; it decides everything. */
  readonly policy: BackupPolicy;
  /** Retention leaves it alone. */
  readonly keepForever: boolean;
  readonly threads: number;
}

/** Whether a backup can be restored: see ProofMethod. */
export interface BackupVerifyRequest {
  readonly kind: 'backup_verify';
  readonly database: string;
  /** Id in the catalogue. */
  readonly backup: number;
  readonly method: 'digest' | 'restore';
  readonly scratchDatabase: string | null;
  readonly threads: number;
}

/** Removes the files of backups, and marks their entries. */
export interface BackupDeleteRequest {
  readonly kind: 'backup_delete';
  readonly database: string;
  /** Ids in the catalogue, with what the entries will say. */
  readonly backups: readonly { readonly id: number; readonly reason: string }[];
  /** The last good one of the database too; without it that one stays, and the job's log says so. */
  readonly force: boolean;
  readonly threads: number;
}

/** A backup brought back. */
export interface RestoreRequest {
  readonly kind: 'restore';
  /** The registered database that is written. */
  readonly database: string;
  /** Id in the catalogue. */
  readonly backup: number;
  /**
   * `into`: an import into a database that must have room for it (`tableExistsAction` as imports have it). `in_place`: what the database holds
   * gives way: it is restored beside it first and takes its place then, where the engine can; else it is emptied once the set was checked.
   */
  readonly how:
    | { readonly type: 'into'; readonly tableExistsAction: TableExistsAction | null }
    | {
        readonly type: 'in_place';
        /** Keep what was replaced under another name, where the engine can. */
        readonly keepOld: boolean;
      };
  readonly threads: number;
}

/** A run of a definition. Everything it needs to know is in here: changes of the workspace do not reach it. */
export interface RunRequest {
  readonly kind: 'run';
  /** Empty: its nodes concern databases, each its own. */
  readonly database: '';
  /** Id. */
  readonly workspace: string;
  readonly definitionName: string;
  /** 0: the draft. */
  readonly version: number;
  readonly definition: Definition;
  /** The scripts that its nodes name, with their connections resolved to registered databases. */
  readonly scripts: Readonly<
    Record<string, { readonly content: string; readonly type: string; readonly connection: string | null }>
  >;
  /** Registered databases by the names of the connections. */
  readonly connections: Readonly<Record<string, string>>;
  /** Values of the parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** The time of the schedule that it runs for; null: asked for. */
  readonly plannedAt: number | null;
  readonly threads: number;
}

/** Brings definitions, scripts, resources and connections that were read from a file into a workspace. */
export interface DefinitionImportRequest {
  readonly kind: 'definition_import';
  readonly database: '';
  /** Id. */
  readonly workspace: string;
  /** Where they come from, for people: `s3://bucket/in/jobs.zip`. */
  readonly source: string;
  readonly items: readonly NewItem[];
  readonly sameName: 'skip' | 'overwrite';
  /** `saved`: drafts only; `submitted`: a version too; `scheduled`: and its schedule starts. */
  readonly targetStatus: 'saved' | 'submitted' | 'scheduled';
  /** Parameters that replace those of the file: by definition; `''`: of all. */
  readonly params: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly threads: number;
}

export type JobRequest =
  | ExportRequest
  | ImportRequest
  | CopyRequest
  | VerifyRequest
  | DumpCopyRequest
  | DumpDeleteRequest
  | BackupRequest
  | BackupVerifyRequest
  | BackupDeleteRequest
  | RestoreRequest
  | RunRequest
  | DefinitionImportRequest;
