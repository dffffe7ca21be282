import {
  type ColumnMask,
  consistencies,
  contents,
  type Mask,
  maskMethods,
  type ObjectFilter,
  type ReadOptions,
} from '../core/request.ts';
import { fieldInvalid, readChoice, readEntries, readText, readTexts, spell } from './input.ts';
import { longestExpression } from './selection-input.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Longest text that names a table: two quoted names of 255 characters. */
export const longestTable = 600;
const longestColumn = 255;
const longestConstant = 4096;
/** Most characters of a value that a mask may leave as they are, at either end. */
const mostKept = 1000;

export const tableHint = 'Name a table, such as hr.emp or emp; names with dots or capitals in double quotes.';
const filterHint =
  "Give the type of the objects, such as INDEX, and a name expression such as LIKE 'TMP%' where not all are meant.";
const queryHint =
  'Give a table and a predicate on its columns, such as {"table": "hr.emp", "where": "salary > 1000"}.';
const sampleHint = 'Give more than 0 and at most 100 as percent, and a table where not all are meant.';
const columnsHint =
  'Give a table and the names of its columns, such as {"table": "hr.emp", "columns": ["notes"]}.';
const maskHint = `Give a table, a column and one of the methods ${maskMethods.join(', ')}.`;

/** What of a database is read and how; everything but the selection. Tables and predicates are looked up later, by the check of the request. */
export function readReadOptions(input: Fields): Omit<ReadOptions, 'selection'> {
  return {
    content: readChoice(input.content, 'content', contents) ?? 'all',
    consistency: readChoice(input.consistency, 'consistency', consistencies) ?? 'snapshot',
    include: readObjectFilters(input.include, 'include'),
    exclude: readObjectFilters(input.exclude, 'exclude'),
    queries: readEntries(input.queries, 'query', queryHint, (entry, field) => ({
      table: readTable(entry.table, `${field}.table`),
      where: readText(entry.where, `${field}.where`, queryHint, longestExpression),
    })),
    samples: readEntries(input.samples, 'sample', sampleHint, (entry, field) => ({
      table: (entry.table ?? null) === null ? null : readTable(entry.table, `${field}.table`),
      percent: readPercent(entry.percent, `${field}.percent`),
    })),
    excludeColumns: readEntries(input.excludeColumns, 'exclude_columns', columnsHint, readColumns),
    masks: readEntries(input.masks, 'mask', maskHint, readMask),
  };
}

/** Objects by type, and by name where an expression is given. */
export const readObjectFilters = (value: unknown, field: string): readonly ObjectFilter[] =>
  readEntries(value, field, filterHint, (entry, place) => ({
    type: readText(entry.type, `${place}.type`, filterHint, 63),
    nameExpression:
      (entry.nameExpression ?? null) === null
        ? null
        : readText(entry.nameExpression, `${place}.name_expression`, filterHint, longestExpression),
  }));

/** The text that names a table. */
export const readTable = (value: unknown, field: string): string =>
  readText(value, field, tableHint, longestTable);

function readPercent(value: unknown, field: string): number {
  if (typeof value === 'number' && value > 0 && value <= 100) return value;
  if (value === undefined || value === null) throw fieldInvalid(field, 'is missing', sampleHint);
  throw fieldInvalid(field, `must be more than 0 and at most 100, not ${spell(value)}`, sampleHint);
}

function readColumns(entry: Fields, field: string): ReadOptions['excludeColumns'][number] {
  const columns = readTexts(entry.columns, `${field}.columns`, columnsHint, longestColumn);
  if (columns.length === 0) throw fieldInvalid(`${field}.columns`, 'names no column', columnsHint);
  return { table: readTable(entry.table, `${field}.table`), columns };
}

function readMask(entry: Fields, field: string): ColumnMask {
  return {
    table: readTable(entry.table, `${field}.table`),
    column: readText(entry.column, `${field}.column`, maskHint, longestColumn),
    mask: readMethod(entry, field),
  };
}

/** The members that a method does not take are refused, so that none is lost silently. */
function readMethod(entry: Fields, field: string): Mask {
  const method = readChoice(entry.method, `${field}.method`, maskMethods);
  const refuse = (member: string, value: unknown, taker: Mask['method']): void => {
    if (value === undefined || value === null || method === taker) return;
    throw fieldInvalid(`${field}.${member}`, `goes with the method ${taker}`, `Leave ${member} out.`);
  };
  refuse('value', entry.value, 'constant');
  refuse('keep_first', entry.keepFirst, 'partial');
  refuse('keep_last', entry.keepLast, 'partial');
  switch (method) {
    case undefined:
      throw fieldInvalid(`${field}.method`, 'is missing', maskHint);
    case 'null':
    case 'hash':
      return { method };
    case 'constant':
      return { method, value: readConstant(entry.value, `${field}.value`) };
    case 'partial':
      return {
        method,
        keepFirst: readKept(entry.keepFirst, `${field}.keep_first`),
        keepLast: readKept(entry.keepLast, `${field}.keep_last`),
      };
    default:
      return method satisfies never;
  }
}

/** Unlike other texts it may be empty. */
function readConstant(value: unknown, field: string): string {
  return value === ''
    ? ''
    : readText(value, field, 'Give the text that stands in every row.', longestConstant);
}

function readKept(value: unknown, field: string): number {
  if (value === undefined || value === null) return 0;
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostKept;
  if (isCount) return value;
  throw fieldInvalid(
    field,
    `must be a whole number from 0 to ${mostKept}, not ${spell(value)}`,
    'Leave it out to keep no character.',
  );
}
