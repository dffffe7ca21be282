import { loadModule, type Node, type ParseResult, parseSync } from 'libpg-query';
import { AppError } from './errors.ts';
import { isNestedTooDeep } from './sql-nesting.ts';

/** A parsed name expression such as `LIKE 'EMP%'`. */
export interface NamePredicate {
  /** As the caller wrote it. */
  readonly text: string;
  /** The names it lists when it is `= 'A'` or `IN ('A', 'B')`; null for every other form. */
  readonly named: readonly string[] | null;
  /** Whether `name` satisfies it; with `ignoreCase`, letters compare without regard to case. */
  matches(name: string, ignoreCase: boolean): boolean;
}

/** What the expression is parsed behind: PostgreSQL's own grammar does the reading. */
const lead = 'SELECT WHERE name ';
/** Longest expression taken, in characters: a list of some hundred names. */
const longestExpression = 32_768;

/**
 * Parses the tail of an SQL predicate on a name. Allowed: `= <> != < <= > >= LIKE IN BETWEEN`, `NOT` before the last three, string
 * constants, `LIKE ... ESCAPE`. The text never becomes part of an SQL statement: only the tree is looked at.
 * @param field the request field to name in the error
 * @throws AppError expression-invalid
 */
export async function parseExpression(text: string, field: string): Promise<NamePredicate> {
  if (text.length > longestExpression) {
    throw invalid(field, text, `is longer than ${longestExpression} characters`);
  }
  if (text.trim() === '') throw invalid(field, text, 'is empty');
  if (text.includes('\0')) throw invalid(field, text, 'holds a NUL character');
  await loadModule();
  if (isNestedTooDeep(lead + text)) throw invalid(field, text, 'is nested too deep');
  let tree: ParseResult;
  try {
    tree = parseSync(lead + text);
  } catch (error) {
    throw invalid(field, text, error instanceof Error ? `has a ${error.message}` : 'cannot be parsed', error);
  }
  return { text, ...compile(whereClause(tree, field, text), field, text) };
}

/** All expressions of one array; they are ANDed. */
export async function parseExpressions(
  texts: readonly string[],
  field: string,
): Promise<readonly NamePredicate[]> {
  const parsed: NamePredicate[] = [];
  for (const text of texts) parsed.push(await parseExpression(text, field));
  return parsed;
}

/** The where clause of a tree that is one plain SELECT with nothing else in it. */
function whereClause(tree: ParseResult, field: string, text: string): Node {
  const statements = tree.stmts ?? [];
  if (statements.length !== 1) throw invalid(field, text, 'holds more than one statement');
  const statement = statements[0]?.stmt;
  if (statement === undefined || !('SelectStmt' in statement))
    throw invalid(field, text, 'is not a predicate');
  for (const [key, value] of Object.entries(statement.SelectStmt)) {
    const plain = key === 'whereClause' || value === 'LIMIT_OPTION_DEFAULT' || value === 'SETOP_NONE';
    if (!plain) throw invalid(field, text, `goes on after the predicate (${key})`);
  }
  const where = statement.SelectStmt.whereClause;
  if (where === undefined) throw invalid(field, text, 'is empty');
  return where;
}

type Compiled = Pick<NamePredicate, 'named' | 'matches'>;
type Fold = (name: string) => string;

const folding = (ignoreCase: boolean): Fold => (ignoreCase ? (name) => name.toLowerCase() : (name) => name);

function compile(where: Node, field: string, text: string): Compiled {
  if (!('A_Expr' in where)) throw invalid(field, text, `uses ${nodeName(where)}, which is not allowed`);
  const expression = where.A_Expr;
  const left = expression.lexpr;
  const leftFields = left !== undefined && 'ColumnRef' in left ? left.ColumnRef.fields : undefined;
  if (leftFields?.length !== 1) throw invalid(field, text, 'must begin with an operator');
  const operatorNode = expression.name?.[0];
  const operator = operatorNode !== undefined && 'String' in operatorNode ? operatorNode.String.sval : '';
  const right = expression.rexpr;
  switch (expression.kind) {
    case 'AEXPR_OP':
      return comparison(operator ?? '', constant(right, field, text), field, text);
    case 'AEXPR_IN':
      return membership(operator === '<>', constants(right, field, text));
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
      return between(expression.kind === 'AEXPR_NOT_BETWEEN', constants(right, field, text));
    case 'AEXPR_LIKE':
      return like(operator === '!~~', pattern(right, field, text));
    default:
      throw invalid(field, text, `uses the operator ${operator}, which is not allowed`);
  }
}

function comparison(operator: string, value: string, field: string, text: string): Compiled {
  const test = comparisons[operator];
  if (test === undefined) throw invalid(field, text, `uses the operator ${operator}, which is not allowed`);
  return {
    named: operator === '=' ? [value] : null,
    matches: (name, ignoreCase) => {
      const fold = folding(ignoreCase);
      return test(fold(name), fold(value));
    },
  };
}

