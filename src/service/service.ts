import type { Catalogue, Finding } from '../core/catalogue.ts';
import type { ErrorCode } from '../core/error-catalogue.ts';
import type { Job, JobKind, JobLogEntry, JobState, TableProgress } from '../core/job.ts';
import type { JobReport } from '../core/job-report.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Caller, Role } from '../core/permission.ts';
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
  Remap,
  RowQuery,
  RowSample,
  TableExistsAction,
  TableRemap,
} from '../core/request.ts';

/** Goes with every call: who asks, and which request it is (for the audit trail). */
export interface CallContext {
  readonly caller: Caller;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

export interface DatabaseView {
  readonly name: string;
  readonly uid: number;
  readonly engine: string;
  /** Without secrets. */
  readonly url: string;
  readonly createdAt: number;
}

export interface DirectoryView {
  readonly name: string;
  readonly url: string;
  /** Name of the credential that it is entered with. */
  readonly credential: string | null;
  /** Exports and copies to it are refused. */
  readonly readOnly: boolean;
  readonly createdAt: number;
}

/** A credential as anybody may see it: without id, secret and options. */
export interface CredentialView {
  readonly name: string;
  readonly type: string;
  readonly owner: string;
  readonly createdAt: number;
}

/** Whether a place takes files and gives them back. */
export interface LocationTest {
  readonly ok: boolean;
  /** Without secrets. */
  readonly url: string;
  /** One sentence: what was done, or what is wrong. */
  readonly message: string;
  /** Of the error; null when all is well. */
  readonly code: ErrorCode | null;
  readonly hint: string | null;
}

export interface UserView {
  readonly name: string;
  readonly role: Role;
  readonly databases: readonly string[];
  readonly createdAt: number;
}

/** Whether a database can be reached, and what a preflight found. */
export interface DatabaseTest {
  readonly engine: string;
  readonly serverVersion: string;
  readonly findings: readonly Finding[];
}

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
  readonly tableExistsAction?: TableExistsAction;
  /** Default false. */
  readonly globals?: boolean;
}

/** Raw input of an export: everything is checked by the service; undefined means the default. */
export interface StartExport extends ReadInput {
  readonly database: string;
  /** Default: directory DATA_PUMP_DIR. */
  readonly location?: LocationRequest;
  /** Default null: a folder named like the job. May hold `%U`. */
  readonly filePattern?: string | null;
  /** Default text. */
  readonly encoding?: Encoding;
  /** Default zstd. */
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

export interface StartImport extends WriteInput {
  readonly database: string;
  /** Undefined mode: everything that the set holds (and the expressions let through). */
  readonly mode?: JobMode;
  readonly nameExpressions?: readonly string[];
  readonly schemaExpressions?: readonly string[];
  readonly tablespaceExpressions?: readonly string[];
  readonly location?: LocationRequest;
  readonly filePattern?: string | null;
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
}

export interface JobQuery {
  readonly kinds?: readonly JobKind[];
  readonly states?: readonly JobState[];
  readonly database?: string;
  readonly api?: string;
  /** Opaque, from the page before. */
  readonly cursor?: string;
  /** 1 to 1000, default 100. */
  readonly limit?: number;
}

/** A dump set as lists show it. */
export interface DumpSetView {
  /** What to give as file pattern to import it. */
  readonly filePattern: string;
  readonly form: 'folder' | 'pattern' | 'file';
  readonly job: string;
  readonly engine: string;
  readonly database: string;
  readonly createdAt: string;
  readonly tables: number;
  readonly rows: number;
  /** Stored bytes of all its files. */
  readonly bytes: number;
  /** Whether a key is needed to import it. */
  readonly isEncrypted: boolean;
  readonly errors: number;
  /** Tables that do not hold every row and value of their source. */
  readonly reducedTables: number;
}

/** A file that a job wrote: its log, or a file of its dump set. */
export interface JobFile {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Everything that HTTP, command line and console can ask for. Every function authorises its caller (throws `forbidden`; jobs that
 * the caller may not see are `job-unknown`) and those that change state write the audit trail, refused or not.
 */
export interface Service {
  /** Checks a Basic pair. Throws `unauthenticated`, in the same time whether or not the user exists. */
  authenticateUser(name: string, password: string): Promise<Caller>;
  /** Checks the local token of the data folder (the command line's). Throws `unauthenticated`. */
  authenticateToken(token: string): Promise<Caller>;

  addDatabase(
    context: CallContext,
    input: { readonly name: string; readonly url: string; readonly password?: string },
  ): Promise<DatabaseView>;
  getDatabase(context: CallContext, name: string): Promise<DatabaseView>;
  /** The databases that the caller may use. */
  listDatabases(context: CallContext): Promise<readonly DatabaseView[]>;
  removeDatabase(context: CallContext, name: string): Promise<void>;
  /** `location`: where the dump files would be; its free space is looked at too. */
  testDatabase(
    context: CallContext,
    name: string,
    input: { readonly purpose: 'export' | 'import'; readonly location?: LocationRequest },
  ): Promise<DatabaseTest>;
  /** Tables, schemas and tablespaces, live. */
  inspectDatabase(context: CallContext, name: string): Promise<Catalogue>;

