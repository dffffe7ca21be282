import type { Mask } from './request.ts';
import type { RowFilter } from './row-filter.ts';

/**
 * In which way a table of a dump set or a copy holds less than its source: rows are left out by a filter or a sample, values are replaced
 * by masks, columns are left out.
 */
export const reductions = ['filtered', 'sampled', 'masked', 'columns'] as const;
export type Reduction = (typeof reductions)[number];

/** Which rows and values of a table are read. Plain JSON: it travels with the units of a plan. */
export interface ReadRules {
  /** Null: all rows. */
  readonly filter: RowFilter | null;
  /** The request's field that the filter comes from (`query[0].where`), for errors. */
  readonly filterField?: string;
  /** Null: all rows. The same seed gives the same rows of the same snapshot. */
  readonly sample: { readonly percent: number; readonly seed: number } | null;
  readonly masks: readonly MaskedColumn[];
  /** Of `hash` masks: made at random for each dump set, and kept nowhere but in the plan of its job. */
  readonly hashKey: string;
}

export interface MaskedColumn {
  readonly column: string;
  readonly mask: Mask;
  /** The request's field that the mask comes from (`mask[0]`), for errors. */
  readonly field?: string;
}
