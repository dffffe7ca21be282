import { loadModule, type Node, type ParseResult, parseSync, type ScanToken, scanSync } from 'libpg-query';
import { isNestedTooDeep } from '../../../core/sql-nesting.ts';

export type { Node } from 'libpg-query';

/** One statement of a text, semicolon included, and its tree; null where PostgreSQL 18's grammar does not know it, and where it is nested too deep. */
export interface Statement {
  readonly sql: string;
  readonly node: Node | null;
}

/** The other functions of this file work once this has resolved. */
export const loadSqlParser = loadModule;

/**
 * The statements of `text`, in order; comments between them are left out. Null when the text ends in the middle of a
 * statement, such as inside of a string. Statements that only an older server understands have no tree.
 */
export function readStatements(text: string): readonly Statement[] | null {
  if (text.trim() === '') return [];
  const cut = cutterOf(text);
  try {
    return (
      parse(text).stmts?.map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
        if (stmt === undefined || length === undefined) throw new UnfinishedStatement();
        return { sql: cut(start, start + length + 1), node: stmt };
      }) ?? []
    );
  } catch (error) {
    if (error instanceof UnfinishedStatement) return null;
    return scanStatements(text, cut);
  }
}

class UnfinishedStatement extends Error {}

/** What the grammar makes of a text; throws where it does not know it, and rather than to overflow the stack. */
export function parse(text: string): ParseResult {
  if (isNestedTooDeep(text)) throw new RangeError('The statement is nested too deep.');
  return parseSync(text);
}

/** The tokens of a text with their byte offsets; null when it ends inside of a string or comment. */
export function readTokens(text: string): readonly ScanToken[] | null {
  try {
    return scanSync(text).tokens;
  } catch {
    return null;
  }
}

/** The second way, for texts of which some statement cannot be parsed: by semicolons outside of parentheses. */
function scanStatements(text: string, cut: Cutter): readonly Statement[] | null {
  const tokens = readTokens(text)?.filter((token) => !isComment(token));
  if (tokens === undefined) return null;
  const statements: Statement[] = [];
  let start: number | null = null;
  let depth = 0;
  let atomic = false;
  for (const [index, token] of tokens.entries()) {
    start ??= token.start;
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    // The body of a function of the SQL standard holds semicolons too; nothing says where it ends but the grammar.
    else if (token.text.toUpperCase() === 'ATOMIC') atomic = true;
    const ends = token.text === ';' && depth === 0 && (!atomic || index === tokens.length - 1);
    if (!ends) continue;
    const sql = cut(start, token.end);
    statements.push({ sql, node: parseOne(sql) });
    start = null;
    atomic = false;
  }
  return start === null ? statements : null;
}

/** The tree of a single statement; null when it cannot be parsed. */
export function parseOne(sql: string): Node | null {
  try {
    return parse(sql).stmts?.[0]?.stmt ?? null;
  } catch {
    return null;
  }
}

export const isComment = (token: ScanToken): boolean =>
  token.tokenName === 'SQL_COMMENT' || token.tokenName === 'C_COMMENT';

type Cutter = (startByte: number, endByte: number) => string;

/** Offsets of the parser are bytes of UTF-8; those of JavaScript are UTF-16 units, the same only in plain ASCII. */
export function cutterOf(text: string): Cutter {
  if (Buffer.byteLength(text) === text.length) return (start, end) => text.slice(start, end);
  const bytes = Buffer.from(text);
  return (start, end) => bytes.toString('utf8', start, end);
}
