import { AppError } from '../../core/errors.ts';

/** What a column holds. Dates are ISO 8601 texts in rows, milliseconds since the epoch in filters. */
export type ColumnType = 'string' | 'number' | 'date';
export type Columns = Readonly<Record<string, ColumnType>>;

export type Comparison = '$eq' | '$ne' | '$lt' | '$lte' | '$gt' | '$gte';
export type TextTest = '$instr' | '$ninstr' | '$like';

/** A parsed where part; `all` of nothing is true. */
export type Condition =
  | { readonly type: 'all' | 'any'; readonly of: readonly Condition[] }
  | {
      readonly type: 'compare';
      readonly column: string;
      readonly operator: Comparison;
      readonly value: string | number;
    }
  | { readonly type: 'text'; readonly column: string; readonly operator: TextTest; readonly value: string }
  | {
      readonly type: 'between';
      readonly column: string;
      readonly low: number | null;
      readonly high: number | null;
    }
  | { readonly type: 'null'; readonly column: string; readonly negated: boolean };

export interface SortKey {
  readonly column: string;
  readonly descending: boolean;
}

export interface QueryFilter {
  readonly where: Condition;
  /** In order of precedence. */
  readonly order: readonly SortKey[];
}

const comparisons: readonly string[] = ['$eq', '$ne', '$lt', '$lte', '$gt', '$gte'] satisfies Comparison[];
const textTests: readonly string[] = ['$instr', '$ninstr', '$like'] satisfies TextTest[];
const operatorList = `${[...comparisons, ...textTests].join(', ')}, $between, $null, $notnull, $and and $or`;
/** Deeper nesting than any real filter; keeps hostile ones from the stack. */
const deepest = 32;

const isComparison = (word: string): word is Comparison => comparisons.includes(word);
const isTextTest = (word: string): word is TextTest => textTests.includes(word);
type JsonObject = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The refusal of a filter: every message says where in q the fault is. */
const refuse = (message: string, hint?: string): AppError =>
  new AppError('filter-invalid', { message, field: 'q', ...(hint === undefined ? {} : { hint }) });

/** A value as messages quote it. */
function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * Parses the text of `q` by the filter grammar of ORDS: where members are ANDed, `$orderby` gives the order. Column names are looked
 * up in `columns` without regard to case. Throws `filter-invalid` with the place and the reason.
 */
export function parseQueryFilter(text: string, columns: Columns): QueryFilter {
  let filter: unknown;
  try {
    filter = JSON.parse(text);
  } catch {
    throw refuse('The filter object in q is not valid JSON.', 'Send a JSON object, URL-encoded.');
  }
  if (!isObject(filter)) {
    throw refuse(`The filter in q must be a JSON object, not ${quote(filter)}.`);
  }
  const where: Condition[] = [];
  let order: readonly SortKey[] = [];
  for (const [key, value] of Object.entries(filter)) {
    if (key === '$orderby') order = parseOrder(value, columns);
    else if (key === '$asof') {
      throw refuse(
        'The filter in q asks for $asof: these rows have no past state.',
        'Leave $asof out of the filter.',
      );
    } else where.push(parseMember(key, value, columns, 1));
  }
  return { where: { type: 'all', of: where }, order };
}

function parseOrder(value: unknown, columns: Columns): readonly SortKey[] {
  if (!isObject(value)) {
    throw refuse(`$orderby in q must be an object such as {"job_name": "DESC"}, not ${quote(value)}.`);
  }
  return Object.entries(value).map(([key, direction]) => {
    const column = columnNamed(key, columns);
    const word = typeof direction === 'string' ? direction.toUpperCase() : direction;
    if (word === 'ASC' || word === '1' || word === 1) return { column, descending: false };
    if (word === 'DESC' || word === '-1' || word === -1) return { column, descending: true };
    throw refuse(`$orderby in q: ${column} must be "ASC", "DESC", 1 or -1, not ${quote(direction)}.`);
  });
}

function columnNamed(name: string, columns: Columns): string {
  const column = name.toLowerCase();
  if (Object.hasOwn(columns, column)) return column;
  if (name.startsWith('$')) {
    throw refuse(`q has no operator ${quote(name)} in this place.`, `The operators are ${operatorList}.`);
  }
  throw refuse(
    `q names an unknown column ${quote(name)}.`,
    `The columns are ${Object.keys(columns).join(', ')}.`,
  );
}

/** One member of a where object: `$and`, `$or`, or a column with its test. */
function parseMember(key: string, value: unknown, columns: Columns, depth: number): Condition {
  if (depth > deepest) throw refuse(`The filter in q is nested deeper than ${deepest} levels.`);
  if (key === '$and' || key === '$or') {
    const parts = alternatives(key, value).map((part): Condition => {
      if (!isObject(part)) throw refuse(`${key} in q takes objects, not ${quote(part)}.`);
      const members = Object.entries(part);
      if (members.length === 0) throw refuse(`${key} in q holds an empty object.`);
      return { type: 'all', of: members.map(([k, v]) => parseMember(k, v, columns, depth + 1)) };
    });
    return { type: key === '$and' ? 'all' : 'any', of: parts };
  }
  const column = columnNamed(key, columns);
  return parseTest(column, columns[column] as ColumnType, value, depth + 1);
}

