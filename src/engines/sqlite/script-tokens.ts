/** A part of SQL that means something: no space, no comment. */
export interface Token {
  /** `name`: quoted in one of the three ways; what stands in single quotes is a `string`. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'parameter' | 'symbol';
  /** As it is written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A quote that is never closed begins at `at`. */
export class OpenQuote extends Error {
  readonly at: number;
  constructor(at: number) {
    super('a quote is never closed');
    this.at = at;
  }
}

/** Written so that no text makes it go back over what it has read: a quote without an end is told by the last but one. */
const pattern = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*|/\*[^]*?(?:\*/|$))`,
    `(?<string>'[^']*(?:''[^']*)*')`,
    String.raw`(?<name>"[^"]*(?:""[^"]*)*"|\x60[^\x60]*(?:\x60\x60[^\x60]*)*\x60|\[[^\]]*\])`,
    String.raw`(?<number>\d[\w.]*)`,
    String.raw`(?<parameter>[?@:][\w$]*|\$[\w$:]+)`,
    String.raw`(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<open>['"\x60\[])`,
    '(?<symbol>.)',
  ].join('|'),
  'gs',
);

const kinds = ['word', 'name', 'string', 'number', 'parameter'] as const;

/** Cuts SQL as SQLite does. A comment without an end goes to the end of the text. Throws {@link OpenQuote}. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const { 0: found, groups = {}, index } of text.matchAll(pattern)) {
    if (groups.space !== undefined) continue;
    if (groups.open !== undefined) throw new OpenQuote(index);
    const kind = kinds.find((each) => groups[each] !== undefined) ?? 'symbol';
    tokens.push({ kind, text: found, start: index, end: index + found.length });
  }
  return tokens;
}

/** What a token names, whichever way it is quoted. */
export function nameOf({ kind, text }: Token): string {
  if (kind === 'word') return text;
  const quote = text.charAt(0);
  const inside = text.slice(1, -1);
  return quote === '[' ? inside : inside.replaceAll(quote + quote, quote);
}

/** A token as a keyword, in capitals; '' where it can be none. */
export const keywordOf = (token: Token | undefined): string =>
  token?.kind === 'word' ? token.text.toUpperCase() : '';
