import type { TableName } from './catalogue.ts';
import type { ErrorRecord } from './errors.ts';

/** What a job that changes nothing found out: kept as the result of its task `plan`. */
export type JobReport = EstimateReport | DryRunReport;

/** Of an export with `estimate`: figures of the database's statistics. */
export interface EstimateReport {
  readonly kind: 'estimate';
  readonly rows: number;
  readonly bytes: number;
  /** Largest first. */
  readonly tables: readonly (TableName & { readonly rows: number; readonly bytes: number })[];
}

/** What an import would do with one object. */
export const dryRunActions = ['create', 'skip', 'append', 'truncate', 'replace', 'refuse'] as const;
export type DryRunAction = (typeof dryRunActions)[number];

/** Of an import with `dryRun`, under the names of the target. */
export interface DryRunReport {
  readonly kind: 'dry_run';
  /** What would stop the import as a whole; null: it would run, and what has the action `refuse` would fail or be left out. */
  readonly error: ErrorRecord | null;
  /** In the order of the work. */
  readonly objects: readonly {
    readonly type: string;
    /** With the name, as {@link shownName} has them. */
    readonly schema: string | null;
    readonly name: string;
    readonly action: DryRunAction;
    /** Why, where the action does not speak for itself; else ''. */
    readonly reason: string;
  }[];
  readonly tables: readonly (TableName & {
    readonly action: DryRunAction;
    /** Of the dump set. */
    readonly rows: number;
    readonly bytes: number;
    readonly reason: string;
  })[];
  /** Places where a remap left a name as it was, and remaps that change nothing. */
  readonly leftAlone: readonly string[];
  /** What the log of the import would warn of, other than that. */
  readonly warnings: readonly string[];
}
