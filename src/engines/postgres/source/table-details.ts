/** What the planner and the reader know of a table (Table.details). Plain JSON. */
export interface TableDetails {
  /** Length of the heap. */
  readonly blocks: number;
  /** pg_class.relfilenode as the snapshot sees it: another one now means that the rows are not where they were. */
  readonly fileNode: string;
  /** The binary form of its rows means the same in another database. */
  readonly binarySafe: boolean;
  /** `WHERE ...` of an extension's configuration table; null: every row. */
  readonly condition: string | null;
}

/** What a unit reads (Unit.range). Plain JSON. */
export interface UnitRange extends Omit<TableDetails, 'blocks'> {
  /** First block. */
  readonly from: number;
  /** Block after the last; null: to the end. */
  readonly to: number | null;
}
