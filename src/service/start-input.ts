import type {
  ColumnExclusion,
  ColumnMask,
  Compression,
  Consistency,
  Content,
  Encoding,
  JobMode,
  LocationRequest,
  Mask,
  ObjectFilter,
  OwnFileRequest,
  Remap,
  RowQuery,
  RowSample,
  TableExistsAction,
  TableRemap,
} from '../core/request.ts';

/* What start requests say: raw input, which the service checks; undefined means the default. */

/** What of a database is read, and how. */
export interface ReadInput {
  /** Default `schema` where the engine has schemas, with the caller's own schema; else `full`. */
  readonly mode?: JobMode;
  readonly nameExpressions?: readonly string[];
  readonly schemaExpressions?: readonly string[];
  readonly tablespaceExpressions?: readonly string[];
  /** The user whose own schema is meant where no schema is named; default: the caller. */
  readonly ownSchemaOf?: string;
  /** Default all. */
  readonly content?: Content;
  /** Default snapshot. */
  readonly consistency?: Consistency;
  readonly include?: readonly ObjectFilterInput[];
  readonly exclude?: readonly ObjectFilterInput[];
  readonly queries?: readonly RowQuery[];
  readonly samples?: readonly (Pick<RowSample, 'percent'> & Partial<RowSample>)[];
  readonly excludeColumns?: readonly ColumnExclusion[];
  readonly masks?: readonly MaskInput[];
}

/** `value` goes with the method constant; `keepFirst` and `keepLast`, each 0 by default, go with partial. */
export interface MaskInput extends Pick<ColumnMask, 'table' | 'column'> {
  readonly method: Mask['method'];
  readonly value?: string;
  readonly keepFirst?: number;
  readonly keepLast?: number;
}

/** `nameExpression` absent: every name. */
export type ObjectFilterInput = Pick<ObjectFilter, 'type'> & Partial<ObjectFilter>;

/** How objects are brought into a database. */
export interface WriteInput {
  readonly remapSchemas?: readonly Remap[];
  readonly remapTables?: readonly TableRemap[];
  readonly remapTablespaces?: readonly Remap[];
  readonly remapOwners?: readonly Remap[];
  /** How keys begin; an empty source fits every key. */
  readonly remapKeys?: readonly Remap[];
  readonly tableExistsAction?: TableExistsAction;
  /** Default false. */
  readonly globals?: boolean;
}

/** Raw input of an export: everything is checked by the service; undefined means the default. */
export interface StartExport extends ReadInput {
  readonly database: string;
  /** Default: directory DATA_PUMP_DIR. */
  readonly location?: LocationRequest;
  /** Default null: a folder named like the job. May hold `%U`, or `%I` and `%N`: files of the engine's own format, without a manifest. */
  readonly filePattern?: string | null;
  /** Default: the first of the engine's. */
  readonly encoding?: Encoding;
  /** Default zstd; for files without a manifest gzip where the file pattern ends in `.gz`, else none. */
  readonly compression?: Compression;
  /** Name of a credential of the type `encryption`; default: not encrypted. */
  readonly encryptionKey?: string;
  /** Stored bytes, 1 MiB or more, that no numbered data file may grow beyond; default: no limit. Needs `%U` in the file pattern. */
  readonly fileSize?: number;
  /** Default false: only estimate. */
  readonly estimate?: boolean;
  /** 1 or more; default 1; lowered silently to what the service allows. */
  readonly threads?: number;
}

export interface StartCopy extends ReadInput, WriteInput {
  /** The source. */
  readonly database: string;
  readonly target: string;
  readonly threads?: number;
}

/** `location` absent: directory DATA_PUMP_DIR. */
export type OwnFileInput = Pick<OwnFileRequest, 'file'> & Partial<OwnFileRequest>;

export interface StartImport extends WriteInput {
  readonly database: string;
  /** Undefined mode: everything that the set holds (and the expressions let through). */
  readonly mode?: JobMode;
  readonly nameExpressions?: readonly string[];
  readonly schemaExpressions?: readonly string[];
  readonly tablespaceExpressions?: readonly string[];
  readonly location?: LocationRequest;
  readonly filePattern?: string | null;
  /** Instead of location and filePattern: files of the engine's own format, 1 to 1000. */
  readonly ownFiles?: readonly OwnFileInput[];
  /** Default false: once the source was checked, remove all that the database holds. */
  readonly erase?: boolean;
  readonly content?: Content;
  readonly include?: readonly ObjectFilterInput[];
  readonly exclude?: readonly ObjectFilterInput[];
  /** Name of the credential that the set was encrypted with; default: it is not encrypted. */
  readonly encryptionKey?: string;
  /** Default false: only say what would happen. */
  readonly dryRun?: boolean;
  readonly threads?: number;
}

export interface StartVerify {
  readonly location?: LocationRequest;
  readonly filePattern?: string | null;
  readonly threads?: number;
}

/** A dump set from one place to another, under the same names. */
export interface StartDumpCopy {
  readonly location?: LocationRequest;
  /** Default null: the location itself is the folder. */
  readonly filePattern?: string | null;
  readonly to: LocationRequest;
  readonly threads?: number;
}

export interface StartDumpDelete {
  readonly location?: LocationRequest;
  /** Default null: the location itself is the folder. */
  readonly filePattern?: string | null;
}

/** What an API adds to a start request. */
export interface StartOptions {
  readonly api: string;
  readonly apiData?: Readonly<Record<string, unknown>>;
  /** Candidate names, see NewJob; default `EXPORT_20261121093007`, the next second on a clash. */
  readonly jobName?: (attempt: number) => string;
  /** Default file pattern made from the final job name, for APIs whose default is not the folder form. Only used when filePattern is undefined. */
  readonly defaultFilePattern?: (jobName: string) => string;
  /** Idempotency-Key of the request. */
  readonly idempotencyKey?: string;
  /**
   * Tell by e-mail how the job ends, when it completes or fails; default false. Where no mail can go ({@link Service.mailOf}) the job's log
   * says so, and the job is made all the same.
   */
  readonly mail?: boolean;
  /** See Job.priority; default 0. Above 0 needs `job:prioritise`, unless the job that starts this one has it. */
  readonly priority?: number;
  /** Throw `database-busy` when any other job of the database is not finished, of whatever kind and API; default false. */
  readonly onlyJobOfDatabase?: boolean;
  /**
   * Leave to the job what only the place itself can tell: whether it answers, and what is there. Default false: found out before the job is
   * made. A developer's right to read a dump set is found out in any case.
   */
  readonly placeLater?: boolean;
  /**
   * Credentials that come with the request, and are the job's alone: locations and `encryptionKey` name the n-th of them (from 0) by
   * `ownCredentialName(n)` of core/job-credential.ts. They are kept sealed, shown nowhere, and go when the job has ended well, was cancelled
   * or is pruned. Needs `credential:manage`.
   */
  readonly ownCredentials?: readonly OwnCredential[];
  /** The job that starts this one as a step of itself: for service/child-jobs.ts alone, no request of a user says so. */
  readonly parent?: { readonly jobId: string; readonly step: string };
}

/** A credential without a name: members as those of {@link Service.addCredential}. */
export interface OwnCredential {
  readonly type: string;
  readonly id?: string | null;
  readonly secret?: string | null;
  readonly options?: Readonly<Record<string, string>>;
}
