import { type FuncCall, loadModule, type Node, parseSync, scanSync, type TypeName } from 'libpg-query';
import { AppError } from './errors.ts';
import {
  arithmeticOperators,
  comparisonOperators,
  type FilterFunction,
  type FilterType,
  filterFunctions,
  filterTypes,
  numberPattern,
  type RowFilter,
} from './row-filter.ts';

/** What the predicate is parsed behind: PostgreSQL's own grammar does the reading. */
const lead = 'SELECT WHERE ';
/** Longest predicate taken, in characters. */
const longestText = 32_768;
/** Most words of a predicate, constants and commas not counted, so that the parser's stack is deep enough for any nesting of them. */
const mostWords = 2_000;
/** Deepest nesting taken. */
const deepest = 100;

const hint = `Write what can stand behind WHERE in a query of this one table: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE, \
arithmetic, and the functions ${Object.keys(filterFunctions).join(', ')}, extract, trim, now and current_date.`;

/**
 * Parses a predicate on the columns of a table, such as `salary > 1000 AND dept IN (1, 2)`. The text never becomes part of a statement: what
 * is not on the list of allowed parts is refused by name.
 * @param field the request field to name in the error
 * @throws AppError expression-invalid
 */
export async function parseRowFilter(text: string, field: string): Promise<RowFilter> {
  const parsing = new Parsing(text, field);
  if (text.length > longestText) throw parsing.invalid(`is longer than ${longestText} characters`);
  if (text.trim() === '') throw parsing.invalid('is empty');
  if (text.includes('\0')) throw parsing.invalid('holds a NUL character');
  await loadModule();
  return parsing.filter(parsing.whereClause(), 0);
}

const types: ReadonlySet<string> = new Set(filterTypes);

/** Tokens that no nesting is made of. */
const flat: ReadonlySet<string> = new Set([
  'SCONST',
  'ICONST',
  'FCONST',
  'ASCII_44',
  'SQL_COMMENT',
  'C_COMMENT',
]);

const clocks: Readonly<Record<string, 'date' | 'timestamp' | 'timestamptz'>> = {
  SVFOP_CURRENT_DATE: 'date',
  SVFOP_CURRENT_TIMESTAMP: 'timestamptz',
  SVFOP_LOCALTIMESTAMP: 'timestamp',
};

class Parsing {
  readonly #text: string;
  readonly #field: string;

  constructor(text: string, field: string) {
    this.#text = text;
    this.#field = field;
  }

  /** @param at byte of the parsed text, lead included, where the problem is */
  invalid(problem: string, at?: number, cause?: unknown): AppError {
    const text = this.#text;
    const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
    const place = at === undefined || at < lead.length ? '' : `, at character ${this.#character(at)}`;
    return new AppError('expression-invalid', {
      field: this.#field,
      message: `The filter ${JSON.stringify(shown)} ${problem}${place}.`,
      hint,
      cause,
    });
  }

  #character(byte: number): number {
    const before = Buffer.from(lead + this.#text).subarray(0, byte);
    return [...before.toString()].length - lead.length + 1;
  }

