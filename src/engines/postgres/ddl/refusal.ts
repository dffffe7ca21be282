import type { DdlObject } from '../../../core/catalogue.ts';
import { isNestedTooDeep } from '../../../core/sql-nesting.ts';
import { ownSchema } from '../own-schema.ts';
import { type Identity, identify } from './identify.ts';
import { mayFollow } from './refusal-followers.ts';
import { mayMake } from './refusal-makers.ts';
import { refusalOfSettings } from './refusal-settings.ts';
import { readStatements, type Statement } from './statements.ts';

/** What is known of an object whose statements may be run. */
export interface Reading {
  readonly statements: readonly Statement[];
  /** What its first statement besides SETs makes. */
  readonly identity: Identity;
}

/** The types that describe what is there, or may be there, in schemas of PostgreSQL's own too. */
const describingTypes: ReadonlySet<string> = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'DEFAULT ACL']);

/**
 * Reads the statements of an object, which are anybody's, and says in a sentence what is wrong with them. What a table's parts say about
 * their table is left to the caller, who knows the other objects. The parser must be loaded.
 */
export function readObject(object: DdlObject): Reading | string {
  const { type, schema, sql } = object;
  // The parser would stop there.
  if (sql.includes('\0')) return 'The statement holds a zero byte.';
  const all = readStatements(sql);
  if (all === null) return 'The last statement has no end.';
  const unreadable = all.find(({ node }) => node === null);
  if (unreadable !== undefined) {
    const tooDeep = isNestedTooDeep(unreadable.sql);
    return `${nameOf(unreadable)} ${tooDeep ? 'is nested too deep' : 'cannot be parsed'}.`;
  }
  const setting = refusalOfSettings(type, all);
  if (setting !== null) return setting;

  const [main, ...followers] = all.filter(({ node }) => node !== null && !('VariableSetStmt' in node));
  const made = main?.node ?? null;
  if (main === undefined || made === null) return 'There is no statement that makes it.';
  const identity = identify(made);
  if (!mayMake(object, made, identity))
    return `${nameOf(main)} is not how an object of the type ${type} is made.`;
  const stranger = followers.find(({ node }) => node === null || !mayFollow(object, made, node));
  if (stranger !== undefined) return `${nameOf(stranger)} is no part of an object of the type ${type}.`;

  if (namesReceipts(all)) return `It is about the schema ${ownSchema}, where imports keep their receipts.`;
  const isSystem = schema !== null && /^(?:pg_|information_schema$)/.test(schema);
  if (isSystem && !describingTypes.has(type)) return `The schema ${schema} is PostgreSQL's own.`;
  return { statements: all, identity };
}

/** A statement by its first words. */
function nameOf({ sql }: Statement): string {
  const words = /^\s*([a-z]+)(?:\s+([a-z]+))?/i.exec(sql);
  const [, first = 'The statement', second] = words ?? [];
  const name =
    /^(?:create|alter|drop|set|security)$/i.test(first) && second !== undefined
      ? `${first} ${second}`
      : first;
  return name === 'The statement' ? name : `The statement ${name.toUpperCase()}`;
}

/** Whether statements are about our receipts. Names are looked at in the tree: there are many ways to write one. */
export function namesReceipts(statements: readonly Statement[]): boolean {
  return statements.some(({ sql, node }) => (sql.includes(ownSchema) || /u&"/i.test(sql)) && holdsName(node));
}

/** Constants, comments and labels, which may say what they like. */
const textKeys: ReadonlySet<string> = new Set(['A_Const', 'comment', 'label']);

/** Without recursion, for a tree may be deeper than the stack. */
function holdsName(root: unknown): boolean {
  const pending = [root];
  while (pending.length > 0) {
    const tree = pending.pop();
    if (tree === ownSchema) return true;
    if (typeof tree !== 'object' || tree === null) continue;
    for (const [key, value] of Object.entries(tree)) if (!textKeys.has(key)) pending.push(value);
  }
  return false;
}
