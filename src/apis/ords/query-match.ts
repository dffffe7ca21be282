import type { Columns, Comparison, Condition, QueryFilter, SortKey } from './query-filter.ts';

/** One row that filters look at. Dates are ISO 8601 texts. */
export type Row = Readonly<Record<string, string | number | null | undefined>>;

type Value = string | number | null;

/** A cell in the form that filters compare: dates as milliseconds. */
function cell(row: Row, column: string, columns: Columns): Value {
  const value = row[column] ?? null;
  return value !== null && columns[column] === 'date' ? Date.parse(String(value)) : value;
}

const comparators: Readonly<Record<Comparison, (left: string | number, right: string | number) => boolean>> =
  {
    $eq: (left, right) => left === right,
    $ne: (left, right) => left !== right,
    $lt: (left, right) => left < right,
    $lte: (left, right) => left <= right,
    $gt: (left, right) => left > right,
    $gte: (left, right) => left >= right,
  };

/** Whether a row satisfies a condition. As in SQL, a null satisfies no test but `$null`. */
export function matches(condition: Condition, row: Row, columns: Columns): boolean {
  switch (condition.type) {
    case 'all':
      return condition.of.every((part) => matches(part, row, columns));
    case 'any':
      return condition.of.some((part) => matches(part, row, columns));
    case 'null':
      return (cell(row, condition.column, columns) === null) !== condition.negated;
    case 'compare': {
      const value = cell(row, condition.column, columns);
      return value !== null && comparators[condition.operator](value, condition.value);
    }
    case 'between': {
      const value = cell(row, condition.column, columns);
      if (typeof value !== 'number') return false;
      return (
        (condition.low === null || value >= condition.low) &&
        (condition.high === null || value <= condition.high)
      );
    }
    case 'text': {
      const value = cell(row, condition.column, columns);
      if (value === null) return false;
      if (condition.operator === '$like') return like(String(value), condition.value);
      return String(value).includes(condition.value) === (condition.operator === '$instr');
    }
    default:
      return condition satisfies never;
  }
}

/**
 * SQL's LIKE without an escape: `%` is any text, `_` any one character. Case counts. Greedy with one step back to the last `%`,
 * so that no pattern takes more than length times length.
 */
export function like(text: string, pattern: string): boolean {
  const characters = [...text];
  const wanted = [...pattern];
  let at = 0;
  let next = 0;
  let lastPercent = -1;
  let resume = 0;
  while (at < characters.length) {
    if (wanted[next] === '%') {
      lastPercent = next++;
      resume = at;
    } else if (next < wanted.length && (wanted[next] === '_' || wanted[next] === characters[at])) {
      at++;
      next++;
    } else if (lastPercent >= 0) {
      next = lastPercent + 1;
      at = ++resume;
    } else return false;
  }
  while (wanted[next] === '%') next++;
  return next === wanted.length;
}

/** Order of two rows by the keys; nulls come last when ascending and first when descending, as in Oracle. */
export function compareRows(left: Row, right: Row, order: QueryFilter['order'], columns: Columns): number {
  for (const key of order) {
    const sign = compareCells(cell(left, key.column, columns), cell(right, key.column, columns), key);
    if (sign !== 0) return sign;
  }
  return 0;
}

function compareCells(left: Value, right: Value, key: SortKey): number {
  if (left === right) return 0;
  const ascending = left === null ? 1 : right === null ? -1 : left < right ? -1 : 1;
  return key.descending ? -ascending : ascending;
}
