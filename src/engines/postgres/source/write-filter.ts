import { AppError } from '../../../core/errors.ts';
import {
  arithmeticOperators,
  comparisonOperators,
  filterFunctions,
  filterTypes,
  numberPattern,
  type RowFilter,
} from '../../../core/row-filter.ts';
import { quoteIdentifier, quoteLiteral } from '../names.ts';

/**
 * The filter as an SQL expression on the columns of one table, in parentheses wherever that can matter. Functions and types are those of
 * pg_catalog by name; operators are, because the sessions that run it have an empty search_path (session-settings.ts).
 */
export function writeFilter(filter: RowFilter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.operands.map(writeFilter).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${writeFilter(filter.operand)})`;
    case 'compare':
    case 'arithmetic':
      return `(${writeFilter(filter.left)} ${known(filter.operator, operators)} ${writeFilter(filter.right)})`;
    case 'minus':
      return `(- ${writeFilter(filter.operand)})`;
    case 'is':
      return `(${writeFilter(filter.operand)} IS ${not(filter)}${known(filter.what, states).toUpperCase()})`;
    case 'distinct': {
      const word = filter.negated ? 'IS NOT DISTINCT FROM' : 'IS DISTINCT FROM';
      return `(${writeFilter(filter.left)} ${word} ${writeFilter(filter.right)})`;
    }
    case 'in':
      return `(${writeFilter(filter.operand)} ${not(filter)}IN (${list(filter.items)}))`;
    case 'between': {
      const [low, high] = [writeFilter(filter.low), writeFilter(filter.high)];
      return `(${writeFilter(filter.operand)} ${not(filter)}BETWEEN ${low} AND ${high})`;
    }
    case 'like': {
      const word = filter.ignoreCase ? 'ILIKE' : 'LIKE';
      const tail = filter.escape === null ? '' : ` ESCAPE ${writeFilter(filter.escape)}`;
      return `(${writeFilter(filter.operand)} ${not(filter)}${word} ${writeFilter(filter.pattern)}${tail})`;
    }
    case 'case': {
      const operand = filter.operand === null ? '' : ` ${writeFilter(filter.operand)}`;
      const branches = filter.branches.map(
        ({ condition, result }) => ` WHEN ${writeFilter(condition)} THEN ${writeFilter(result)}`,
      );
      const otherwise = filter.otherwise === null ? '' : ` ELSE ${writeFilter(filter.otherwise)}`;
      return `(CASE${operand}${branches.join('')}${otherwise} END)`;
    }
    case 'call':
      return `${syntax.has(filter.name) ? '' : 'pg_catalog.'}${known(filter.name, functions)}(${list(filter.args)})`;
    case 'extract':
      // Before PostgreSQL 14 there is no function of that name.
      return `EXTRACT(${quoteIdentifier(filter.field)} FROM ${writeFilter(filter.operand)})`;
    case 'cast':
      return `CAST(${writeFilter(filter.operand)} AS pg_catalog.${known(filter.type, types)})`;
    case 'clock':
      return clocks[filter.type];
    case 'column':
      return filter.table === null
        ? quoteIdentifier(filter.name)
        : `${quoteIdentifier(filter.table)}.${quoteIdentifier(filter.name)}`;
    case 'string':
      return quoteLiteral(filter.value);
    case 'number':
      // A sign must not meet another one.
      return `(${numberPattern.test(filter.text) ? filter.text : refuse(filter.text)})`;
    case 'boolean':
      return filter.value ? 'TRUE' : 'FALSE';
    case 'null':
      return 'NULL';
  }
}

const operators: ReadonlySet<string> = new Set([...comparisonOperators, ...arithmeticOperators]);
const functions: ReadonlySet<string> = new Set(Object.keys(filterFunctions));
const states: ReadonlySet<string> = new Set(['null', 'true', 'false', 'unknown']);
const types: ReadonlySet<string> = new Set(filterTypes);

/** Filters come back from a store, so what goes into a statement without quotes is looked at. */
const known = (word: string, words: ReadonlySet<string>): string => (words.has(word) ? word : refuse(word));

function refuse(word: string): never {
  throw new AppError('internal', {
    message: `The filter holds ${JSON.stringify(word)}, which is none of its words.`,
  });
}

/** What is no function of pg_catalog but part of the grammar. */
const syntax: ReadonlySet<string> = new Set(['coalesce', 'nullif', 'greatest', 'least']);

const clocks = {
  date: 'CURRENT_DATE',
  timestamp: 'LOCALTIMESTAMP',
  timestamptz: 'CURRENT_TIMESTAMP',
} as const;

const not = (filter: { readonly negated: boolean }): string => (filter.negated ? 'NOT ' : '');

const list = (filters: readonly RowFilter[]): string => filters.map(writeFilter).join(', ');
