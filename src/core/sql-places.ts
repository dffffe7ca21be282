/**
 * Where a piece of a script stands: in a quoted literal, within a quoted name, in a comment, by itself, or `unclear`: where values must not
 * stand (bodies in dollar quotes, brackets, backticks), and where one database would read the script up to there differently from another.
 */
export type SqlPlace = 'literal' | 'identifier' | 'comment' | 'plain' | 'unclear';

/** A way to cut a script into its parts. */
interface Reading {
  /** `$tag$ ... $tag$`, literals with a backslash that begin with E, comments within comments. */
  readonly isPostgres: boolean;
  /** A backslash escapes the next character in every literal, as a setting of PostgreSQL has it. */
  readonly backslashes: boolean;
}

/** PostgreSQL, the same with `standard_conforming_strings` off, SQLite. */
const readings: readonly Reading[] = [
  { isPostgres: true, backslashes: false },
  { isPostgres: true, backslashes: true },
  { isPostgres: false, backslashes: false },
];

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The places of pieces of a script: whole words, which are given in their order and do not overlap. Pure. */
export function sqlPlaces(script: string, pieces: readonly Span[]): readonly SqlPlace[] {
  const [first = [], ...others] = readings.map((reading) => placesIn(script, pieces, reading));
  return first.map((place, at) => (others.every((other) => other[at] === place) ? place : 'unclear'));
}

function placesIn(script: string, pieces: readonly Span[], reading: Reading): readonly SqlPlace[] {
  const places: SqlPlace[] = [];
  let at = 0;
  /** Tells the place of all pieces that end before a part does; one that begins in it and ends beyond would be cut in two. */
  const told = (end: number, place: SqlPlace): void => {
    for (let piece = pieces[places.length]; piece !== undefined && piece.from < end; ) {
      places.push(piece.to <= end ? place : 'unclear');
      piece = pieces[places.length];
    }
    at = end;
  };
  while (at < script.length && places.length < pieces.length) {
    const { end, place } = partAt(script, at, reading);
    const piece = pieces[places.length];
    // A piece is a whole word: what begins outside of everything ends there.
    const isWithin = place === 'plain' && piece !== undefined && piece.from < end;
    told(isWithin ? piece.to : end, place);
  }
  return places;
}

interface Part {
  readonly end: number;
  readonly place: SqlPlace;
}

function partAt(script: string, at: number, { isPostgres, backslashes }: Reading): Part {
  const character = script[at];
  switch (character) {
    case "'": {
      const escapes =
        backslashes ||
        (isPostgres && /(?:^|[^\w$\u0080-\uffff])[eE]$/.test(script.slice(Math.max(0, at - 2), at)));
      return { end: endOfQuoted(script, at, "'", escapes), place: 'literal' };
    }
    case '"':
      return { end: endOfQuoted(script, at, '"', false), place: 'identifier' };
    case '`':
      if (isPostgres) break;
      return { end: endOfQuoted(script, at, '`', false), place: 'unclear' };
    case '[': {
      if (isPostgres) break;
      const end = script.indexOf(']', at);
      return { end: end < 0 ? script.length : end + 1, place: 'unclear' };
    }
    case '-':
      if (script[at + 1] !== '-') break;
      return { end: endOfLine(script, at, isPostgres), place: 'comment' };
    case '/':
      if (script[at + 1] !== '*') break;
      return { end: endOfComment(script, at, isPostgres), place: 'comment' };
    case '$': {
      if (!isPostgres || /[\w$\u0080-\uffff]/.test(script[at - 1] ?? '')) break;
      const tag = dollarTag(script, at);
      if (tag === null) break;
      const end = script.indexOf(tag, at + tag.length);
      return { end: end < 0 ? script.length : end + tag.length, place: 'unclear' };
    }
    default:
  }
  const pattern = /[^'"`[\-/$]*/y;
  pattern.lastIndex = at + 1;
  pattern.exec(script);
  return { end: Math.max(at + 1, pattern.lastIndex), place: 'plain' };
}

/** `$$` or `$tag$` at that place; null: there is none. */
function dollarTag(script: string, at: number): string | null {
  const pattern = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
  pattern.lastIndex = at;
  return pattern.exec(script)?.[0] ?? null;
}

/** Behind the closing quote; two of them are one that does not close. */
function endOfQuoted(script: string, at: number, quote: string, escapes: boolean): number {
  for (let next = at + 1; next < script.length; next += 1) {
    if (escapes && script[next] === '\\') next += 1;
    else if (script[next] !== quote) continue;
    else if (script[next + 1] === quote) next += 1;
    else return next + 1;
  }
  return script.length;
}

function endOfLine(script: string, at: number, isPostgres: boolean): number {
  const pattern = isPostgres ? /[\n\r]|$/g : /\n|$/g;
  pattern.lastIndex = at;
  return pattern.exec(script)?.index ?? script.length;
}

function endOfComment(script: string, at: number, nests: boolean): number {
  const pattern = /\/\*|\*\//g;
  pattern.lastIndex = at + 2;
  let depth = 1;
  for (let mark = pattern.exec(script); mark !== null; mark = pattern.exec(script)) {
    if (mark[0] === '*/') depth -= 1;
    else if (nests) depth += 1;
    if (depth === 0) return pattern.lastIndex;
  }
  return script.length;
}