const comparisons: Readonly<Record<string, (name: string, value: string) => boolean>> = {
  '=': (name, value) => name === value,
  '<>': (name, value) => name !== value,
  '<': (name, value) => name < value,
  '<=': (name, value) => name <= value,
  '>': (name, value) => name > value,
  '>=': (name, value) => name >= value,
};

function membership(negated: boolean, values: readonly string[]): Compiled {
  return {
    named: negated ? null : values,
    matches: (name, ignoreCase) => {
      const fold = folding(ignoreCase);
      return values.some((value) => fold(value) === fold(name)) !== negated;
    },
  };
}

function between(negated: boolean, [low = '', high = '']: readonly string[]): Compiled {
  return {
    named: null,
    matches: (name, ignoreCase) => {
      const fold = folding(ignoreCase);
      return (fold(name) >= fold(low) && fold(name) <= fold(high)) !== negated;
    },
  };
}

function like(negated: boolean, match: (name: string, fold: Fold) => boolean): Compiled {
  return { named: null, matches: (name, ignoreCase) => match(name, folding(ignoreCase)) !== negated };
}

/** One element of a LIKE pattern: a character, any one character, or any run of characters. */
type LikeElement = { readonly literal: string } | 'one' | 'run';

/** The right side of LIKE as a matcher. SQL's default escape character is none in the standard, the backslash in PostgreSQL: the latter is taken. */
function pattern(node: Node | undefined, field: string, text: string): (name: string, fold: Fold) => boolean {
  let escapeCharacter = '\\';
  let value: string;
  if (node !== undefined && 'FuncCall' in node) {
    const names = (node.FuncCall.funcname ?? []).map((part) => ('String' in part ? part.String.sval : ''));
    const args = node.FuncCall.args ?? [];
    // A caller's own call of like_escape has another format, so only the ESCAPE clause passes.
    const clause =
      names.join('.') === 'pg_catalog.like_escape' &&
      node.FuncCall.location !== undefined &&
      /\bescape\b/i.test(text);
    if (!clause || args.length !== 2) throw invalid(field, text, 'calls a function, which is not allowed');
    value = constant(args[0], field, text);
    escapeCharacter = constant(args[1], field, text);
    if ([...escapeCharacter].length > 1)
      throw invalid(field, text, 'has an escape of more than one character');
  } else {
    value = constant(node, field, text);
  }
  const elements: LikeElement[] = [];
  const characters = [...value];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    if (character === escapeCharacter && escapeCharacter !== '') {
      at += 1;
      const next = characters[at];
      if (next === undefined) throw invalid(field, text, 'ends with the escape character');
      elements.push({ literal: next });
    } else if (character === '%') {
      if (elements.at(-1) !== 'run') elements.push('run');
    } else {
      elements.push(character === '_' ? 'one' : { literal: character });
    }
  }
  return (name, fold) => likeMatches(elements, [...fold(name)], fold);
}

/** Greedy matching with one point of return: linear in practice, quadratic at worst, never exponential. */
function likeMatches(elements: readonly LikeElement[], name: readonly string[], fold: Fold): boolean {
  let element = 0;
  let position = 0;
  let runElement = -1;
  let runPosition = 0;
  while (position < name.length) {
    const current = elements[element];
    const fits =
      current === 'one' || (typeof current === 'object' && fold(current.literal) === name[position]);
    if (fits) {
      element += 1;
      position += 1;
    } else if (current === 'run') {
      runElement = element;
      runPosition = position;
      element += 1;
    } else if (runElement >= 0) {
      runPosition += 1;
      element = runElement + 1;
      position = runPosition;
    } else {
      return false;
    }
  }
  while (elements[element] === 'run') element += 1;
  return element === elements.length;
}

function constants(node: Node | undefined, field: string, text: string): readonly string[] {
  if (node === undefined || !('List' in node)) throw invalid(field, text, 'needs a list of string constants');
  return (node.List.items ?? []).map((item) => constant(item, field, text));
}

function constant(node: Node | undefined, field: string, text: string): string {
  if (node !== undefined && 'A_Const' in node && node.A_Const.sval !== undefined)
    return node.A_Const.sval.sval ?? '';
  const what =
    node === undefined ? 'nothing' : 'A_Const' in node ? 'a constant that is no string' : nodeName(node);
  throw invalid(field, text, `has ${what} where a string constant in single quotes must stand`);
}

const nodeName = (node: Node): string =>
  `a ${
    Object.keys(node)[0]
      ?.replace(/([a-z])([A-Z])/g, '$1 $2')
      .replace('_', ' ')
      .toLowerCase() ?? 'construct'
  }`;

function invalid(field: string, text: string, problem: string, cause?: unknown): AppError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
  return new AppError('expression-invalid', {
    field,
    message: `The expression ${JSON.stringify(shown)} ${problem}.`,
    cause,
  });
}
