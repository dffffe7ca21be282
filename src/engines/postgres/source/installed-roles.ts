import type { DdlObject } from '../../../core/catalogue.ts';
import { markedRolesQuery } from '../account/role-mark.ts';
import { loadSqlParser, type Node, readStatements } from '../ddl/statements.ts';
import type { Connection } from '../wire/connection.ts';

/**
 * The objects without what an installation of ours did for the roles that jobs work as: those roles and the rights that they have. That is no part of the database, and
 * would be an error wherever there is no such role.
 */
export async function withoutInstalledRoles(
  connection: Connection,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  const rows = await connection.query(markedRolesQuery, signal);
  if (rows.length === 0) return objects;
  await loadSqlParser();
  const roles = new Set(rows.map(([name]) => name as string));
  return objects.filter((object) => {
    if (object.type === 'ROLE') return !roles.has(object.name);
    if (object.type !== 'ACL' && object.type !== 'DEFAULT ACL') return true;
    const statements = readStatements(object.sql) ?? [];
    return statements.length === 0 || !statements.every(({ node }) => isGrantTo(node, roles));
  });
}

function isGrantTo(node: Node | null, roles: ReadonlySet<string>): boolean {
  if (node === null) return false;
  const grant =
    'GrantStmt' in node
      ? node.GrantStmt
      : 'AlterDefaultPrivilegesStmt' in node
        ? node.AlterDefaultPrivilegesStmt.action
        : undefined;
  const grantees = grant?.grantees ?? [];
  return (
    grantees.length > 0 &&
    grantees.every((each) => 'RoleSpec' in each && roles.has(each.RoleSpec.rolename ?? ''))
  );
}
