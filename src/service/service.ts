import type { Catalogue, Finding } from '../core/catalogue.ts';
import type { ErrorCode } from '../core/error-catalogue.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { Job, JobKind, JobLogEntry, JobState, TableProgress } from '../core/job.ts';
import type { JobReport } from '../core/job-report.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Caller, Role } from '../core/permission.ts';
import type { JobMode, LocationRequest, TableExistsAction } from '../core/request.ts';
import type { AccessKeyService } from './access-key-service.ts';
import type { BackupService } from './backup-service.ts';
import type { DefinitionService } from './definition-service.ts';
import type { InstallationService } from './installation-service.ts';
import type {
  OwnCredential,
  StartCopy,
  StartDumpCopy,
  StartDumpDelete,
  StartExport,
  StartImport,
  StartOptions,
  StartVerify,
} from './start-input.ts';

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
  /** A file that every instance of a shared store sees under this path. */
  readonly shared: boolean;
  readonly createdAt: number;
}

/** What can be done with a database. */
export interface DatabaseAbilities {
  readonly modes: readonly JobMode[];
  /** Of the files of its engine's own format, which exports write and imports read without a manifest; null: there are none. */
  readonly ownFileExtension: string | null;
  /** An import can remove all that it holds. */
  readonly erase: boolean;
  readonly tableExistsActions: readonly TableExistsAction[];
}

export interface DirectoryView {
  readonly name: string;
  readonly url: string;
  /** Name of the credential that it is entered with. */
  readonly credential: string | null;
  /** Exports and copies to it are refused. */
  readonly readOnly: boolean;
  /** A folder that every instance of a shared store sees under this path. */
  readonly shared: boolean;
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

/** Whether a database or directory could be reached when it was looked at. */
export interface Standing {
  readonly kind: 'database' | 'directory';
  readonly name: string;
  /** Engine id; null of directories. */
  readonly engine: string | null;
  /** Its URL without secrets. */
  readonly description: string;
  /** A sentence: why it cannot be used; null when it answers. */
  readonly problem: string | null;
  readonly checkedAt: number;
}

/** A process that answers requests, of those that share the store. */
export interface InstanceView {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** Null: it answers on no port. */
  readonly url: string | null;
  readonly startedAt: number;
  readonly seenAt: number;
}

/** How the service is. */
export interface ServiceStatus {
  readonly store: {
    /** Version of its schema. */
    readonly version: number;
    /** The version that this program makes and knows. */
    readonly knownVersion: number;
  };
  /** Those that share the store; empty where it is of one process alone. */
  readonly instances: readonly InstanceView[];
  readonly standings: readonly Standing[];
}

/** Where mail about a caller's jobs goes. */
export interface MailView {
  /** Empty: nowhere. */
  readonly to: readonly string[];
  /** A sentence: why nothing is sent; null when mail is sent. */
  readonly reason: string | null;
}

/** A JSON object that an API keeps about a database, under a word of its own. */
export interface ApiDocumentAddress {
  /** Id of the API. */
  readonly api: string;
  /** Name of the registered database. */
  readonly database: string;
  /** `settings` */
  readonly key: string;
}
export type ApiDocument = Readonly<Record<string, unknown>>;

export interface JobQuery {
  readonly kinds?: readonly JobKind[];
  readonly states?: readonly JobState[];
  readonly database?: string;
  readonly api?: string;
  /** Without those that another job started; default false: all. */
  readonly topLevel?: boolean;
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
  /** What all rows share; see Manifest.consistency. */
  readonly consistency: Manifest['consistency']['kind'];
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
export interface Service extends BackupService, DefinitionService, AccessKeyService, InstallationService {
  /** Checks a Basic pair. Throws `unauthenticated`, in the same time whether or not the user exists. */
  authenticateUser(name: string, password: string): Promise<Caller>;
  /** Checks the local token of the data folder (the command line's). Throws `unauthenticated`. */
  authenticateToken(token: string): Promise<Caller>;
  /**
   * The user that a token of {@link issueToken} was made for, as the user is now: role and grants are looked up at each call. Throws
   * `unauthenticated` when the token has ended, is another API's, was made under another wallet key, or when the user is gone or has
   * another password since.
   */
  authenticateJwt(token: string, api: string): Promise<Caller>;
  /**
   * A JSON Web Token that stands for the calling user at one API. The wallet's key signs it, so that every instance knows it, and a rotation
   * of the wallet ends it. Throws `forbidden` for the local administrator, who is no user.
   * @param options.ttlSeconds 1 to 86400; `field-invalid` (field `ttl`) otherwise
   */
  issueToken(
    context: CallContext,
    options: { readonly api: string; readonly ttlSeconds: number },
  ): Promise<string>;

