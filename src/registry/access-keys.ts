/** A key pair that signs requests for a user. */
export interface AccessKeyRecord {
  /** 20 characters A-Z and 0-9. */
  readonly id: string;
  /** Name of the user that it stands for. */
  readonly user: string;
  readonly sealedSecret: string;
  readonly createdAt: number;
}

/** Access keys; they go with their users, and `replaceSealed` of the registry covers their secrets. */
export interface AccessKeys {
  /** Throws `user-unknown`. */
  addAccessKey(key: Omit<AccessKeyRecord, 'createdAt'>): Promise<AccessKeyRecord>;
  getAccessKey(id: string): Promise<AccessKeyRecord | null>;
  listAccessKeys(user: string): Promise<readonly AccessKeyRecord[]>;
  /** Throws `access-key-unknown`. */
  removeAccessKey(id: string): Promise<void>;
}
