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
  addDatabase(record: Omit<DatabaseRecord, 'uid' | 'createdAt'>): Promise<DatabaseRecord>;
  getDatabase(name: string): Promise<DatabaseRecord | null>;
  listDatabases(): Promise<readonly DatabaseRecord[]>;
  removeDatabase(name: string): Promise<void>;
  /** Throws also `credential-unknown`: a directory's credential is there as long as the directory is. */
  addDirectory(
    record: Omit<DirectoryRecord, 'createdAt' | 'readOnly'> & { readonly readOnly?: boolean },
  ): Promise<DirectoryRecord>;
  getDirectory(name: string): Promise<DirectoryRecord | null>;
  listDirectories(): Promise<readonly DirectoryRecord[]>;
  removeDirectory(name: string): Promise<void>;
  addCredential(record: Omit<CredentialRecord, 'createdAt'>): Promise<CredentialRecord>;
  getCredential(name: string): Promise<CredentialRecord | null>;
  listCredentials(): Promise<readonly CredentialRecord[]>;
  /** Throws also `credential-in-use`, while a directory has it. */
  removeCredential(name: string): Promise<void>;
  /**
   * Puts `reseal(sealed)` in the place of every sealed text, of databases and credentials: all or, when `reseal` throws, none.
   * @returns how many there are
   */
  replaceSealed(reseal: (sealed: string) => string): Promise<number>;
  addUser(record: Omit<UserRecord, 'createdAt'>): Promise<UserRecord>;
  getUser(name: string): Promise<UserRecord | null>;
  listUsers(): Promise<readonly UserRecord[]>;
  removeUser(name: string): Promise<void>;
  audit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  listAudit(limit: number): Promise<readonly AuditEntry[]>;
}