  addDatabase(
    context: CallContext,
    input: {
      readonly name: string;
      readonly url: string;
      readonly password?: string;
      readonly shared?: boolean;
    },
  ): Promise<DatabaseView>;
  getDatabase(context: CallContext, name: string): Promise<DatabaseView>;
  /** The databases that the caller may use. */
  listDatabases(context: CallContext): Promise<readonly DatabaseView[]>;
  /** Throws `database-unknown`, and `forbidden` for one that the caller has no grant on. */
  databaseByUid(context: CallContext, uid: number): Promise<DatabaseView>;
  /** What can be done with a database, by its engine. Does no I/O at the database. */
  databaseAbilities(context: CallContext, name: string): Promise<DatabaseAbilities>;
  /**
   * Jobs of a database, newest first, whoever asked for them: how the database stands, for whoever may read it. Their requests and logs are
   * another question, and {@link getJob} answers it.
   */
  databaseJobs(
    context: CallContext,
    query: {
      readonly database: string;
      /** Default: of every API. */
      readonly api?: string;
      readonly kinds?: readonly JobKind[];
      readonly states?: readonly JobState[];
      readonly limit: number;
    },
  ): Promise<readonly Job[]>;
  /**
   * The first error of a job that completed and went on past errors, as its log has it; null: it has none. For whoever may read the database:
   * the words of it are for those who may read the job.
   */
  firstJobError(context: CallContext, id: string): Promise<ErrorRecord | null>;
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
      readonly shared?: boolean;
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
  testLocation(
    context: CallContext,
    input: {
      readonly location: LocationRequest;
      /** As {@link StartOptions.ownCredentials}; kept nowhere. */
      readonly ownCredentials?: readonly OwnCredential[];
    },
  ): Promise<LocationTest>;

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
  /** By `Job.seq`, for APIs whose jobs have numbers. */
  getJobBySeq(context: CallContext, seq: number): Promise<Job>;
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

  /** Looks at every database and directory now, at the same time, each for some seconds at most. For administrators. */
  listStandings(context: CallContext): Promise<readonly Standing[]>;
  /** The same, with the store and who shares it. */
  readStatus(context: CallContext): Promise<ServiceStatus>;
  /** Of the store and of the program. */
  storeVersions(): Promise<ServiceStatus['store']>;
  /**
   * Throws `database-away` where the database could not be reached lately, and cannot now. One that was never looked at passes, and so does one that the
   * caller may not even read: whatever he asks for is refused as such.
   */
  refuseAway(context: CallContext, name: string): Promise<void>;

  /** Where the mail goes that {@link StartOptions.mail} of this caller asks for, of a job of this database. */
  mailOf(context: CallContext, database: string): MailView;

  /** Needs `database:read`. Null: there is none. Throws `database-unknown`. */
  apiDocument(context: CallContext, address: ApiDocumentAddress): Promise<ApiDocument | null>;
  /** The documents of that key by database, of the databases that the caller may read. */
  apiDocuments(context: CallContext, api: string, key: string): Promise<ReadonlyMap<string, ApiDocument>>;
  /**
   * Puts what `change` makes of a document in its place, as one step: changes at the same time follow one another. `change` is pure and
   * synchronous, gets null where there is none and removes it by null. The document is sealed at rest and goes with its database. Needs
   * `database:configure`; written to the audit trail as `action`. Throws `database-unknown`, and `body-too-large` above 64 KiB of JSON.
   */
  changeApiDocument(
    context: CallContext,
    address: ApiDocumentAddress,
    action: string,
    change: (document: ApiDocument | null) => ApiDocument | null,
  ): Promise<ApiDocument | null>;

  /**
   * A number that rises with each change of what is registered here: databases and what APIs keep about them, directories, credentials,
   * users. For everybody.
   */
  configurationRevision(): Promise<number>;
  /** Ready to take jobs. */
  isReady(): boolean;
}
