import { quoteIdentifier } from '../names.ts';

/** An entry of an ACL (aclexplode), with names. */
export interface AclEntry {
  readonly grantor: string;
  /** Null: PUBLIC. */
  readonly grantee: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

/** A JSON array of {@link AclEntry}, of an expression that is an aclitem[]; null for a null. */
export const aclAsJson = (acl: string): string => `CASE WHEN ${acl} IS NOT NULL THEN
  (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'grantor', pg_catalog.pg_get_userbyid(e.grantor),
    'grantee', CASE WHEN e.grantee <> 0 THEN pg_catalog.pg_get_userbyid(e.grantee) END,
    'privilege', e.privilege_type, 'grantable', e.is_grantable)), '[]')
  FROM pg_catalog.aclexplode(${acl}) e) END`;

/**
 * The statements that give an object these privileges, of which PUBLIC has none and the owner all (`own`) from the beginning. Those that must
 * go together are together: a grant in another role's name with what makes and unmakes that role the one who acts.
 * @param on what follows ON (`LARGE OBJECT 5`)
 */
export function grantStatements(
  on: string,
  owner: string,
  own: readonly string[],
  entries: readonly AclEntry[],
): readonly string[] {
  const isOwners = (entry: AclEntry): boolean => entry.grantee === owner && entry.grantor === owner;
  const owners = new Set(entries.filter(isOwners).map(({ privilege }) => privilege));
  const keepsAll = own.every((privilege) => owners.has(privilege));
  const revoke = `REVOKE ALL ON ${on} FROM ${quoteIdentifier(owner)};`;
  const granted = entries.filter((entry) => !keepsAll || !isOwners(entry) || entry.grantable);
  const groups = Map.groupBy(granted, ({ grantor, grantee, grantable }) =>
    JSON.stringify([grantor, grantee, grantable]),
  );
  // What others granted on, they must have been granted before.
  const inOrder = [...groups.values()].sort(
    (a, b) => Number(a[0]?.grantor !== owner) - Number(b[0]?.grantor !== owner),
  );
  return [...(keepsAll ? [] : [revoke]), ...inOrder.map((group) => grant(on, owner, group))];
}

function grant(on: string, owner: string, group: readonly AclEntry[]): string {
  const { grantor, grantee, grantable } = group[0] as AclEntry;
  const privileges = group.map(({ privilege }) => privilege).join(', ');
  const to = grantee === null ? 'PUBLIC' : quoteIdentifier(grantee);
  const sql = `GRANT ${privileges} ON ${on} TO ${to}${grantable ? ' WITH GRANT OPTION' : ''};`;
  if (grantor === owner) return sql;
  return `SET SESSION AUTHORIZATION ${quoteIdentifier(grantor)};\n${sql}\nRESET SESSION AUTHORIZATION;`;
}
