import type { TableName } from '../core/catalogue.ts';
import type { DryRunAction } from '../core/job-report.ts';
import type { Content, TableExistsAction } from '../core/request.ts';
import type { ExistingTable, WriteUnit } from '../engines/engine.ts';

/** What is known about one table before it is decided what becomes of it. */
export interface TableFacts {
  readonly action: TableExistsAction | null;
  /** See EngineCapabilities.keyedRows. */
  readonly keyed: boolean;
  /** The job brings its definition. */
  readonly defined: boolean;
  /** The columns of the rows that the job brings; null: it brings none. */
  readonly columns: readonly string[] | null;
  /** The source has no whole rows of it. */
  readonly incomplete: boolean;
  /** Something of that name is in the target. */
  readonly taken: boolean;
  /** The table of that name in the target; null when there is none, or the engine cannot tell. */
  readonly found: ExistingTable | null;
}

/** What becomes of a table. `blocked`: it exists, and nobody said what to do then. */
export interface TableDecision {
  readonly action: DryRunAction | 'blocked';
  /** '' where the action speaks for itself. */
  readonly reason: string;
  /** As of WriteUnit. */
  readonly existingRows?: ExistingRows;
}

/** What becomes of rows whose key is there already. */
export type ExistingRows = NonNullable<WriteUnit['existingRows']>;

/** A table with what becomes of it. */
export interface DecidedTable {
  readonly table: TableName;
  readonly decision: TableDecision;
}

const decided = (action: TableDecision['action'], reason = ''): TableDecision => ({ action, reason });

/** Data Pump's rules for one table. */
export function decideTable(facts: TableFacts): TableDecision {
  if (facts.keyed) return decideKeyedTable(facts);
  const { action: asked, defined, columns, incomplete, found } = facts;
  if (found === null && !facts.taken) {
    if (defined) return decided('create');
    return decided('refuse', 'the target has no such table, and no definition of it is brought');
  }
  // Rows that come without a definition can only be meant for a table that exists.
  const action = asked ?? (defined ? null : 'append');
  if (action === null) return decided('blocked', 'it exists already');
  if (action === 'skip') return decided('skip', 'it exists already');
  if (incomplete)
    return decided('skip', 'it exists already, and its export failed, so that no rows of it are brought');
  if (found === null) return decided('refuse', 'what has this name in the target is no table');
  if (action === 'replace') {
    return defined
      ? decided('replace')
      : decided('refuse', 'no definition is brought that it could be made anew from');
  }
  if (columns === null) return decided('skip', 'it exists already, and no rows of it are brought');
  const there = new Set(found.columns);
  const lacking = columns.filter((column) => !there.has(column));
  if (lacking.length === 0) return decided(action);
  const names = lacking.map((column) => JSON.stringify(column)).join(', ');
  return decided(
    'refuse',
    `the table in the target lacks, or cannot be given, the column${lacking.length > 1 ? 's' : ''} ${names}`,
  );
}

/** What `skip` and `replace` mean where rows have keys, as reports say it. */
const fatesOfRows: Readonly<Record<ExistingRows, string>> = {
  skip: 'it holds rows already, and those whose key is there stay as they are',
  replace: 'it holds rows already, and those whose key comes again give way',
};

/** The same for tables that are there without a definition: one that holds rows is one that exists, and what is asked for is about single rows. */
function decideKeyedTable({ action, columns, incomplete, found }: TableFacts): TableDecision {
  if (found === null) return decided('create');
  if (action === null) return decided('blocked', 'it holds rows already');
  if (incomplete || columns === null)
    return decided('skip', 'it holds rows already, and no whole rows of it are brought');
  if (action === 'skip' || action === 'replace')
    return { ...decided('append', fatesOfRows[action]), existingRows: action };
  return decided(action);
}

/**
 * The same for the rows of large objects, each of which is there or not by itself: `truncate` replaces the contents of those that are, and
 * what `skip` leaves alone the target sees when the rows come.
 * @param taken some of them are there
 */
export function decideLargeObjects(
  asked: TableExistsAction | null,
  content: Content,
  taken: boolean,
): TableDecision {
  if (!taken) return decided('create');
  switch (asked ?? (content === 'data_only' ? 'append' : null)) {
    case null:
      return decided('blocked', 'some of them exist already');
    case 'append':
      return decided('refuse', 'some of them exist already, and nothing can be added to a large object');
    case 'skip':
      return decided('create', 'those that exist and hold data stay as they are');
    case 'truncate':
    case 'replace':
      return decided('truncate', 'those that exist get the contents that are brought');
  }
}
