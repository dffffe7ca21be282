import { AppError } from '../../core/errors.ts';
import { keywordOf, OpenQuote, type Token, tokensOf } from './script-tokens.ts';

/** A statement of a script, without its semicolon. */
export interface ScriptStatement {
  readonly sql: string;
  /** Of its first character, from 1. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** Never empty. */
  readonly tokens: readonly Token[];
}

/** The error of a script, about one of its lines. */
export const scriptInvalid = (line: number, message: string, hint?: string): AppError =>
  new AppError('script-invalid', {
    message: `Line ${line}: ${message}.`,
    operation: 'read script',
    context: { line },
    ...(hint === undefined ? {} : { hint }),
  });

/** The statements of a script: from semicolon to semicolon, and those that make a trigger up to its END. Throws `script-invalid`. */
export function statementsOf(script: string): readonly ScriptStatement[] {
  const lines = new LineCounter(script);
  const zero = script.indexOf('\0');
  if (zero !== -1) throw scriptInvalid(lines.at(zero), 'there is a zero byte');
  const statements: ScriptStatement[] = [];
  let tokens: Token[] = [];
  const end = (): void => {
    const [first, last] = [tokens[0], tokens.at(-1)];
    if (first === undefined || last === undefined) return;
    statements.push({
      sql: script.slice(first.start, last.end),
      line: lines.at(first.start),
      start: first.start,
      end: last.end,
      tokens,
    });
    tokens = [];
  };
  for (const token of readTokens(script, lines)) {
    if (token.text === ';' && !isInTrigger(tokens)) end();
    else tokens.push(token);
  }
  const [left] = tokens;
  if (left !== undefined && isInTrigger(tokens)) {
    throw scriptInvalid(lines.at(left.start), 'the trigger that begins here has no END');
  }
  end();
  return statements;
}

function readTokens(script: string, lines: LineCounter): readonly Token[] {
  try {
    return tokensOf(script);
  } catch (error) {
    if (!(error instanceof OpenQuote)) throw error;
    throw scriptInvalid(lines.at(error.at), 'the quote that begins here is never closed');
  }
}

/** Whether these tokens begin a trigger that goes on: SQLite too looks for `; END` and knows no other way to tell. */
function isInTrigger(tokens: readonly Token[]): boolean {
  if (!makesTrigger(tokens)) return false;
  return !(keywordOf(tokens.at(-1)) === 'END' && tokens.at(-2)?.text === ';');
}

export function makesTrigger(tokens: readonly Token[]): boolean {
  let at = keywordOf(tokens[0]) === 'EXPLAIN' ? (keywordOf(tokens[1]) === 'QUERY' ? 3 : 1) : 0;
  if (keywordOf(tokens[at++]) !== 'CREATE') return false;
  if (/^TEMP(?:ORARY)?$/.test(keywordOf(tokens[at]))) at++;
  return keywordOf(tokens[at]) === 'TRIGGER';
}

/** Lines of ascending places. */
class LineCounter {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  at(place: number): number {
    if (place < this.#at) return this.#text.slice(0, place).split('\n').length;
    for (
      let next = this.#text.indexOf('\n', this.#at);
      next !== -1 && next < place;
      next = this.#text.indexOf('\n', next + 1)
    ) {
      this.#line++;
      this.#at = next + 1;
    }
    return this.#line;
  }
}

const mostWords = 6;
const mostCharacters = 80;

/** What a statement is, for people: its first words up to the first constant or bracket. */
export function titleOf({ tokens }: ScriptStatement): string {
  const words: string[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    if (text === '.' || tokens[at - 1]?.text === '.') words.push(`${words.pop() ?? ''}${text}`);
    else if (words.length < mostWords && (kind === 'word' || kind === 'name' || text === '*'))
      words.push(text);
    else break;
  }
  const title = words.join(' ');
  return title.length > mostCharacters ? `${title.slice(0, mostCharacters - 1)}…` : title;
}
