import { parseSync } from 'libpg-query';
import type { LeftAlone, SchemaRenames } from './rename-rules.ts';
import { renameText } from './rename-text.ts';
import { renameTree } from './rename-tree.ts';
import { isSameTree } from './same-tree.ts';

/** Statements with their schemas renamed. */
export interface RenamedStatements {
  readonly sql: string;
  readonly leftAlone: readonly LeftAlone[];
  /** A schema was named by itself. */
  readonly namesSchemas: boolean;
}

/**
 * Renames the schemas in one or more statements. The tree is renamed and so is the text, each in its own way, and
 * the text is taken only if it parses to the renamed tree. Null when that cannot be had. The parser must be loaded.
 */
export function renameStatements(sql: string, renames: SchemaRenames): RenamedStatements | null {
  const tree = parsed(sql);
  if (tree === null) return null;
  const found = renameTree(tree, renames, (text, type) => renameConstant(text, type, renames));
  const renamed = renameText(sql, renames, found);
  if (renamed === null || !isSameTree(parsed(renamed), tree)) return null;
  return { sql: renamed, leftAlone: found.leftAlone, namesSchemas: found.namesSchemas };
}

function parsed(sql: string): unknown {
  try {
    return parseSync(sql).stmts ?? [];
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
  regtype: ['COMMENT ON TYPE ', ' IS NULL'],
};

/** The new text of a constant of the type `type`; null where it cannot be understood. */
export function renameConstant(text: string, type: string, renames: SchemaRenames): string | null {
  const [before, after] = statementOf[type] ?? [];
  if (before === undefined || after === undefined) return null;
  const renamed = renameStatements(`${before}${text}${after}`, renames);
  return renamed === null ? null : renamed.sql.slice(before.length, -after.length);
}
