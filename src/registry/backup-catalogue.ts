import type { Backup, BackupPolicy, BackupProof, BackupState } from '../core/backup.ts';

/**
 * The policies and the catalogue of backups. Each verb is one transaction. Entries outlive their jobs; those of a removed database stay, and
 * can be restored into another one.
 */
export interface BackupCatalogue {
  /** Policies go with their database. Throws `database-unknown`. */
  putPolicy(policy: BackupPolicy): Promise<void>;
  getPolicy(database: string): Promise<BackupPolicy | null>;
  listPolicies(): Promise<readonly BackupPolicy[]>;
  removePolicy(database: string): Promise<void>;

  /** Once per job: a repeated call gives the entry that is there. */
  addBackup(
    backup: Pick<
      Backup,
      'database' | 'engine' | 'jobId' | 'location' | 'encryptionKey' | 'keepForever' | 'startedAt'
    >,
  ): Promise<Backup>;
  getBackup(id: number): Promise<Backup | null>;
  backupOfJob(jobId: string): Promise<Backup | null>;
  /** Newest first. */
  listBackups(filter: {
    readonly database?: string;
    readonly states?: readonly BackupState[];
    /**
     * With `database`: without those of a database that had the name before, and was removed. As long as none has the name, all are given.
     */
    readonly ofPresent?: boolean;
    readonly limit?: number;
  }): Promise<readonly Backup[]>;
  /**
   * Changes an entry that is in one of the states `from`; null: it is in another, and nothing was changed. `completed` sets the tag, the
   * next free second of `completedAt`.
   */
  changeBackup(
    id: number,
    from: readonly BackupState[],
    change: Partial<
      Pick<
        Backup,
        | 'state'
        | 'filePattern'
        | 'completedAt'
        | 'bytes'
        | 'rows'
        | 'position'
        | 'error'
        | 'keepForever'
        | 'deletedAt'
        | 'deletedReason'
      >
    >,
  ): Promise<Backup | null>;
  addProof(id: number, proof: BackupProof): Promise<Backup>;
}
