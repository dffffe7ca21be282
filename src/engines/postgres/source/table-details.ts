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
  /** Columns whose type is a domain. Absent: none. */
  readonly domains?: readonly DomainColumn[];
}

export interface DomainColumn {
  readonly column: string;
  /** What the domain is made of, as the server spells it. */
  readonly type: string;
  /** The domain has a CHECK of its own. */
  readonly limited: boolean;
}

/** What a unit reads (Unit.range). Plain JSON. */
export interface UnitRange extends Pick<TableDetails, 'fileNode' | 'binarySafe' | 'condition'> {
  /** First block. */
  readonly from: number;
  /** Block after the last; null: to the end. */
  readonly to: number | null;
  /** Of each mask of the unit's rules, in order: the type that its values have, as the server spells it. Absent: no masks. */
  readonly maskTypes?: readonly string[];
}
