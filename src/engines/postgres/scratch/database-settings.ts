import { quoteIdentifier, quoteLiteral } from '../names.ts';
import { settingClause } from '../setting-clause.ts';
import { type AclEntry, aclAsJson, grantStatements } from '../source/grants.ts';
import type { Connection } from '../wire/connection.ts';

/** What belongs to a database itself, and to nothing in it. */
interface DatabaseSettings {
  readonly owner: string;
  /** Null: as every new database has it. */
  readonly acl: readonly AclEntry[] | null;
  readonly connections: number;
  readonly allowsConnections: boolean;
  readonly isTemplate: boolean;
  readonly comment: string | null;
  /** Of all roles (null) and of single ones, `name=value` each. */
  readonly settings: readonly { readonly role: string | null; readonly values: readonly string[] }[];
}

const query = `
SELECT pg_catalog.json_build_object('owner', pg_catalog.pg_get_userbyid(d.datdba), 'acl', ${aclAsJson('d.datacl')},
  'connections', d.datconnlimit, 'allowsConnections', d.datallowconn, 'isTemplate', d.datistemplate,
  'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),
  'settings', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'role', CASE WHEN s.setrole <> 0 THEN pg_catalog.pg_get_userbyid(s.setrole) END, 'values', s.setconfig)), '[]')
    FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = d.oid))
FROM pg_catalog.pg_database d WHERE d.datname = $1`;

/** The statements that give the database `to` what `from` has now: owner, grants, settings, limits and comment. */
export async function settingStatements(
  connection: Connection,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [row] = await connection.queryWith(query, [from], signal);
  const { owner, acl, connections, allowsConnections, isTemplate, comment, settings } = JSON.parse(
    row?.[0] as string,
  ) as DatabaseSettings;
  const name = quoteIdentifier(to);
  return [
    `ALTER DATABASE ${name} OWNER TO ${quoteIdentifier(owner)};`,
    ...(acl === null
      ? []
      : [
          `REVOKE ALL ON DATABASE ${name} FROM PUBLIC;`,
          ...grantStatements(`DATABASE ${name}`, owner, ['CREATE', 'TEMPORARY', 'CONNECT'], acl),
        ]),
    `ALTER DATABASE ${name} CONNECTION LIMIT ${connections} ALLOW_CONNECTIONS ${allowsConnections} IS_TEMPLATE ${isTemplate};`,
    `COMMENT ON DATABASE ${name} IS ${comment === null ? 'NULL' : quoteLiteral(comment)};`,
    ...settings.flatMap(({ role, values }) => {
      const whose = role === null ? `DATABASE ${name}` : `ROLE ${quoteIdentifier(role)} IN DATABASE ${name}`;
      return values.map((value) => `ALTER ${whose} SET ${settingClause(value)};`);
    }),
  ];
}