  /** The tree of the predicate, when the text is that and nothing else. */
  whereClause(): Node {
    let statements: ReturnType<typeof parseSync>['stmts'];
    if (countWords(lead + this.#text) > mostWords) throw this.invalid(`has more than ${mostWords} words`);
    try {
      statements = parseSync(lead + this.#text).stmts;
    } catch (error) {
      const position = (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails?.cursorPosition;
      const place =
        position === undefined || position < lead.length ? '' : `, character ${position - lead.length + 1}`;
      throw this.invalid(`cannot be parsed: ${(error as Error).message}${place}`, undefined, error);
    }
    const [first, second] = statements ?? [];
    if (second !== undefined) throw this.invalid('holds more than one statement');
    if (first?.stmt === undefined || !('SelectStmt' in first.stmt)) throw this.invalid('is no predicate');
    const { whereClause, limitOption: _, op, ...rest } = first.stmt.SelectStmt;
    const [more] = Object.keys(rest);
    if (whereClause === undefined || op !== 'SETOP_NONE' || more !== undefined) {
      throw this.invalid(`goes on after the predicate (${more ?? op})`);
    }
    return whereClause;
  }

  filter(node: Node | undefined, depth: number): RowFilter {
    if (node === undefined) throw this.invalid('is not complete');
    if (depth > deepest) throw this.invalid(`is nested deeper than ${deepest} levels`);
    const part = (inner: Node | undefined): RowFilter => this.filter(inner, depth + 1);
    const parts = (inner: readonly Node[] | undefined): RowFilter[] => (inner ?? []).map(part);
    if ('BoolExpr' in node) {
      const { boolop, args = [] } = node.BoolExpr;
      if (boolop === 'NOT_EXPR') return { kind: 'not', operand: part(args[0]) };
      const kind = boolop === 'AND_EXPR' ? 'and' : 'or';
      // `a AND (b AND c)` is `a AND b AND c`.
      const operands = parts(args).flatMap((each) => (each.kind === kind ? each.operands : [each]));
      return { kind, operands };
    }
    if ('A_Expr' in node) return this.#operation(node.A_Expr, part);
    if ('NullTest' in node) {
      const negated = node.NullTest.nulltesttype === 'IS_NOT_NULL';
      return { kind: 'is', what: 'null', negated, operand: part(node.NullTest.arg) };
    }
    if ('BooleanTest' in node) {
      const [, not, what] =
        /^IS_(NOT_)?(TRUE|FALSE|UNKNOWN)$/.exec(node.BooleanTest.booltesttype ?? '') ?? [];
      const word = (what ?? 'UNKNOWN').toLowerCase() as 'true' | 'false' | 'unknown';
      return { kind: 'is', what: word, negated: not !== undefined, operand: part(node.BooleanTest.arg) };
    }
    if ('ColumnRef' in node) {
      const names = node.ColumnRef.fields?.map(stringOf) ?? [];
      const [first, second] = names;
      if (first == null || second === null || names.length > 2) {
        throw this.invalid('has a name that is neither COLUMN nor TABLE.COLUMN', node.ColumnRef.location);
      }
      return second === undefined
        ? { kind: 'column', table: null, name: first }
        : { kind: 'column', table: first, name: second };
    }
    if ('A_Const' in node) return this.#constant(node.A_Const);
    if ('TypeCast' in node) {
      const { arg, typeName } = node.TypeCast;
      return { kind: 'cast', type: this.#type(typeName), operand: part(arg) };
    }
    if ('FuncCall' in node) return this.#call(node.FuncCall, part);
    if ('CoalesceExpr' in node) return this.#bounded('coalesce', parts(node.CoalesceExpr.args));
    if ('MinMaxExpr' in node) {
      const name = node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest';
      return this.#bounded(name, parts(node.MinMaxExpr.args));
    }
    if ('SQLValueFunction' in node) {
      const { op = '', location } = node.SQLValueFunction;
      const type = clocks[op];
      const name = op.replace('SVFOP_', '').replace(/_N$/, ' with a precision');
      if (type === undefined) throw this.invalid(`uses ${name}, which is not allowed`, location);
      return { kind: 'clock', type };
    }
    if ('CaseExpr' in node) {
      const { arg, args = [], defresult } = node.CaseExpr;
      return {
        kind: 'case',
        operand: arg === undefined ? null : part(arg),
        branches: args.map((each) => {
          const { expr, result } = 'CaseWhen' in each ? each.CaseWhen : {};
          return { condition: part(expr), result: part(result) };
        }),
        otherwise: defresult === undefined ? null : part(defresult),
      };
    }
    const [name = '', body] = Object.entries(node)[0] ?? [];
    const { location } = (body ?? {}) as { location?: number };
    throw this.invalid(`has ${describeNode(name)}, which is not allowed`, location);
  }

  #operation(
    expression: Extract<Node, { A_Expr: unknown }>['A_Expr'],
    part: (node: Node | undefined) => RowFilter,
  ): RowFilter {
    const { kind, name = [], lexpr, rexpr, location } = expression;
    const operator = name.map(stringOf).join('.');
    const negated = operator.startsWith('!') || operator === '<>';
    switch (kind) {
      case 'AEXPR_OP': {
        if (lexpr === undefined && operator === '-') return { kind: 'minus', operand: part(rexpr) };
        const comparison = comparisonOperators.find((each) => each === operator);
        const arithmetic = arithmeticOperators.find((each) => each === operator);
        if (lexpr === undefined) break;
        if (comparison !== undefined)
          return { kind: 'compare', operator: comparison, left: part(lexpr), right: part(rexpr) };
        if (arithmetic !== undefined)
          return { kind: 'arithmetic', operator: arithmetic, left: part(lexpr), right: part(rexpr) };
        break;
      }
      case 'AEXPR_DISTINCT':
      case 'AEXPR_NOT_DISTINCT':
        return {
          kind: 'distinct',
          negated: kind === 'AEXPR_NOT_DISTINCT',
          left: part(lexpr),
          right: part(rexpr),
        };
      case 'AEXPR_NULLIF':
        return { kind: 'call', name: 'nullif', args: [part(lexpr), part(rexpr)] };
      case 'AEXPR_IN':
        return { kind: 'in', negated, operand: part(lexpr), items: this.#list(rexpr, location).map(part) };
      case 'AEXPR_BETWEEN':
      case 'AEXPR_NOT_BETWEEN': {
        const [low, high] = this.#list(rexpr, location);
        return {
          kind: 'between',
          negated: kind === 'AEXPR_NOT_BETWEEN',
          operand: part(lexpr),
          low: part(low),
          high: part(high),
        };
      }
      case 'AEXPR_LIKE':
      case 'AEXPR_ILIKE': {
        const [pattern, escapeCharacter] = escapeClause(rexpr);
        return {
          kind: 'like',
          negated,
          ignoreCase: kind === 'AEXPR_ILIKE',
          operand: part(lexpr),
          pattern: part(pattern),
          escape: escapeCharacter === null ? null : part(escapeCharacter),
        };
      }
      default:
    }
    const form =
      kind === 'AEXPR_OP' ? `the operator ${operator}` : describeNode((kind ?? '').replace('AEXPR_', ''));
    throw this.invalid(`uses ${form}, which is not allowed`, location);
  }

  #list(node: Node | undefined, location: number | undefined): readonly Node[] {
    if (node !== undefined && 'List' in node && node.List.items !== undefined) return node.List.items;
    throw this.invalid('needs a list of values', location);
  }

  #constant(constant: Extract<Node, { A_Const: unknown }>['A_Const']): RowFilter {
    if (constant.isnull === true) return { kind: 'null' };
    if (constant.sval !== undefined) return { kind: 'string', value: constant.sval.sval ?? '' };
    if (constant.boolval !== undefined) return { kind: 'boolean', value: constant.boolval.boolval ?? false };
    if (constant.ival !== undefined) return { kind: 'number', text: String(constant.ival.ival ?? 0) };
    const decimal = constant.fval?.fval;
    if (decimal !== undefined && numberPattern.test(decimal)) return { kind: 'number', text: decimal };
    throw this.invalid(
      `has a constant that is neither a string nor a decimal number (${decimal ?? 'bits'})`,
      constant.location,
    );
  }

  #type(type: TypeName | undefined): FilterType {
    const names = (type?.names ?? []).map(stringOf);
    if (names[0] === 'pg_catalog') names.shift();
    const [name] = names;
    const plain =
      type?.typmods === undefined &&
      type?.arrayBounds === undefined &&
      type?.setof !== true &&
      type?.pct_type !== true;
    if (name != null && names.length === 1 && types.has(name) && plain) return name as FilterType;
    const shown = `${names.join('.')}${plain ? '' : ' with a length, precision, unit or dimension'}`;
    throw this.invalid(
      `uses the type ${shown}, which is not allowed (${filterTypes.join(', ')} are)`,
      type?.location,
    );
  }

  #call(call: FuncCall, part: (node: Node | undefined) => RowFilter): RowFilter {
    const { funcname = [], args = [], funcformat: _, location, ...rest } = call;
    const names = funcname.map(stringOf);
    if (names[0] === 'pg_catalog') names.shift();
    const name = names.join('.');
    const [more] = Object.keys(rest);
    if (more !== undefined) throw this.invalid(`calls ${name} with more than arguments (${more})`, location);
    if (name === 'now' && args.length === 0) return { kind: 'clock', type: 'timestamptz' };
    const [unit, operand] = args;
    if (name === 'extract' && operand !== undefined) {
      const word =
        unit !== undefined && 'A_Const' in unit ? unit.A_Const.sval?.sval?.toLowerCase() : undefined;
      if (word === undefined || !/^[a-z]+$/.test(word)) {
        throw this.invalid('extracts something else than a field of a date', location);
      }
      return { kind: 'extract', field: word, operand: part(operand) };
    }
    if (!Object.hasOwn(filterFunctions, name)) {
      throw this.invalid(`calls the function ${name}, which is not allowed`, location);
    }
    return this.#bounded(name as FilterFunction, args.map(part), location);
  }

  #bounded(name: FilterFunction, args: readonly RowFilter[], location?: number): RowFilter {
    const [fewest, most] = filterFunctions[name];
    if (args.length < fewest || args.length > most) {
      throw this.invalid(`calls ${name} with ${args.length} arguments`, location);
    }
    return { kind: 'call', name, args };
  }
}

