import type { DdlObject } from '../../../core/catalogue.ts';
import { quoteIdentifier, quoteLiteral } from '../names.ts';
import { settingClause } from '../setting-clause.ts';
import type { Connection } from '../wire/connection.ts';
import { type AclEntry, aclAsJson, grantStatements } from './grants.ts';
import { inMembershipOrder, type Membership } from './role-order.ts';

/** The oid of the superuser that initdb makes. */
const bootstrapSuperuser = 10;
/** From here on a membership has options of its own, and a grantor that counts. */
const membershipOptionsVersion = 160_000;

/** As JSON: booleans and numbers stay what they are. Passwords are not in this view. */
const rolesQuery = `
SELECT pg_catalog.json_build_object('name', r.rolname, 'superuser', r.rolsuper, 'inherit', r.rolinherit,
  'createRole', r.rolcreaterole, 'createDb', r.rolcreatedb, 'login', r.rolcanlogin, 'replication', r.rolreplication,
  'bypassRls', r.rolbypassrls, 'connections', r.rolconnlimit, 'validUntil', r.rolvaliduntil::text,
  'settings', (SELECT s.setconfig FROM pg_catalog.pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0),
  'comment', (SELECT d.description FROM pg_catalog.pg_shdescription d
    WHERE d.objoid = r.oid AND d.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass),
  'labels', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(l.provider, l.label) ORDER BY l.provider)
    FROM pg_catalog.pg_shseclabel l WHERE l.objoid = r.oid AND l.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass))
FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname`;

interface RoleFacts {
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDb: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connections: number;
  readonly validUntil: string | null;
  /** `name=value` each. */
  readonly settings: readonly string[] | null;
  readonly comment: string | null;
  readonly labels: readonly (readonly [provider: string, label: string])[] | null;
}

const membershipsQuery = (serverVersionNum: number): string => {
  const hasOptions = serverVersionNum >= membershipOptionsVersion;
  return `
SELECT pg_catalog.json_build_object('group', g.rolname, 'member', r.rolname, 'admin', m.admin_option,
  'grantor', ${hasOptions ? `CASE WHEN m.grantor <> ${bootstrapSuperuser} THEN pg_catalog.pg_get_userbyid(m.grantor) END` : 'NULL'},
  'inherit', ${hasOptions ? 'm.inherit_option' : 'NULL'}, 'set', ${hasOptions ? 'm.set_option' : 'NULL'})
FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
JOIN pg_catalog.pg_roles r ON r.oid = m.member
WHERE r.rolname !~ '^pg_' ORDER BY g.rolname, r.rolname, m.grantor`;
};

const tablespacesQuery = `
SELECT pg_catalog.json_build_object('name', t.spcname, 'owner', pg_catalog.pg_get_userbyid(t.spcowner),
  'location', pg_catalog.pg_tablespace_location(t.oid), 'options', t.spcoptions, 'acl', ${aclAsJson('t.spcacl')},
  'comment', (SELECT d.description FROM pg_catalog.pg_shdescription d
    WHERE d.objoid = t.oid AND d.classoid = 'pg_catalog.pg_tablespace'::pg_catalog.regclass))
FROM pg_catalog.pg_tablespace t WHERE t.spcname !~ '^pg_' ORDER BY t.spcname`;

interface TablespaceFacts {
  readonly name: string;
  readonly owner: string;
  readonly location: string;
  /** `name=value` each. */
  readonly options: readonly string[] | null;
  readonly acl: readonly AclEntry[] | null;
  readonly comment: string | null;
}

/**
 * What lies outside of the database, and anybody may see: a ROLE for each role that is not PostgreSQL's own (attributes, settings,
 * memberships, comment; never a password), in an order in which they can be made, then a TABLESPACE for each tablespace.
 */
