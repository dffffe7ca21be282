import type { LocationRequest } from './request.ts';
import type { ScheduleRule } from './schedule.ts';

/** What becomes of a backup once it is written: nothing, its files are read against their digests, or it is restored into a scratch database. */
export const proofMethods = ['none', 'digest', 'restore'] as const;
export type ProofMethod = (typeof proofMethods)[number];

/**
 * Which backups stay. A backup stays when any rule wants it; with no rule at all every one does. Days, weeks (Monday to Sunday) and months
 * are those of `timeZone`; the newest backup of a day (week, month) stands for it. The newest good backup stays whatever the rules say.
 */
export interface RetentionRules {
  /** The newest n. */
  readonly keepLast: number | null;
  /** The newest of each of the last n days (weeks, months) that have one. */
  readonly keepDaily: number | null;
  readonly keepWeekly: number | null;
  readonly keepMonthly: number | null;
  /** All that are younger than n days. */
  readonly keepDays: number | null;
  readonly timeZone: string;
}

/** How a database is backed up. */
export interface BackupPolicy {
  readonly database: string;
  readonly location: LocationRequest;
  /** Name of the credential that the sets are encrypted with; null: they are not. */
  readonly encryptionKey: string | null;
  readonly verify: ProofMethod;
  /**
   * A registered database that `verify: restore` may empty and fill, for engines that cannot make one beside the database; null: one is made
   * and dropped.
   */
  readonly scratchDatabase: string | null;
  readonly retention: RetentionRules;
  readonly schedule: ScheduleRule | null;
  readonly threads: number;
  /** Of the backups' jobs: see Job.priority; absent: 0. */
  readonly priority?: number;
  /** Who set it: scheduled backups have this user's rights. */
  readonly owner: string;
  readonly updatedAt: number;
}

/**
 *     running -> completed | failed        (failed -> running: its job was resumed)
 *     completed, failed -> deleting -> deleted
 */
export const backupStates = ['running', 'completed', 'failed', 'deleting', 'deleted'] as const;
export type BackupState = (typeof backupStates)[number];

/** One entry of the catalogue. Times are milliseconds since the epoch. */
export interface Backup {
  /** Ascending over all databases, from 1, never reused. */
  readonly id: number;
  readonly database: string;
  readonly engine: string;
  /** `TAG20260213T021840`: the second of its completion, UTC, unique in the database (the next free second on a clash); null until completed. */
  readonly tag: string | null;
  readonly state: BackupState;
  /** The job of kind `backup` that makes it. */
  readonly jobId: string;
  /** Where its set is: known before the first byte is written. */
  readonly location: LocationRequest;
  /** What names the set there; null until the export was made. */
  readonly filePattern: string | null;
  readonly encryptionKey: string | null;
  /** Retention leaves it alone. */
  readonly keepForever: boolean;
  readonly startedAt: number;
  readonly completedAt: number | null;
  /** Stored bytes and rows; null until completed. */
  readonly bytes: number | null;
  readonly rows: number | null;
  /** Where in the source's history it stands (PostgreSQL: the LSN of its snapshot, `0/1A2B3C4`); null: the engine has no such thing. */
  readonly position: string | null;
  /** Why it failed; null unless failed. */
  readonly error: string | null;
  /** Oldest first; see {@link decisiveProof}. */
  readonly proofs: readonly BackupProof[];
  readonly deletedAt: number | null;
  /** `retention: no rule keeps it (keep-last 3, keep-daily 7)`, `asked for by ann`; null unless deleting or deleted. */
  readonly deletedReason: string | null;
}

/** That a backup was tried. */
export interface BackupProof {
  readonly method: Exclude<ProofMethod, 'none'>;
  readonly at: number;
  readonly ok: boolean;
  /** A sentence: what was compared, or what is wrong. */
  readonly message: string;
  readonly jobId: string;
}

/** The proof that tells how a backup stands: the newest, but whole files say nothing of what a restore found. Null: it was never tried. */
export function decisiveProof({ proofs }: Pick<Backup, 'proofs'>): BackupProof | null {
  const newest = proofs.at(-1) ?? null;
  if (newest?.ok !== true || newest.method === 'restore') return newest;
  const restored = proofs.findLast(({ method }) => method === 'restore');
  return restored?.ok === false ? restored : newest;
}

/** A completed backup that no proof speaks against. */
export const isGood = (backup: Backup): boolean =>
  backup.state === 'completed' && decisiveProof(backup)?.ok !== false;

/** Which backup a restore means. */
export type BackupChoice =
  | { readonly type: 'latest' }
  | { readonly type: 'tag'; readonly tag: string }
  | { readonly type: 'id'; readonly id: number }
  /** The newest that completed not later. */
  | { readonly type: 'time'; readonly notAfter: number }
  /** The newest whose position is not after this one. */
  | { readonly type: 'position'; readonly position: string };