/** 0 for a text that has no words to its end: the parser will say where it breaks off, and makes no tree then that could be deep. */
function countWords(text: string): number {
  try {
    return scanSync(text).tokens.filter(({ tokenName }) => !flat.has(tokenName)).length;
  } catch {
    return 0;
  }
}

const stringOf = (node: Node): string | null => ('String' in node ? (node.String.sval ?? '') : null);

/** The pattern of LIKE, and its escape character: the grammar makes a call of `x ESCAPE y`. */
function escapeClause(node: Node | undefined): readonly [Node | undefined, Node | null] {
  if (node !== undefined && 'FuncCall' in node) {
    const { funcname = [], args = [] } = node.FuncCall;
    if (funcname.map(stringOf).join('.') === 'pg_catalog.like_escape' && args.length === 2) {
      return [args[0], args[1] ?? null];
    }
  }
  return [node, null];
}

const nodeWords: Readonly<Record<string, string>> = {
  SubLink: 'a sub-select',
  ParamRef: 'a parameter',
  CollateClause: 'a collation',
  RowExpr: 'a row of values',
  A_ArrayExpr: 'an array',
  A_Indirection: 'a subscript or a field of a value',
  OP_ANY: 'ANY',
  OP_ALL: 'ALL',
  BETWEEN_SYM: 'BETWEEN SYMMETRIC',
  NOT_BETWEEN_SYM: 'BETWEEN SYMMETRIC',
  SIMILAR: 'SIMILAR TO',
};

const describeNode = (name: string): string => nodeWords[name] ?? `the construct ${name}`;