export async function readGlobals(
  connection: Connection,
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  const read = async <T>(query: string): Promise<T[]> =>
    (await connection.query(query, signal)).map(([text]) => JSON.parse(text as string) as T);
  const roles = await read<RoleFacts>(rolesQuery);
  const memberships = await read<Membership>(membershipsQuery(connection.raw.serverVersionNum));
  const tablespaces = await read<TablespaceFacts>(tablespacesQuery);
  const ofMember = Map.groupBy(memberships, ({ member }) => member);
  return [
    ...inMembershipOrder(roles, memberships).map((role) => roleObject(role, ofMember.get(role.name) ?? [])),
    ...tablespaces.map(tablespaceObject),
  ];
}

const globalObject = (
  type: string,
  name: string,
  owner: string | null,
  statements: readonly string[],
): DdlObject => ({
  section: 'pre',
  type,
  schema: null,
  name,
  table: null,
  owner,
  sql: `${statements.join('\n')}\n`,
});

function roleObject(role: RoleFacts, memberships: readonly Membership[]): DdlObject {
  const name = quoteIdentifier(role.name);
  const word = (is: boolean, text: string): string => (is ? text : `NO${text}`);
  const attributes = [
    word(role.superuser, 'SUPERUSER'),
    word(role.inherit, 'INHERIT'),
    word(role.createRole, 'CREATEROLE'),
    word(role.createDb, 'CREATEDB'),
    word(role.login, 'LOGIN'),
    word(role.replication, 'REPLICATION'),
    word(role.bypassRls, 'BYPASSRLS'),
    ...(role.connections === -1 ? [] : [`CONNECTION LIMIT ${role.connections}`]),
    ...(role.validUntil === null ? [] : [`VALID UNTIL ${quoteLiteral(role.validUntil)}`]),
  ];
  return globalObject('ROLE', role.name, null, [
    `CREATE ROLE ${name} WITH ${attributes.join(' ')};`,
    ...(role.settings ?? []).map((setting) => `ALTER ROLE ${name} SET ${settingClause(setting)};`),
    ...memberships.map(membershipStatement),
    ...(role.comment === null ? [] : [`COMMENT ON ROLE ${name} IS ${quoteLiteral(role.comment)};`]),
    ...(role.labels ?? []).map(
      ([provider, label]) =>
        `SECURITY LABEL FOR ${quoteIdentifier(provider)} ON ROLE ${name} IS ${quoteLiteral(label)};`,
    ),
  ]);
}

function membershipStatement({ group, member, admin, inherit, set, grantor }: Membership): string {
  const options = [
    ...(admin ? ['ADMIN OPTION'] : []),
    ...(inherit === null ? [] : [`INHERIT ${inherit ? 'TRUE' : 'FALSE'}`]),
    // The default, which a server before 16 would not know.
    ...(set === false ? ['SET FALSE'] : []),
  ];
  const tail = options.length === 0 ? '' : ` WITH ${options.join(', ')}`;
  const by = grantor === null ? '' : ` GRANTED BY ${quoteIdentifier(grantor)}`;
  return `GRANT ${quoteIdentifier(group)} TO ${quoteIdentifier(member)}${tail}${by};`;
}

function tablespaceObject({
  name: plain,
  owner,
  location,
  options,
  acl,
  comment,
}: TablespaceFacts): DdlObject {
  const name = quoteIdentifier(plain);
  const settings = (options ?? []).map((option) => {
    const at = option.indexOf('=');
    return `${quoteIdentifier(option.slice(0, at))} = ${quoteLiteral(option.slice(at + 1))}`;
  });
  // One in the data folder of the server has a name that the server chose, which must not be given.
  const isInPlace = location.startsWith('pg_tblspc/');
  const withOptions = settings.length === 0 ? '' : ` WITH (${settings.join(', ')})`;
  return globalObject('TABLESPACE', plain, owner, [
    // The first statement is run alone, since it cannot be in a transaction; its owner may be made after it.
    `CREATE TABLESPACE ${name} LOCATION ${quoteLiteral(isInPlace ? '' : location)}${withOptions};`,
    `ALTER TABLESPACE ${name} OWNER TO ${quoteIdentifier(owner)};`,
    ...(acl === null ? [] : grantStatements(`TABLESPACE ${name}`, owner, ['CREATE'], acl)),
    ...(comment === null ? [] : [`COMMENT ON TABLESPACE ${name} IS ${quoteLiteral(comment)};`]),
  ]);
}
