import type { AccountStep } from '../engines/accounts.ts';
import type { CallContext } from './service.ts';

/** How an administrator of a database is reached. Raw input, which the service checks. */
export interface AdministratorInput {
  /** Name of the registered database. */
  readonly name: string;
  /** Names the administrator, and holds no password. */
  readonly adminUrl: string;
  /** Used for this one call, and kept nowhere. */
  readonly adminPassword?: string;
  /** Default false: only say what would be done. */
  readonly dryRun?: boolean;
}

/** Raw input of an installation; undefined means what the installation has that is there, else the default. */
export interface InstallInput extends AdministratorInput {
  /** The user that jobs work as; default `pumphouse_` and the name of the database. */
  readonly user?: string;
  /** Default: one of 256 random bits. With it a user that somebody else made is taken over, if it logs in. */
  readonly userPassword?: string;
  /** Exports alone; default false. */
  readonly readOnly?: boolean;
  /** Schemas that imports may go into; default: any, also new ones. */
  readonly schemas?: readonly string[];
  /** Roles of the database that imports may give things to, besides those who own something in it. */
  readonly owners?: readonly string[];
}

export const installationOutcomes = [
  'installed',
  'upgraded',
  'unchanged',
  'repaired',
  'uninstalled',
  'planned',
] as const;
export type InstallationOutcome = (typeof installationOutcomes)[number];

/** Something that was set for jobs. */
export interface InstalledSetting {
  /** `db.url`, `db.username`, `db.password` */
  readonly setting: string;
  /** Null: it is secret. */
  readonly value: string | null;
  /** `store`: in the registry, sealed; `target`: at the database server. */
  readonly place: 'store' | 'target';
}

export interface InstallationReport {
  readonly outcome: InstallationOutcome;
  readonly database: string;
  readonly engine: string;
  readonly serverVersion: string;
  readonly user: string;
  /** Of what an installation makes; null: there was none. */
  readonly from: number | null;
  readonly to: number;
  /** Empty where nothing was set. */
  readonly settings: readonly InstalledSetting[];
  /** What was done at the server, in order; with `planned` what would be. */
  readonly changes: readonly AccountStep[];
  /** Sentences: what jobs will not be able to do, and what to do about it. */
  readonly notes: readonly string[];
}

/**
 * Users that jobs work as in databases, made by an administrator whose password is used once. All need `database:manage`. Each can be repeated: what is there is
 * left as it is, what is missing is added.
 */
export interface InstallationService {
  /**
   * Makes the user with the rights that exports and imports need, and registers the database with it. Throws `unsupported` for engines without users, `field-invalid` for
   * a password in the URL, `account-taken`, `database-exists` when the name stands for another database, `database-privilege`.
   */
  installDatabase(context: CallContext, input: InstallInput): Promise<InstallationReport>;
  /** Rights and password put right. Throws `database-unknown`, `not-installed`. */
  repairDatabase(context: CallContext, input: AdministratorInput): Promise<InstallationReport>;
  /**
   * Removes the user and forgets the database; its data stays. Throws `database-in-use` while jobs are not finished, `not-installed`, `account-in-use`. Of one that is gone
   * already: `unchanged`.
   */
  uninstallDatabase(context: CallContext, input: AdministratorInput): Promise<InstallationReport>;
}
