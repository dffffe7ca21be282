import type { Secret } from '../base/secret.ts';
import type { Role } from './permission.ts';

/** What a config folder says that there is, to be registered at the start. */
export interface Provision {
  readonly databases: readonly {
    readonly name: string;
    /** As `database add` takes it. */
    readonly url: string;
    readonly password: Secret | null;
  }[];
  /** Databases that the folder names and that cannot be used as it has them, with the reason: their names stand for nothing else. */
  readonly unusable: readonly { readonly name: string; readonly problem: string }[];
  readonly users: readonly {
    readonly name: string;
    readonly role: Role;
    /** argon2id, PHC string. */
    readonly passwordHash: string;
  }[];
}

/** Something of it that could not be registered, with the reason in a sentence. */
export interface Unprovided {
  readonly kind: 'database' | 'user';
  readonly name: string;
  readonly problem: string;
}
