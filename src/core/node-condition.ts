import { AppError } from './errors.ts';

/*
 * Conditions on the way from one node to the next:
 *
 *     condition   = 'succeeded' | 'failed' | 'always' | either
 *     either      = both { '||' both }
 *     both        = single { '&&' single }
 *     single      = '(' either ')' | operand ( '==' | '!=' | '<' | '<=' | '>' | '>=' ) operand
 *     operand     = parameter | string | number        one of the two a parameter, the other a constant
 *     parameter   = '${' name '}'
 *     string      = '"' ... '"' or "'" ... "'", with \ before a quote or another \
 */

const conditionWords = ['succeeded', 'failed', 'always'] as const;
const comparisonOperators = ['==', '!=', '<=', '>=', '<', '>'] as const;
type ComparisonOperator = (typeof comparisonOperators)[number];

/** A condition as a tree. It is looked at, never executed. */
export type NodeCondition =
  | { readonly kind: 'word'; readonly word: (typeof conditionWords)[number] }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly NodeCondition[] }
  | {
      readonly kind: 'compare';
      readonly operator: ComparisonOperator;
      readonly parameter: string;
      readonly constant: string | number;
    };

/** How the node ended that the way begins at. */
export type WayStart = 'succeeded' | 'failed';

/** Longest condition taken, in characters. */
const longestCondition = 4_096;
/** Deepest nesting of parentheses taken. */
const deepest = 50;

/** Parses a condition. Throws `definition-invalid`, about `where` (`the way from a to b`). */
export function parseNodeCondition(text: string, where: string): NodeCondition {
  const trimmed = text.trim();
  const word = conditionWords.find((each) => each === trimmed);
  if (word !== undefined) return { kind: 'word', word };
  return new Parsing(text, where).condition();
}

/** Names of the parameters that a condition asks for. */
export function parametersOf(condition: NodeCondition): readonly string[] {
  if (condition.kind === 'word') return [];
  if (condition.kind === 'compare') return [condition.parameter];
  return condition.operands.flatMap(parametersOf);
}

/**
 * Whether a way may be gone. One with a comparison needs a node that succeeded. A comparison with a number compares numbers: a value that is
 * none differs from every number, and is neither more nor less. Strings compare character by character.
 * @throws AppError definition-invalid for a parameter without a value
 */
export function conditionHolds(
  condition: NodeCondition,
  start: WayStart,
  params: Readonly<Record<string, string>>,
): boolean {
  if (condition.kind === 'word') return condition.word === 'always' || condition.word === start;
  return start === 'succeeded' && holds(condition, params);
}

function holds(condition: NodeCondition, params: Readonly<Record<string, string>>): boolean {
  switch (condition.kind) {
    case 'word':
      return false;
    case 'and':
      return condition.operands.every((each) => holds(each, params));
    case 'or':
      return condition.operands.some((each) => holds(each, params));
    case 'compare': {
      const { operator, parameter, constant } = condition;
      const value = Object.hasOwn(params, parameter) ? params[parameter] : undefined;
      if (value === undefined) {
        throw new AppError('definition-invalid', {
          message: `A condition asks for the parameter ${parameter}, which has no value.`,
          hint: `Give the definition a parameter ${parameter}, or the run a value for it.`,
        });
      }
      return compare(value, operator, constant);
    }
  }
}

function compare(value: string, operator: ComparisonOperator, constant: string | number): boolean {
  if (typeof constant === 'string') return ordered(value, operator, constant);
  const number = numberPattern.test(value.trim()) ? Number(value) : null;
  return number === null ? operator === '!=' : ordered(number, operator, constant);
}

function ordered<T extends string | number>(left: T, operator: ComparisonOperator, right: T): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
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

const numberPattern = /^[+-]?\d{1,300}(\.\d{1,300})?$/;

type Operand = { readonly parameter: string } | { readonly constant: string | number };

const tokens = {
  space: /\s+/y,
  parameter: /\$\{([^{}]*)\}/y,
  string: /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/sy,
  number: /[+-]?\d{1,300}(?:\.\d{1,300})?(?![\w.])/y,
} as const;

class Parsing {
  readonly #text: string;
  readonly #where: string;
  #at = 0;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
  }

  condition(): NodeCondition {
    if (this.#text.length > longestCondition) {
      throw this.#invalid(`is longer than ${longestCondition} characters`);
    }
    const condition = this.#either(0);
    if (this.#at < this.#text.length) throw this.#invalid(`goes on after its end, ${this.#place()}`);
    return condition;
  }

  #either(depth: number): NodeCondition {
    return this.#chain('or', '||', () => this.#chain('and', '&&', () => this.#single(depth)));
  }

  #chain(kind: 'and' | 'or', operator: string, part: () => NodeCondition): NodeCondition {
    const first = part();
    const operands = [first];
    while (this.#take(operator)) operands.push(part());
    return operands.length === 1 ? first : { kind, operands };
  }

  #single(depth: number): NodeCondition {
    if (depth > deepest) throw this.#invalid(`is nested deeper than ${deepest} levels`);
    if (this.#take('(')) {
      const inner = this.#either(depth + 1);
      if (!this.#take(')')) throw this.#invalid(`lacks a closing parenthesis, ${this.#place()}`);
      return inner;
    }
    const left = this.#operand();
    const operator = comparisonOperators.find((each) => this.#take(each));
    if (operator === undefined) throw this.#invalid(`lacks a comparison, ${this.#place()}`);
    const right = this.#operand();
    if ('parameter' in left && 'constant' in right) {
      return { kind: 'compare', operator, parameter: left.parameter, constant: right.constant };
    }
    if ('constant' in left && 'parameter' in right) {
      const turned = turnedOperators[operator];
      return { kind: 'compare', operator: turned, parameter: right.parameter, constant: left.constant };
    }
    throw this.#invalid('must compare a parameter with a constant');
  }

  #operand(): Operand {
    this.#match(tokens.space);
    const parameter = this.#match(tokens.parameter);
    if (parameter !== null) return { parameter: parameter[1] ?? '' };
    const string = this.#match(tokens.string);
    if (string !== null) return { constant: (string[1] ?? string[2] ?? '').replace(/\\(.)/gs, '$1') };
    const number = this.#match(tokens.number);
    if (number !== null) return { constant: Number(number[0]) };
    throw this.#invalid(`has neither a parameter nor a constant, ${this.#place()}`);
  }

  #take(word: string): boolean {
    this.#match(tokens.space);
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    this.#match(tokens.space);
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #place(): string {
    return this.#at < this.#text.length ? `at character ${this.#at + 1}` : 'at its end';
  }

  #invalid(problem: string): AppError {
    const text = this.#text;
    const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
    return new AppError('definition-invalid', {
      message: `The condition ${JSON.stringify(shown)} on ${this.#where} ${problem}.`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
      hint: 'Write succeeded, failed, always, or comparisons of a parameter with a constant: ${n} == "x" && ${m} > 5.',
    });
  }
}

const turnedOperators: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};
