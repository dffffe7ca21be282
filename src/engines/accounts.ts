import type { OperationContext } from '../core/context.ts';
import type { EngineTarget } from './engine.ts';

/*
 * The user that jobs work as in a database: made by an administrator of the database with no more rights than exports and imports need, mended, and removed
 * again. What is planned can be shown before it is done; nothing that is shown holds a password.
 */

export interface Accounts {
  /** Of what an installation makes, from 1: raised with every change of it, so that who has an older one hears of the newer. */
  readonly version: number;
  /**
   * Logs in as the administrator. Where the database has locks, no other one works on it while this is open: a second waits for some seconds, then throws
   * `database-locked`. Throws as {@link Engine.openSource} does.
   */
  open(administrator: EngineTarget, context: OperationContext): Promise<AccountSession>;
  /** Pure: how jobs reach the database of a target as another user. */
  targetOf(target: EngineTarget, login: Login): EngineTarget;
  /** Pure: whom a target logs in as. */
  loginOf(target: EngineTarget): Login;
}

export interface Login {
  /** Null: the one whom the server takes for nobody in particular. */
  readonly user: string | null;
  readonly password: string | null;
}

/** What the user is to be able to do. */
export interface AccountRequest {
  readonly user: string;
  /** Set where it is not null; one that works already is better left alone. */
  readonly password: string | null;
  /** Name of the registered database: the user is marked as made for it. */
  readonly label: string;
  /** Exports alone. */
  readonly readOnly: boolean;
  /** Schemas that imports may go into, which are made where they are missing; null: any, also new ones. */
  readonly schemas: readonly string[] | null;
  /** Users to whom imports can give what they make, besides those who own something in the database. */
  readonly owners: readonly string[];
}

/**
 * Whose the user is: there is `none` of that name; `ours`: made by an installation for this very label; `foreign`: somebody else's, or made for another
 * label.
 */
export type AccountStanding = 'none' | 'ours' | 'foreign';

/** One statement or command of the administrator's. */
export interface AccountStep {
  /** What it does, in a few words: `member of shop_owner`. */
  readonly title: string;
  /** As it is sent, but for passwords, which are `[secret]`. */
  readonly statement: string;
}

export interface AccountPlan {
  /** In order. Empty: all is as it should be. */
  readonly steps: readonly AccountStep[];
  /** Sentences: what the user will not be able to do, and what to do about it. */
  readonly notes: readonly string[];
  /**
   * All of the steps or, where the database can, none. Throws `database-privilege` naming the step that the administrator may not do.
   * @returns further notes: of steps that the server refused, and that jobs can go without
   */
  carryOut(): Promise<readonly string[]>;
}

/** An administrator's session. */
export interface AccountSession extends AsyncDisposable {
  readonly serverVersion: string;
  /**
   * Whether a target leads to this very database: `works`: it does, and logs in; `refused`: it has its address, and is not let in; `elsewhere`.
   * Throws what else stands in the way.
   */
  check(target: EngineTarget): Promise<'works' | 'refused' | 'elsewhere'>;
  standing(user: string, label: string): Promise<AccountStanding>;
  /** Reads only. Throws `field-invalid` for names that cannot be (`user`, `schemas`, `owners`). */
  planInstall(request: AccountRequest): Promise<AccountPlan>;
  /**
   * Reads only. What the user owns goes to the owner of the database, so that no data is lost. Throws `account-in-use` when it has rights or objects in
   * other databases of the server.
   */
  planRemoval(user: string): Promise<AccountPlan>;
}