  /**
   * `path`: absolute, or a storage URL, with the name of the credential that it is entered with. A folder is made when it is missing; the
   * place is tried by writing a small file; one that is added `readOnly`, which no job writes to, by looking at it.
   */
  addDirectory(
    context: CallContext,
    input: {
      readonly name: string;
      readonly path: string;
      readonly credential?: string | null;
      readonly readOnly?: boolean;
    },
  ): Promise<DirectoryView>;
  getDirectory(context: CallContext, name: string): Promise<DirectoryView>;
  listDirectories(context: CallContext): Promise<readonly DirectoryView[]>;
  removeDirectory(context: CallContext, name: string): Promise<void>;

  /**
   * Keeps a credential, sealed. What `id` and `secret` are, whether they are needed and which options there are, is the type's to say
   * (`CredentialType` of the storages, or `encryption`). Throws `credential-exists`, also for a name that another user has.
   */
  addCredential(
    context: CallContext,
    input: {
      readonly name: string;
      readonly type: string;
      readonly id?: string | null;
      readonly secret?: string | null;
      readonly options?: Readonly<Record<string, string>>;
      /** Default: the caller. Only administrators may name somebody else. */
      readonly owner?: string;
    },
  ): Promise<CredentialView>;
  /** Throws `credential-unknown`, the same for a missing one and for another user's. */
  getCredential(context: CallContext, name: string): Promise<CredentialView>;
  /** The caller's own; administrators see all. */
  listCredentials(context: CallContext): Promise<readonly CredentialView[]>;
  /** Throws `credential-in-use` while a directory or an unfinished job needs it. */
  removeCredential(context: CallContext, name: string): Promise<void>;

  /** Writes, reads back and deletes a small file at a place; a directory that is read-only is looked at. What is wrong there is told in the result, what is wrong in the request thrown. */
  testLocation(context: CallContext, input: { readonly location: LocationRequest }): Promise<LocationTest>;

  /**
   * Exchanges the key that seals what is secret in the store, and seals everything again. Throws `option-invalid` when the key comes from
   * the environment and the previous one is not there.
   */
  rotateWallet(
    context: CallContext,
  ): Promise<{ readonly resealed: number; readonly keptIn: 'file' | 'environment' }>;

  addUser(
    context: CallContext,
    input: {
      readonly name: string;
      readonly role: string;
      readonly password: string;
      /** Grants of a developer; undefined: every database, also those to come (`*`). Other roles take none. */
      readonly databases?: readonly string[];
    },
  ): Promise<UserView>;
  getUser(context: CallContext, name: string): Promise<UserView>;
  listUsers(context: CallContext): Promise<readonly UserView[]>;
  /** Removes the user's credentials too. Throws `credential-in-use` while one of them is needed. */
  removeUser(context: CallContext, name: string): Promise<void>;

  startExport(
    context: CallContext,
    input: StartExport,
    options: StartOptions,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  startImport(
    context: CallContext,
    input: StartImport,
    options: StartOptions,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  /** Needs `export:start` on the source and `import:start` on the target. */
  startCopy(
    context: CallContext,
    input: StartCopy,
    options: StartOptions,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  startVerify(
    context: CallContext,
    input: StartVerify,
    options: StartOptions,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  /** Needs `dump:manage`, and a grant on the database that the set holds data of. Errors about `to` have fields that begin with `to_`. */
  startDumpCopy(
    context: CallContext,
    input: StartDumpCopy,
    options: StartOptions,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  /** Needs the same. Throws `dump-in-use` while an unfinished job reads or writes the set. */
  startDumpDelete(
    context: CallContext,
    input: StartDumpDelete,
    options: StartOptions,
  ): Promise<{ readonly job: Job; readonly created: boolean }>;
  getJob(context: CallContext, id: string): Promise<Job>;
  /** What an estimate or a dry run found; null: the job is of another kind, or not that far. */
  jobReport(context: CallContext, id: string): Promise<JobReport | null>;
  findJob(context: CallContext, database: string, api: string, name: string): Promise<Job>;
  listJobs(
    context: CallContext,
    query: JobQuery,
  ): Promise<{ readonly jobs: readonly Job[]; readonly nextCursor: string | null }>;
  stopJob(context: CallContext, id: string): Promise<Job>;
  resumeJob(context: CallContext, id: string): Promise<Job>;
  cancelJob(context: CallContext, id: string): Promise<Job>;
  jobTables(context: CallContext, id: string): Promise<readonly TableProgress[]>;
  /** Entries after `afterSeq`, in order, at most `limit` (default 1000). */
  jobLog(context: CallContext, id: string, afterSeq: number, limit?: number): Promise<readonly JobLogEntry[]>;
  /** Entries as they come, from after `afterSeq`, interleaved with the job whenever it changed; ends when the job rests and all was told. */
  watchJob(
    context: CallContext,
    id: string,
    afterSeq: number,
  ): AsyncIterable<{ readonly log: JobLogEntry } | { readonly job: Job }>;
  /** The dump files of an export that exist by now. */
  jobFiles(context: CallContext, id: string): Promise<readonly JobFile[]>;
  /** Throws `file-unknown` for a name that is not one of {@link jobFiles}. */
  openJobFile(
    context: CallContext,
    id: string,
    name: string,
  ): Promise<{ readonly bytes: number; readonly stream: AsyncIterable<Uint8Array> }>;

  listDumpSets(context: CallContext, location: LocationRequest): Promise<readonly DumpSetView[]>;
  showDumpSet(context: CallContext, location: LocationRequest, filePattern: string | null): Promise<Manifest>;

  /** Ready to take jobs. */
  isReady(): boolean;
}
