/** Job.plan of a backup, of its proof, and of a restore: which entry of the catalogue they are about. */
export interface BackupPlan {
  readonly kind: 'backup' | 'backup_verify' | 'restore';
  /** Id in the catalogue. */
  readonly backup: number;
}

/** Job.result of a backup, from the moment that its set is complete. */
export interface BackupResult {
  readonly backup: number;
  readonly tag: string | null;
  /** Stored. */
  readonly bytes: number;
  readonly rows: number;
  /** Ids of the backups that retention removed. */
  readonly removed: readonly number[];
}

/** Job.result of a proof. */
export interface BackupVerifyResult {
  readonly backup: number;
  readonly method: 'digest' | 'restore';
  readonly ok: boolean;
  /** What was compared, or what is wrong. */
  readonly message: string;
}

/** Job.result of a removal of backups. */
export interface BackupDeleteResult {
  /** Ids of those whose files are gone. */
  readonly removed: readonly number[];
}

/** Job.result of a restore. */
export interface RestoreResult {
  readonly backup: number;
  readonly tag: string | null;
  readonly tables: number;
  readonly rows: number;
  /** Where what was replaced is kept, without secrets; null: it was not kept, or nothing was replaced. */
  readonly old: string | null;
}
