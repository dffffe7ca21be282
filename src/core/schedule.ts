/** When something is to run: a cron line in a time zone, and what becomes of runs that could not begin in time. */
export interface ScheduleRule {
  /** Five fields, or six with seconds first; `?` reads as `*`. */
  readonly cron: string;
  /** IANA name (`Europe/Zurich`), or `UTC`. Daylight saving: a time that does not exist runs once, right after the gap; one that exists twice runs once. */
  readonly timeZone: string;
  /** Not before, milliseconds since the epoch; null: from now on. */
  readonly startAt: number | null;
  /** Not after; null: for ever. */
  readonly endAt: number | null;
  readonly missed: MissedRuns;
  readonly overlap: Overlap;
}

/** Of the times that went by while nothing could run (the service was down): none, one for all of them, or each. */
export const missedRuns = ['skip', 'once', 'all'] as const;
export type MissedRuns = (typeof missedRuns)[number];

/** When a time comes while the run before it still works: it is left out, or waits for that. */
export const overlaps = ['skip', 'queue'] as const;
export type Overlap = (typeof overlaps)[number];

/** What a schedule starts. */
export type ScheduleSubject =
  | { readonly type: 'backup'; readonly database: string }
  | { readonly type: 'definition'; readonly workspace: string; readonly definition: string };

/** One schedule; a subject has at most one. */
export interface Schedule {
  readonly id: string;
  readonly subject: ScheduleSubject;
  readonly rule: ScheduleRule;
  /** Values of parameters that its runs begin with, over the definition's own; of backups there are none. */
  readonly params: Readonly<Record<string, string>>;
  /** Whose rights the runs have: the user that set it. */
  readonly owner: string;
  /** Which API set it: the runs are that API's jobs. */
  readonly api: string;
  /** The next time, milliseconds since the epoch; null: there is none any more. */
  readonly nextAt: number | null;
  /** The time that was last due; null: none yet. */
  readonly lastAt: number | null;
  /** Grows with each change. */
  readonly version: number;
}
