/** The names that a CREATE statement of SQLite's own record begins with. */
export interface StatementNames {
  /** Of what is made. */
  readonly name: string;
  /** Whether something else than the name of an object of the file itself follows CREATE: `temp.t`. */
  readonly isQualified: boolean;
  /** After the first ON that stands outside of quotes and parentheses: the table of an index or trigger. */
  readonly on: string | null;
}

/** A comment, a quoted name or string, a word, or one character of anything else. */
const token =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"]|"")*"|'(?:[^']|'')*'|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{L}\p{N}_$\u0080-\u{10ffff}]+|[^\s]/gu;

/** Reads the names of `CREATE ... kind name ... [ON table]`, with `kind` its last word before the name. Null: it is not one. */
export function readStatementNames(sql: string, kind: string): StatementNames | null {
  let previous = '';
  let name: string | null = null;
  let isQualified = false;
  let depth = 0;
  let isFirstAfterName = false;
  for (const [text] of sql.matchAll(token)) {
    if (text.startsWith('--') || text.startsWith('/*')) continue;
    if (name === null) {
      if (previous === kind) {
        name = nameOf(text);
        isFirstAfterName = true;
      }
    } else {
      if (isFirstAfterName) isQualified = text === '.';
      isFirstAfterName = false;
      if (depth === 0 && previous === 'ON') return { name, isQualified, on: nameOf(text) };
      if (text === '(') depth++;
      if (text === ')') depth--;
    }
    previous = text.toUpperCase();
  }
  return name === null ? null : { name, isQualified, on: null };
}

function nameOf(text: string): string {
  const [first = ''] = text;
  if (first === '[') return text.slice(1, -1);
  return `"'\``.includes(first) ? text.slice(1, -1).replaceAll(first + first, first) : text;
}
