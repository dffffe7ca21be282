import { AppError } from '../../../core/errors.ts';
import type { ComparisonOperator, FilterFunction, RowFilter } from '../../../core/row-filter.ts';
import type { KeyRow } from './key-filter.ts';
import { expressionOfLike } from './like-pattern.ts';

type Value = string | number | boolean | null;
/** A part of a filter, ready to run. `kind` is what it gives when it is not null; `any` is NULL itself. */
export interface Program {
  readonly kind: 'text' | 'number' | 'boolean' | 'any';
  run(row: KeyRow): Value;
}

/** The columns of a table of keys, as a filter sees them. */
const columns: Readonly<Record<string, Program>> = {
  key: { kind: 'text', run: (row) => row.key },
  type: { kind: 'text', run: (row) => row.type },
  ttl: { kind: 'number', run: (row) => row.ttl },
};

/**
 * Compiles a filter on the columns key, type and ttl, with the three-valued logic of SQL. Throws `field-invalid` for what a key cannot be
 * asked, naming it.
 */
export function compileFilter(filter: RowFilter, field: string): Program {
  const invalid = (message: string, hint?: string): AppError =>
    new AppError('field-invalid', {
      message,
      field,
      operation: 'compile the filter',
      hint: hint ?? "Write conditions like key LIKE 'user:%' AND type = 'hash' AND ttl IS NULL.",
    });
  const same = (one: Program, other: Program): void => {
    if (one.kind !== other.kind && one.kind !== 'any' && other.kind !== 'any') {
      throw invalid(
        `The filter compares ${one.kind} with ${other.kind}; key and type are text, ttl is a number (milliseconds).`,
      );
    }
  };
  const want = (part: RowFilter, kind: Program['kind']): Program => {
    const program = compile(part);
    if (program.kind === kind || program.kind === 'any') return program;
    throw invalid(`The filter has ${program.kind} where ${kind} must be.`);
  };
  const text = (part: RowFilter): Program => want(part, 'text');
  const condition = (part: RowFilter): Program => want(part, 'boolean');
  const truth = (run: (row: KeyRow) => boolean | null): Program => ({ kind: 'boolean', run });

  const compile = (part: RowFilter): Program => {
    switch (part.kind) {
      case 'column': {
        const column = columns[part.name];
        if (column !== undefined) return column;
        throw invalid(
          `A filter on keys can ask for key, type and ttl, and not for ${JSON.stringify(part.name)}.`,
        );
      }
      case 'string':
        return { kind: 'text', run: () => part.value };
      case 'number': {
        const value = Number(part.text);
        return { kind: 'number', run: () => value };
      }
      case 'boolean':
        return { kind: 'boolean', run: () => part.value };
      case 'null':
        return { kind: 'any', run: () => null };
      case 'minus': {
        const operand = want(part.operand, 'number');
        return { kind: 'number', run: (row) => numeric(operand.run(row), (value) => -value) };
      }
      case 'not': {
        const operand = condition(part.operand);
        return truth((row) => not(operand.run(row)));
      }
      case 'and':
      case 'or': {
        const operands = part.operands.map(condition);
        const decisive = part.kind === 'or';
        return truth((row) => combine(operands, row, decisive));
      }
      case 'compare': {
        const left = compile(part.left);
        const right = compile(part.right);
        same(left, right);
        return truth((row) => compare(left.run(row), right.run(row), part.operator));
      }
      case 'distinct': {
        const left = compile(part.left);
        const right = compile(part.right);
        same(left, right);
        return truth((row) => (left.run(row) === right.run(row)) === part.negated);
      }
      case 'is': {
        const operand = part.what === 'null' ? compile(part.operand) : condition(part.operand);
        const expected = part.what === 'true' ? true : part.what === 'false' ? false : null;
        return truth((row) => (operand.run(row) === expected) !== part.negated);
      }
      case 'in': {
        const operand = compile(part.operand);
        const items = part.items.map(compile);
        for (const item of items) same(operand, item);
        return truth((row) => {
          const value = operand.run(row);
          const found = combineAny(items.map((item) => compare(value, item.run(row), '=')));
          return part.negated ? not(found) : found;
        });
      }
      case 'between': {
        const [operand, low, high] = [compile(part.operand), compile(part.low), compile(part.high)];
        same(operand, low);
        same(operand, high);
        return truth((row) => {
          const value = operand.run(row);
          const outside = combineAny([compare(value, low.run(row), '<'), compare(value, high.run(row), '>')]);
          return part.negated ? outside : not(outside);
        });
      }
      case 'like':
        return like(part);
      case 'call':
        return call(part.name, part.args);
      default:
        throw invalid(`A filter on keys cannot use ${part.kind}: it is decided without a database's help.`);
    }
  };

  const like = (part: Extract<RowFilter, { kind: 'like' }>): Program => {
    const operand = text(part.operand);
    if (part.pattern.kind !== 'string' || (part.escape !== null && part.escape.kind !== 'string')) {
      throw invalid('The pattern of LIKE in a filter on keys must be a constant.');
    }
    const expression = expressionOfLike(part.pattern.value, part.escape?.value ?? '\\', part.ignoreCase);
    if (expression === null) throw invalid('The pattern of LIKE ends with its escape character.');
    return truth((row) => {
      const value = operand.run(row);
      return typeof value === 'string' ? expression.test(value) !== part.negated : null;
    });
  };

  const call = (name: FilterFunction, args: readonly RowFilter[]): Program => {
    const map = (kind: Program['kind'], change: (value: string) => Value): Program => {
      const operand = text(args[0] as RowFilter);
      return {
        kind,
        run: (row) => {
          const value = operand.run(row);
          return typeof value === 'string' ? change(value) : null;
        },
      };
    };
    switch (name) {
      case 'lower':
        return map('text', (value) => value.toLowerCase());
      case 'upper':
        return map('text', (value) => value.toUpperCase());
      case 'length':
      case 'char_length':
        return map('number', (value) => [...value].length);
      case 'coalesce': {
        const programs = args.map(compile);
        for (const program of programs) same(programs[0] as Program, program);
        const kind = programs.find((program) => program.kind !== 'any')?.kind ?? 'any';
        return {
          kind,
          run: (row) => programs.map((program) => program.run(row)).find((value) => value !== null) ?? null,
        };
      }
      default:
        throw invalid(
          `A filter on keys cannot call ${name}.`,
          'The functions lower, upper, length and coalesce are there.',
        );
    }
  };

  return condition(filter);
}

const numeric = (value: Value, change: (value: number) => number): Value =>
  typeof value === 'number' ? change(value) : null;

const not = (value: Value): boolean | null => (typeof value === 'boolean' ? !value : null);

/** AND (`decisive` false) or OR (true): a decisive operand decides, else an unknown one. */
function combine(operands: readonly Program[], row: KeyRow, decisive: boolean): boolean | null {
  let result: boolean | null = !decisive;
  for (const operand of operands) {
    const value = operand.run(row);
    if (value === decisive) return decisive;
    if (value === null) result = null;
  }
  return result;
}

const combineAny = (values: readonly (boolean | null)[]): boolean | null =>
  values.includes(true) ? true : values.includes(null) ? null : false;

function compare(left: Value, right: Value, operator: ComparisonOperator): boolean | null {
  if (left === null || right === null) return null;
  switch (operator) {
    case '=':
      return left === right;
    case '<>':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}
