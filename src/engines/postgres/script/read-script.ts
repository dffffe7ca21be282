import type { ScanToken } from 'libpg-query';
import { AppError } from '../../../core/errors.ts';
import { cutterOf, isComment, type Node, parse, readTokens } from '../ddl/statements.ts';

/** A statement of a script, without its semicolon. */
export interface ScriptStatement {
  readonly sql: string;
  /** Of its first character, from 1. */
  readonly line: number;
  /** Where it stands in the script, in bytes of UTF-8. */
  readonly start: number;
  readonly end: number;
  readonly node: Node;
}

/** The error of a script, about one of its lines. */
export const scriptInvalid = (line: number, message: string, hint?: string): AppError =>
  new AppError('script-invalid', {
    message: `Line ${line}: ${message}.`,
    operation: 'read script',
    context: { line },
    ...(hint === undefined ? {} : { hint }),
  });

/**
 * The statements of a script, in order. `check` sees each of them and may throw; those before a place that cannot be read are seen first, since they may be why (the
 * lines of data after a COPY). Throws `script-invalid`. The parser must be loaded.
 */
export function readScript(
  text: string,
  check: (statement: ScriptStatement) => void,
): readonly ScriptStatement[] {
  const zero = text.indexOf('\0');
  if (zero !== -1) throw scriptInvalid(lineAt(text, zero), 'there is a zero byte');
  try {
    return statementsOf(text, check);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof RangeError) throw scriptInvalid(1, 'the script is nested too deep to be read');
    const fault = faultOf(text, error);
    try {
      statementsOf(text.slice(0, fault.before), check);
    } catch (earlier) {
      if (earlier instanceof AppError) throw earlier;
    }
    throw scriptInvalid(fault.line, fault.message, fault.hint);
  }
}

function statementsOf(text: string, check: (statement: ScriptStatement) => void): readonly ScriptStatement[] {
  if (text.trim() === '') return [];
  const bytes = Buffer.from(text);
  const cut = cutterOf(text);
  let line = 1;
  let counted = 0;
  return (parse(text).stmts ?? []).map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    for (let at = bytes.indexOf(10, counted); at !== -1 && at < start; at = bytes.indexOf(10, at + 1)) {
      line++;
      counted = at + 1;
    }
    const end = length === undefined ? bytes.length : start + length;
    const statement = { sql: cut(start, end).trimEnd(), line, start, end, node: stmt as Node };
    check(statement);
    return statement;
  });
}

interface Fault {
  readonly line: number;
  readonly message: string;
  readonly hint?: string;
  /** The statements before the one that cannot be read end here. */
  readonly before: number;
}

/** What the parser says, in our words where it trips over what only psql understands. Constants are left out: one may be a password. */
function faultOf(text: string, error: unknown): Fault {
  const { message = '', cursorPosition = 0 } =
    (error as { readonly sqlDetails?: { readonly message?: string; readonly cursorPosition?: number } })
      .sqlDetails ?? {};
  // The parser counts characters, and so do we; a string counts the halves of rare ones.
  const at = [...text].slice(0, Math.max(0, cursorPosition)).join('').length;
  const place = { line: lineAt(text, at), before: text.lastIndexOf(';', at - 1) + 1 };
  const command = /^\\[\w.!?+-]*/.exec(text.slice(at))?.[0];
  if (command !== undefined) {
    return {
      ...place,
      message: `${command} is a command of psql, and none of the database`,
      hint: 'Leave out what begins with a backslash; to move rows use an export and an import.',
    };
  }
  const near = /^(.*) at or near "([^"']*)"$/s.exec(message);
  const told = near !== null && /^[\p{L}\p{P}\p{S}_]{1,40}$/u.test(near[2] ?? '');
  return { ...place, message: told ? message : (near?.[1] ?? message.replace(/ at or near .*$/s, '')) };
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

const constants: ReadonlySet<string> = new Set([
  'SCONST',
  'USCONST',
  'XCONST',
  'BCONST',
  'ICONST',
  'FCONST',
  'PARAM',
]);
const mostWords = 6;
const mostCharacters = 80;

/** What a statement is, for people: its first words up to the first constant or bracket. */
export function titleOf(sql: string): string {
  const words: string[] = [];
  let end = -1;
  for (const token of readTokens(sql) ?? []) {
    if (isComment(token)) continue;
    if (!isWord(token) || words.length === mostWords) break;
    // `hr.emp` are three tokens and one word.
    if (token.text === '.' || (words.at(-1)?.endsWith('.') ?? false))
      words.push(`${words.pop() ?? ''}${token.text}`);
    else words.push(token.text);
    end = token.end;
  }
  const title = end === -1 ? sql : words.join(' ');
  return title.length > mostCharacters ? `${title.slice(0, mostCharacters - 1)}…` : title;
}

const isWord = ({ tokenName, text }: ScanToken): boolean =>
  !constants.has(tokenName) && (text === '.' || text === '*' || /^[\p{L}_"]/u.test(text));
