import type { Role } from '../core/permission.ts';

/** A registered database. `sealedTarget` is opened by the service's sealer only. */
export interface DatabaseRecord {
  readonly name: string;
  /** Numeric id, from 1, never reused. */
  readonly uid: number;
  /** Engine id. */
  readonly engine: string;
  readonly sealedTarget: string;
  /** The URL without its secrets. */
  readonly description: string;
  /** Of an engine with `localFiles`: every instance of a shared store sees the same file under this path. */
  readonly shared: boolean;
  readonly createdAt: number;
}

/** A named location. `url` is a storage URL without secrets (`file:///var/dumps`). */
export interface DirectoryRecord {
  readonly name: string;
  readonly url: string;
  /** Name of the credential that the place is entered with; null: none. */
  readonly credential: string | null;
  /** Nothing is written there: the credential, or the place, only lets read. */
  readonly readOnly: boolean;
  /** Of a local folder: every instance of a shared store sees the same files under this path. */
  readonly shared: boolean;
  readonly createdAt: number;
}

/** A named secret. `sealedBody` (id, secret and options in one) is opened by the service's sealer only. */
export interface CredentialRecord {
  readonly name: string;
  /** Name of the user that it belongs to. */
  readonly owner: string;
  /** `s3`, `sftp`, ... as the storages declare them, or `encryption`. */
  readonly type: string;
  readonly sealedBody: string;
  readonly createdAt: number;
}

export interface UserRecord {
  readonly name: string;
  readonly role: Role;
  /** argon2id, PHC string. */
  readonly passwordHash: string;
  /** Databases granted to a developer. */
  readonly databases: readonly string[];
  readonly createdAt: number;
}

/** Where a document of an API lies: about a registered database, under a word of the API's. */
export interface DocumentAddress {
  readonly api: string;
  readonly database: string;
  readonly key: string;
}

/** One state-changing request, allowed or refused. */
export interface AuditEntry {
  readonly at: number;
  readonly caller: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: 'allowed' | 'refused';
  readonly requestId: string;
}

/**
 * The named things of the service. Each verb is one transaction; names compare exactly. Lists are ordered by name.
 * `add*` throws database-exists, directory-exists, credential-exists, user-exists; `remove*` throws ...-unknown.
 */
export interface Registry {
  addDatabase(
    record: Omit<DatabaseRecord, 'uid' | 'createdAt' | 'shared'> & { readonly shared?: boolean },
  ): Promise<DatabaseRecord>;
  /** Another place, or other credentials, under the same name: uid, policy, schedule and backups stay. Throws `database-unknown`. */
  changeDatabase(
    name: string,
    change: Pick<DatabaseRecord, 'engine' | 'sealedTarget' | 'description'>,
  ): Promise<DatabaseRecord>;
  /** Another way to the same database, under the name and the uid that it has. Throws `database-unknown`. */
  setDatabaseTarget(
    name: string,
    target: Pick<DatabaseRecord, 'sealedTarget' | 'description'>,
  ): Promise<DatabaseRecord>;
  getDatabase(name: string): Promise<DatabaseRecord | null>;
  /** Without those that are a job's own (core/job-database.ts). */
  listDatabases(): Promise<readonly DatabaseRecord[]>;
  /** Those that are a job's own, and no others. */
  listJobDatabases(): Promise<readonly DatabaseRecord[]>;
  /** With its backup policy and its schedule; the catalogue keeps the backups. */
  removeDatabase(name: string): Promise<void>;
  /** Throws also `credential-unknown`: a directory's credential is there as long as the directory is. */
  addDirectory(
    record: Omit<DirectoryRecord, 'createdAt' | 'readOnly' | 'shared'> & {
      readonly readOnly?: boolean;
      readonly shared?: boolean;
    },
  ): Promise<DirectoryRecord>;
  getDirectory(name: string): Promise<DirectoryRecord | null>;
  listDirectories(): Promise<readonly DirectoryRecord[]>;
  removeDirectory(name: string): Promise<void>;
  addCredential(record: Omit<CredentialRecord, 'createdAt'>): Promise<CredentialRecord>;
  getCredential(name: string): Promise<CredentialRecord | null>;
  /** Without those that are a job's own (core/job-credential.ts). */
  listCredentials(): Promise<readonly CredentialRecord[]>;
  /** Throws also `credential-in-use`, while a directory has it. */
  removeCredential(name: string): Promise<void>;
  /**
   * Puts `reseal(sealed)` in the place of every sealed text, of databases, credentials, documents and access keys: all or, when `reseal` throws, none.
   * @returns how many there are
   */
  replaceSealed(reseal: (sealed: string) => string): Promise<number>;
  /** The sealed body of an API's document; null: there is none. */
  getDocument(address: DocumentAddress): Promise<string | null>;
  /** The sealed bodies of all documents of that API and key, by database. */
  listDocuments(api: string, key: string): Promise<ReadonlyMap<string, string>>;
  /**
   * Puts `change(sealed body)` in its place; `change` gets null where there is no document and removes it by null. Throws what `change`
   * throws, and then nothing is changed; `database-unknown`. Documents go with their database.
   */
  changeDocument(
    address: DocumentAddress,
    change: (sealed: string | null) => string | null,
  ): Promise<string | null>;
  addUser(record: Omit<UserRecord, 'createdAt'>): Promise<UserRecord>;
  /** Another role, or another password. Throws `user-unknown`. */
  changeUser(
    name: string,
    change: Pick<UserRecord, 'role' | 'passwordHash' | 'databases'>,
  ): Promise<UserRecord>;
  getUser(name: string): Promise<UserRecord | null>;
  listUsers(): Promise<readonly UserRecord[]>;
  removeUser(name: string): Promise<void>;
  audit(entry: AuditEntry): Promise<void>;
  /**
   * How many entries after the one of that number (from 1; 0: all) were allowed and have an action that begins with one of `prefixes`
   * (letters and a colon), and the number of the newest entry.
   */
  countAudit(
    prefixes: readonly string[],
    afterSeq: number,
  ): Promise<{ readonly count: number; readonly newestSeq: number }>;
  /** Newest first. */
  listAudit(limit: number): Promise<readonly AuditEntry[]>;
}
