import type { Caller } from '../core/permission.ts';
import type { CallContext } from './service.ts';

/** An access key as anybody may see it. */
export interface AccessKeyView {
  readonly id: string;
  readonly user: string;
  readonly createdAt: number;
}

/** Key pairs that sign requests for users. One's own need no permission, others' `user:manage`. */
export interface AccessKeyService {
  /** The secret is in this answer alone. Throws `user-unknown`; the local administrator is no user. */
  addAccessKey(context: CallContext, user: string): Promise<AccessKeyView & { readonly secret: string }>;
  listAccessKeys(context: CallContext, user: string): Promise<readonly AccessKeyView[]>;
  /** Throws `access-key-unknown`. */
  removeAccessKey(context: CallContext, id: string): Promise<void>;
  /**
   * The user behind a request that was signed with a key: `verify` gets the secret and says whether the signature is right. Throws
   * `unauthenticated`, the same (and in about the same time) for an unknown key and a wrong signature.
   */
  authenticateSignature(id: string, verify: (secret: string) => boolean): Promise<Caller>;
}
