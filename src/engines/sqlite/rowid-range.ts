/** Rowids from and to, both included; as text, since they have 64 bits and JSON numbers do not. */
export interface RowidRange {
  readonly from: string;
  readonly to: string;
}

export const smallestRowid = -(2n ** 63n);
export const largestRowid = 2n ** 63n - 1n;
