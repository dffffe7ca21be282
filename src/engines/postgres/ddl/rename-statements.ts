import type { RawStmt } from 'libpg-query';
import { type Identity, identify } from './identify.ts';
import type { LeftAlone, Renames } from './rename-rules.ts';
import { renameText } from './rename-text.ts';
import { renameTree } from './rename-tree.ts';
import { isSameTree } from './same-tree.ts';
import { parse } from './statements.ts';

/** Statements with the renames made. */
export interface RenamedStatements {
  readonly sql: string;
  readonly leftAlone: readonly LeftAlone[];
  /** What the statement that makes the object said before, and says now. */
  readonly before: Identity;
  readonly after: Identity;
}

/**
 * Makes the renames in one or more statements. The tree is renamed and so is the text, each in its own way, and
 * the text is taken only if it parses to the renamed tree. Null when that cannot be had. The parser must be loaded.
 */
export function renameStatements(sql: string, renames: Renames): RenamedStatements | null {
  try {
    return renameParsed(sql, renames);
  } catch (error) {
    // A tree deeper than the stack.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function renameParsed(sql: string, renames: Renames): RenamedStatements | null {
  const tree = parsed(sql);
  if (tree === null) return null;
  const before = identityOf(tree);
  const found = renameTree(tree, renames, (text, type) => renameConstant(text, type, renames));
  const renamed = found.isImpossible ? null : renameText(sql, renames, found);
  if (renamed === null || !isSameTree(parsed(renamed), tree)) return null;
  return { sql: renamed, leftAlone: found.leftAlone, before, after: identityOf(tree) };
}

/** Of the first statement that is no SET. */
function identityOf(statements: readonly RawStmt[]): Identity {
  const made = statements.find(({ stmt }) => stmt !== undefined && !('VariableSetStmt' in stmt))?.stmt;
  return made === undefined ? { type: null, object: null } : identify(made);
}

function parsed(sql: string): RawStmt[] | null {
  try {
    return parse(sql).stmts ?? [];
  } catch {
    return null;
  }
}

/** What makes a statement of a constant that such a type reads, so that the name in it is renamed by the same rules. */
const statementOf: Readonly<Record<string, readonly [before: string, after: string]>> = {
  regclass: ['COMMENT ON TABLE ', ' IS NULL'],
  regcollation: ['COMMENT ON COLLATION ', ' IS NULL'],
  regconfig: ['COMMENT ON TEXT SEARCH CONFIGURATION ', ' IS NULL'],
  regdictionary: ['COMMENT ON TEXT SEARCH DICTIONARY ', ' IS NULL'],
  regnamespace: ['COMMENT ON SCHEMA ', ' IS NULL'],
  regoper: ['COMMENT ON OPERATOR ', ' (int, int) IS NULL'],
  regoperator: ['COMMENT ON OPERATOR ', ' IS NULL'],
  regproc: ['COMMENT ON FUNCTION ', ' IS NULL'],
  regprocedure: ['COMMENT ON FUNCTION ', ' IS NULL'],
  regrole: ['COMMENT ON ROLE ', ' IS NULL'],
  regtype: ['COMMENT ON TYPE ', ' IS NULL'],
};

/** The new text of a constant of the type `type`; null where it cannot be understood. */
export function renameConstant(text: string, type: string, renames: Renames): string | null {
  const [before, after] = statementOf[type] ?? [];
  if (before === undefined || after === undefined) return null;
  const renamed = renameStatements(`${before}${text}${after}`, renames);
  return renamed === null ? null : renamed.sql.slice(before.length, -after.length);
}
