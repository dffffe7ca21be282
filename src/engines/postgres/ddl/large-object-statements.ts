import type { DdlObject } from '../../../core/catalogue.ts';
import { constantsOfCall } from './refusal-calls.ts';
import { type Node, readStatements } from './statements.ts';

/** The number of the object that `SELECT pg_catalog.lo_create('5')` makes; null for another statement. */
function largeObjectMade(node: Node): string | null {
  const [loid, ...others] = constantsOfCall(node, 'lo_create') ?? [];
  return typeof loid === 'string' && /^[1-9]\d{0,9}$/.test(loid) && others.length === 0 ? loid : null;
}

/** The numbers of the objects that the statements of a BLOB make. The parser must be loaded. */
export const largeObjectsMade = (sql: string): readonly string[] =>
  (readStatements(sql) ?? []).flatMap(({ node }) => (node === null ? [] : (largeObjectMade(node) ?? [])));

/** Whether `node` is a part of a BLOB, or of the OWNER or ACL of one: a statement of that kind about a large object. */
export function isLargeObjectStatement(
  { type, schema }: Pick<DdlObject, 'type' | 'schema'>,
  node: Node,
): boolean {
  if (schema !== null) return false;
  if (type === 'BLOB') return largeObjectMade(node) !== null;
  if (type === 'OWNER')
    return 'AlterOwnerStmt' in node && node.AlterOwnerStmt.objectType === 'OBJECT_LARGEOBJECT';
  if (type !== 'ACL' || !('GrantStmt' in node)) return false;
  const { targtype, objtype } = node.GrantStmt;
  return targtype === 'ACL_TARGET_OBJECT' && objtype === 'OBJECT_LARGEOBJECT';
}