function alternatives(key: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw refuse(`${key} in q takes an array with at least one element, not ${quote(value)}.`);
}

/**
 * What stands behind a column: a value (equal to it), an object of operators (all hold), or an array. In an array operators are
 * ANDed as ORDS does (`[{"$gt": 1}, {"$lt": 4}]`); plain values, which could never be equal to one column all at once, are alternatives.
 */
function parseTest(column: string, type: ColumnType, value: unknown, depth: number): Condition {
  if (depth > deepest) throw refuse(`The filter in q is nested deeper than ${deepest} levels.`);
  if (Array.isArray(value)) {
    if (value.length === 0) throw refuse(`q: the array of ${column} is empty.`);
    const tests = value.map((each) => parseTest(column, type, each, depth + 1));
    const values = tests.filter((_, index) => isLiteral(value[index]));
    const operators = tests.filter((_, index) => !isLiteral(value[index]));
    return { type: 'all', of: values.length === 0 ? operators : [{ type: 'any', of: values }, ...operators] };
  }
  if (isLiteral(value) || !isObject(value)) {
    return { type: 'compare', column, operator: '$eq', value: literal(column, type, '$eq', value) };
  }
  const members = Object.entries(value);
  if (members.length === 0) throw refuse(`q: the object of ${column} is empty.`);
  return {
    type: 'all',
    of: members.map(([key, operand]) => parseOperator(column, type, key, operand, depth)),
  };
}

function parseOperator(
  column: string,
  type: ColumnType,
  key: string,
  operand: unknown,
  depth: number,
): Condition {
  if (key === '$and' || key === '$or') {
    const parts = alternatives(key, operand).map((part) => parseTest(column, type, part, depth + 1));
    return { type: key === '$and' ? 'all' : 'any', of: parts };
  }
  if (isComparison(key)) {
    if (type === 'string' && key !== '$eq' && key !== '$ne') {
      throw refuse(`q: ${key} compares numbers and dates, and ${column} is a string.`);
    }
    return { type: 'compare', column, operator: key, value: literal(column, type, key, operand) };
  }
  if (isTextTest(key)) {
    if (type !== 'string') throw refuse(`q: ${key} tests strings, and ${column} is a ${type}.`);
    if (typeof operand !== 'string')
      throw refuse(`q: ${key} of ${column} takes a string, not ${quote(operand)}.`);
    return { type: 'text', column, operator: key, value: operand };
  }
  if (key === '$between') return parseBetween(column, type, operand);
  if (key === '$null' || key === '$notnull') {
    if (operand !== null) throw refuse(`q: ${key} of ${column} takes null, not ${quote(operand)}.`);
    return { type: 'null', column, negated: key === '$notnull' };
  }
  throw refuse(`q: ${column} has an unknown operator ${quote(key)}.`, `The operators are ${operatorList}.`);
}

function parseBetween(column: string, type: ColumnType, operand: unknown): Condition {
  if (type === 'string') throw refuse(`q: $between compares numbers and dates, and ${column} is a string.`);
  if (!Array.isArray(operand) || operand.length !== 2) {
    throw refuse(`q: $between of ${column} takes an array of two values, not ${quote(operand)}.`);
  }
  const [low, high] = operand.map((side: unknown) =>
    side === null ? null : (literal(column, type, '$between', side) as number),
  );
  if (low === null && high === null) throw refuse(`q: $between of ${column} has null on both sides.`);
  return { type: 'between', column, low: low ?? null, high: high ?? null };
}

/** A plain value of the grammar: text, number or `{"$date": ...}`. */
const isLiteral = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'number' ||
  (isObject(value) && Object.hasOwn(value, '$date'));

/** ISO 8601; without a zone it is UTC. */
const dateForm = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

function literal(column: string, type: ColumnType, operator: string, value: unknown): string | number {
  if (type === 'date') {
    const text = isObject(value) && Object.keys(value).length === 1 ? value.$date : undefined;
    const at = typeof text === 'string' && dateForm.test(text) ? instant(text) : Number.NaN;
    if (Number.isNaN(at)) {
      throw refuse(
        `q: ${operator} of ${column} takes a date, not ${quote(value)}.`,
        'Write a date as {"$date": "2026-02-14T09:30:07Z"}.',
      );
    }
    return at;
  }
  if (typeof value === type) return value as string | number;
  throw refuse(
    `q: ${operator} of ${column} takes a ${type}, not ${quote(value)}.`,
    value === null ? 'Test for null with {"$null": null} or {"$notnull": null}.' : undefined,
  );
}

const instant = (text: string): number =>
  Date.parse(/(Z|[+-]\d\d:?\d\d|^\d{4}-\d\d-\d\d)$/.test(text) ? text : `${text}Z`);
