import { AppError } from '../../../core/errors.ts';
import type { RowFilter } from '../../../core/row-filter.ts';
import { mapLeaves } from '../../../core/row-filter.ts';
import type { TableToRead, Unit } from '../../engine.ts';
import { keyColumns } from '../logical-database.ts';
import { compileFilter } from './filter-program.ts';
import type { KeyRules } from './key-filter.ts';
import { globOf, globOfLike } from './like-pattern.ts';

/** All keys. */
export const noKeyRules: KeyRules = {
  match: null,
  type: null,
  accepts: null,
  asksType: false,
  asksTtl: false,
  asksKey: false,
  sample: null,
};

/** Throws `field-invalid` for rules that keys cannot have, naming table and problem. */
export function checkKeyRules(table: TableToRead): void {
  const title = `${table.schema}.${table.name}`;
  const missing = keyColumns.find(({ name }) => !table.columns.some((column) => column.name === name));
  if (missing !== undefined) {
    throw new AppError('field-invalid', {
      message: `The column ${missing.name} of ${title} cannot be left out: a key travels whole.`,
      field: 'exclude_columns',
      operation: 'check the rules',
      hint: 'Leave out whole keys with a filter instead.',
    });
  }
  const mask = table.rules?.masks[0];
  if (mask !== undefined) {
    throw new AppError('field-invalid', {
      message: `The column ${mask.column} of ${title} cannot be masked: values travel as the server stores them.`,
      field: mask.field ?? 'mask',
      operation: 'check the rules',
      hint: 'Leave out the keys whose values must not be seen, with a filter on their names.',
    });
  }
  compileKeyRules(table.rules);
}

/** Throws `field-invalid` for a filter that cannot be decided. */
export function compileKeyRules(rules: Unit['rules']): KeyRules {
  if (rules === null) return noKeyRules;
  const sample =
    rules.sample === null
      ? null
      : { below: Math.round((rules.sample.percent / 100) * 2 ** 32), seed: rules.sample.seed };
  if (rules.filter === null) return { ...noKeyRules, sample };
  const field = rules.filterField ?? 'query';
  compileFilter(rules.filter, field);
  const { match, type, rest } = forServer(rules.filter);
  const programs = rest.map((condition) => compileFilter(condition, field));
  const asks = columnsOf(rest);
  return {
    match,
    type,
    accepts: rest.length === 0 ? null : (row) => programs.every((program) => program.run(row) === true),
    asksKey: asks.has('key'),
    asksType: asks.has('type'),
    asksTtl: asks.has('ttl'),
    sample,
  };
}

/** The conditions that SCAN itself can decide, one of each kind, and the others. */
function forServer(filter: RowFilter): {
  match: string | null;
  type: string | null;
  rest: readonly RowFilter[];
} {
  let match: string | null = null;
  let type: string | null = null;
  const rest = (filter.kind === 'and' ? filter.operands : [filter]).filter((operand) => {
    const wantedType = type === null ? equalTo(operand, 'type') : null;
    const glob = match === null ? globFor(operand) : null;
    type ??= wantedType;
    match ??= glob;
    return wantedType === null && glob === null;
  });
  return { match, type, rest };
}

function globFor(filter: RowFilter): string | null {
  const equal = equalTo(filter, 'key');
  if (equal !== null) return globOf(equal);
  if (filter.kind !== 'like' || filter.negated || filter.ignoreCase) return null;
  if (!isColumn(filter.operand, 'key') || filter.pattern.kind !== 'string') return null;
  return globOfLike(filter.pattern.value, filter.escape?.kind === 'string' ? filter.escape.value : '\\');
}

/** The constant that the column is compared with by `=`. */
function equalTo(filter: RowFilter, column: string): string | null {
  if (filter.kind !== 'compare' || filter.operator !== '=') return null;
  const { left, right } = filter;
  if (isColumn(left, column) && right.kind === 'string') return right.value;
  return isColumn(right, column) && left.kind === 'string' ? left.value : null;
}

const isColumn = (filter: RowFilter, name: string): boolean =>
  filter.kind === 'column' && filter.name === name;

function columnsOf(filters: readonly RowFilter[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const filter of filters) {
    mapLeaves(filter, (leaf) => {
      if (leaf.kind === 'column') found.add(leaf.name);
      return leaf;
    });
  }
  return found;
}
