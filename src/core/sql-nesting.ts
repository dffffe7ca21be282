import { type ScanToken, scanSync } from 'libpg-query';

/**
 * libpg-query recurses over the tree that it made, on the stack of its caller. An overflow there leaves its memory in disorder: some dozens of
 * them, and it parses nothing any more until the process ends. So what may be anybody's is measured before it is parsed.
 */
const deepest = 5_000;
/** What an open bracket weighs: a query in brackets takes several levels of the tree. */
const bracket = 5;
/** Texts of so many characters cannot be too deep, however they are written. */
const harmless = 4_000;

/** Names, constants and comments, that no nesting is made of. */
const flat: ReadonlySet<string> = new Set([
  'IDENT',
  'SCONST',
  'ICONST',
  'FCONST',
  'SQL_COMMENT',
  'C_COMMENT',
]);
const setOperation = /^(?:union|intersect|except)$/i;

/**
 * Whether SQL is nested deeper than the parser can take: by brackets, or by chains of operators, of joins or of set operations. An upper
 * bound from its tokens; a list is as deep as its deepest item. The parser must be loaded.
 */
export function isNestedTooDeep(text: string): boolean {
  if (text.length <= harmless) return false;
  let tokens: readonly ScanToken[];
  try {
    tokens = scanSync(text).tokens;
  } catch {
    // What cannot be cut into tokens cannot be parsed either.
    return false;
  }
  /** Of the brackets that are open: the words since the last comma, and the set operations, which commas do not end. */
  const open: Level[] = [];
  let level: Level = { words: 0, sets: 0 };
  let depth = 0;
  for (const { text: word, tokenName } of tokens) {
    if (word === '(' || word === '[') {
      open.push(level);
      level = { words: bracket, sets: 0 };
      depth += bracket;
    } else if (word === ')' || word === ']') {
      depth -= level.words + level.sets;
      level = open.pop() ?? { words: 0, sets: 0 };
      // The pair is a word of what surrounds it.
      level.words += 1;
      depth += 1;
    } else if (word === ',' || word === ';') {
      depth -= level.words;
      level.words = 0;
      if (word === ';') {
        depth -= level.sets;
        level.sets = 0;
      }
    } else if (setOperation.test(word)) {
      level.sets += 1;
      depth += 1;
    } else if (!flat.has(tokenName)) {
      level.words += 1;
      depth += 1;
    }
    if (depth > deepest) return true;
  }
  return false;
}

interface Level {
  words: number;
  sets: number;
}
