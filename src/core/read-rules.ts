import type { Mask } from './request.ts';
import type { RowFilter } from './row-filter.ts';

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
