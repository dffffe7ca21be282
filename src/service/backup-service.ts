import type { Backup, BackupChoice, BackupPolicy, ProofMethod, RetentionRules } from '../core/backup.ts';
import type { Event } from '../core/event.ts';
import type { Job } from '../core/job.ts';
import type { LocationRequest, TableExistsAction } from '../core/request.ts';
import type { MissedRuns, Overlap, Schedule } from '../core/schedule.ts';
import type { CallContext } from './service.ts';
import type { StartOptions } from './start-input.ts';

type Started = Promise<{ readonly job: Job; readonly created: boolean }>;

/** Raw input; undefined means the default. */
export interface ScheduleInput {
  readonly cron: string;
  /** Default UTC. */
  readonly timeZone?: string;
  readonly startAt?: number | null;
  readonly endAt?: number | null;
  /** Default `once`. */
  readonly missed?: MissedRuns;
  /** Default `skip`. */
  readonly overlap?: Overlap;
}

/** Replaces the policy as a whole. */
export interface SetBackupPolicy {
  readonly database: string;
  readonly location: LocationRequest;
  readonly encryptionKey?: string | null;
  /** Default `digest`. */
  readonly verify?: ProofMethod;
  readonly scratchDatabase?: string | null;
  /** Default: every backup stays. */
  readonly retention?: Partial<RetentionRules>;
  readonly schedule?: ScheduleInput | null;
  readonly threads?: number;
  /** Default 0; above 0 needs `job:prioritise`. */
  readonly priority?: number;
}

/** What retention would do now. */
export interface RetentionPlan {
  readonly keep: readonly { readonly backup: Backup; readonly reasons: readonly string[] }[];
  readonly remove: readonly { readonly backup: Backup; readonly reason: string }[];
}

/** Backups that prove themselves. `backup:read` and `backup:manage` on the database, unless said otherwise. */
export interface BackupService {
  /** Needs what an export to that location needs. Scheduled backups have the rights of the caller. */
  setBackupPolicy(context: CallContext, input: SetBackupPolicy): Promise<BackupPolicy>;
  /** Null: there is none. */
  getBackupPolicy(context: CallContext, database: string): Promise<BackupPolicy | null>;
  listBackupPolicies(context: CallContext): Promise<readonly BackupPolicy[]>;
  /** Backups stay, and nothing removes them any more. */
  removeBackupPolicy(context: CallContext, database: string): Promise<void>;

  /** Throws `backup-policy-missing`; `database-busy` with `onlyJobOfDatabase`. */
  startBackup(
    context: CallContext,
    input: { readonly database: string; readonly keepForever?: boolean },
    options: StartOptions,
  ): Started;
  /** Newest first; of the databases that the caller may read. Default states: all but `deleted`. */
  listBackups(
    context: CallContext,
    query: {
      readonly database?: string;
      readonly states?: readonly Backup['state'][];
      readonly limit?: number;
    },
  ): Promise<readonly Backup[]>;
  /** Throws `backup-unknown`. */
  getBackup(context: CallContext, id: number): Promise<Backup>;
  /** The completed, undamaged backup that a choice means. Throws `backup-unknown` saying what there is; `backup-state` for one that was named and is no such; `unsupported` for a position where the engine has none. */
  chooseBackup(context: CallContext, database: string, choice: BackupChoice): Promise<Backup>;
  /** `true`: retention leaves it alone. */
  keepBackup(context: CallContext, id: number, forever: boolean): Promise<Backup>;
  /** Throws `backup-state` unless it is completed, and `unsupported` for a restore where a scratch database can neither be made nor is named. */
  startBackupVerify(
    context: CallContext,
    input: {
      readonly backup: number;
      /** Default `digest`. */
      readonly method?: 'digest' | 'restore';
      /** Default: that of the policy, else one is made and dropped. */
      readonly scratchDatabase?: string;
      /** Default: as many as the policy says. */
      readonly threads?: number;
    },
    options: StartOptions,
  ): Started;
  /** `from`: whose backups; default the database that is written, or with an id that of the backup. Needs `import:start` on `database`, and `backup:read` on `from`. */
  startRestore(
    context: CallContext,
    input: {
      readonly database: string;
      readonly from?: string;
      readonly choice: BackupChoice;
      /** Default false: into the database as it is. */
      readonly inPlace?: boolean;
      readonly keepOld?: boolean;
      readonly tableExistsAction?: TableExistsAction;
      readonly threads?: number;
    },
    options: StartOptions,
  ): Started;
  /** Asked for by name: also those that are kept for ever. The last good one of a database only with `force`. */
  startBackupDelete(
    context: CallContext,
    input: { readonly database: string; readonly backups: readonly number[]; readonly force?: boolean },
    options: StartOptions,
  ): Started;
  /** Starts the removal of what retention does not want now, without waiting for the next backup. Null: there is nothing to remove. */
  startBackupPrune(
    context: CallContext,
    input: { readonly database: string },
    options: StartOptions,
  ): Promise<{ readonly job: Job; readonly created: boolean } | null>;
  /** What retention would remove now, and what keeps the others: the dry run. */
  planRetention(context: CallContext, database: string): Promise<RetentionPlan>;

  /** Of subjects that the caller may read. */
  listSchedules(context: CallContext): Promise<readonly Schedule[]>;
  /** Of databases that the caller may read; those of no database for operators and administrators. At most `limit`, default 100. */
  listEvents(context: CallContext, afterSeq: number, limit?: number): Promise<readonly Event[]>;
}
