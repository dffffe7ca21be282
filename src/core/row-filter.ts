/**
 * A predicate on the columns of a table, parsed (core/row-filter-parser.ts). Plain JSON, without any text that an engine could take for
 * SQL: engines write it in their own language, with names and constants quoted.
 */
export type RowFilter =
  /** Two operands or more, none of which is of the same kind again. */
  | { readonly kind: 'and' | 'or'; readonly operands: readonly RowFilter[] }
  | { readonly kind: 'not'; readonly operand: RowFilter }
  | {
      readonly kind: 'compare';
      readonly operator: ComparisonOperator;
      readonly left: RowFilter;
      readonly right: RowFilter;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: RowFilter;
      readonly right: RowFilter;
    }
  | { readonly kind: 'minus'; readonly operand: RowFilter }
  /** `IS [NOT] NULL`, `IS [NOT] TRUE` ... */
  | {
      readonly kind: 'is';
      readonly what: 'null' | 'true' | 'false' | 'unknown';
      readonly negated: boolean;
      readonly operand: RowFilter;
    }
  | {
      readonly kind: 'distinct';
      readonly negated: boolean;
      readonly left: RowFilter;
      readonly right: RowFilter;
    }
  | {
      readonly kind: 'in';
      readonly negated: boolean;
      readonly operand: RowFilter;
      readonly items: readonly RowFilter[];
    }
  | {
      readonly kind: 'between';
      readonly negated: boolean;
      readonly operand: RowFilter;
      readonly low: RowFilter;
      readonly high: RowFilter;
    }
  | {
      readonly kind: 'like';
      readonly negated: boolean;
      readonly ignoreCase: boolean;
      readonly operand: RowFilter;
      readonly pattern: RowFilter;
      readonly escape: RowFilter | null;
    }
  /** `operand` null: the conditions are predicates of their own. */
  | {
      readonly kind: 'case';
      readonly operand: RowFilter | null;
      readonly branches: readonly { readonly condition: RowFilter; readonly result: RowFilter }[];
      readonly otherwise: RowFilter | null;
    }
  | { readonly kind: 'call'; readonly name: FilterFunction; readonly args: readonly RowFilter[] }
  /** `EXTRACT(field FROM operand)`; the field in small letters (`year`). */
  | { readonly kind: 'extract'; readonly field: string; readonly operand: RowFilter }
  | { readonly kind: 'cast'; readonly type: FilterType; readonly operand: RowFilter }
  /** The instant at which the job was planned; see {@link pinClock}. */
  | { readonly kind: 'clock'; readonly type: 'date' | 'timestamp' | 'timestamptz' }
  /** `table`: as qualified by the caller; null once the column is found. */
  | { readonly kind: 'column'; readonly table: string | null; readonly name: string }
  | { readonly kind: 'string'; readonly value: string }
  /** Decimal digits with at most a sign, a point and an exponent. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' };

export const comparisonOperators = ['=', '<>', '<', '<=', '>', '>='] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

export const arithmeticOperators = ['+', '-', '*', '/', '%', '||'] as const;
export type ArithmeticOperator = (typeof arithmeticOperators)[number];

/** The types that values can be cast to, by their internal names: the grammar turns `bigint` into `int8`. */
export const filterTypes = [
  'bool',
  'int2',
  'int4',
  'int8',
  'numeric',
  'float4',
  'float8',
  'text',
  'varchar',
  'uuid',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'interval',
] as const;
export type FilterType = (typeof filterTypes)[number];

/**
 * The functions that can be called, with the fewest and the most arguments. None of them reads or writes anything but its arguments.
 * `EXTRACT`, `POSITION(a IN b)`, `SUBSTRING(a FROM 1 FOR 2)`, `TRIM(BOTH 'x' FROM a)`, `now()`, `CURRENT_DATE`, `CURRENT_TIMESTAMP` and
 * `LOCALTIMESTAMP` can be written as well.
 */
export const filterFunctions = {
  coalesce: [1, 100],
  nullif: [2, 2],
  greatest: [1, 100],
  least: [1, 100],
  lower: [1, 1],
  upper: [1, 1],
  length: [1, 1],
  char_length: [1, 1],
  left: [2, 2],
  right: [2, 2],
  substr: [2, 3],
  substring: [2, 3],
  btrim: [1, 2],
  ltrim: [1, 2],
  rtrim: [1, 2],
  position: [2, 2],
  strpos: [2, 2],
  abs: [1, 1],
  mod: [2, 2],
  round: [1, 2],
  trunc: [1, 2],
  floor: [1, 1],
  ceil: [1, 1],
  ceiling: [1, 1],
  date_trunc: [2, 2],
  date_part: [2, 2],
} as const satisfies Record<string, readonly [number, number]>;
export type FilterFunction = keyof typeof filterFunctions;

/** The text of a number in a filter. */
export const numberPattern = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?$/i;

/** Both filters at once. */
export const bothFilters = (one: RowFilter | null, other: RowFilter): RowFilter =>
  one === null ? other : { kind: 'and', operands: [...conjuncts(one), ...conjuncts(other)] };

const conjuncts = (filter: RowFilter): readonly RowFilter[] =>
  filter.kind === 'and' ? filter.operands : [filter];

/**
 * The filter with each of its constants, columns and clocks replaced by what `replace` makes of it.
 */
export function mapLeaves(filter: RowFilter, replace: (leaf: RowFilter) => RowFilter): RowFilter {
  const map = (part: RowFilter): RowFilter => mapLeaves(part, replace);
  const mapIf = (part: RowFilter | null): RowFilter | null => (part === null ? null : map(part));
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, operands: filter.operands.map(map) };
    case 'not':
    case 'minus':
    case 'is':
    case 'cast':
    case 'extract':
      return { ...filter, operand: map(filter.operand) };
    case 'compare':
    case 'arithmetic':
    case 'distinct':
      return { ...filter, left: map(filter.left), right: map(filter.right) };
    case 'in':
      return { ...filter, operand: map(filter.operand), items: filter.items.map(map) };
    case 'between':
      return { ...filter, operand: map(filter.operand), low: map(filter.low), high: map(filter.high) };
    case 'like':
      return {
        ...filter,
        operand: map(filter.operand),
        pattern: map(filter.pattern),
        escape: mapIf(filter.escape),
      };
    case 'case':
      return {
        ...filter,
        operand: mapIf(filter.operand),
        branches: filter.branches.map(({ condition, result }) => ({
          condition: map(condition),
          result: map(result),
        })),
        otherwise: mapIf(filter.otherwise),
      };
    case 'call':
      return { ...filter, args: filter.args.map(map) };
    default:
      return replace(filter);
  }
}

/** Every clock of the filter stopped at `now`, in UTC: all units of a table, and a later try, choose the same rows. */
export function pinClock(filter: RowFilter, now: Date): RowFilter {
  const iso = now.toISOString();
  return mapLeaves(filter, (leaf) => {
    if (leaf.kind !== 'clock') return leaf;
    const value =
      leaf.type === 'date' ? iso.slice(0, 10) : leaf.type === 'timestamp' ? iso.slice(0, -1) : iso;
    return { kind: 'cast', type: leaf.type, operand: { kind: 'string', value } };
  });
}
