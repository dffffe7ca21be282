import { ownSchema } from '../own-schema.ts';
import type { Connection } from '../wire/connection.ts';

/** What the plans are made from. Booleans about rights are those of the user; of one that is not there yet, those of everybody (PUBLIC). */
export interface AccountFacts {
  readonly serverVersionNum: number;
  readonly administrator: Administrator;
  readonly database: DatabaseFacts;
  /** Null: there is none of that name. */
  readonly role: RoleFacts | null;
  readonly receipts: ReceiptFacts;
  readonly schemas: readonly SchemaFacts[];
  /** Those on which the user lacks a right. */
  readonly relations: readonly RelationFacts[];
  /** Large objects that the user may not read. */
  readonly largeObjects: readonly {
    readonly oid: number;
    readonly owner: string;
    readonly grantable: boolean;
  }[];
  /** Owners of tables with row security, and whether it holds for the owner too. */
  readonly rowSecurity: readonly {
    readonly owner: string;
    readonly forced: boolean;
    readonly name: string;
  }[];
  readonly owners: readonly OwnerFacts[];
  readonly defaults: readonly DefaultPrivileges[];
}

export interface Administrator {
  readonly name: string;
  readonly superuser: boolean;
  readonly createRole: boolean;
  readonly bypassRls: boolean;
}

export interface DatabaseFacts {
  readonly name: string;
  readonly owner: string;
  readonly connect: boolean;
  readonly create: boolean;
  /** By the administrator. */
  readonly grantable: boolean;
}

/** The schema of the receipts of imports, which may be there already. */
export interface ReceiptFacts {
  readonly exists: boolean;
  readonly usable: boolean;
}

export interface RoleFacts {
  readonly comment: string | null;
  readonly login: boolean;
  readonly inherit: boolean;
  readonly bypassRls: boolean;
  readonly expired: boolean;
  /** Attributes that jobs need none of: `CREATEROLE`. */
  readonly excess: readonly string[];
}

export interface SchemaFacts {
  readonly name: string;
  readonly owner: string;
  readonly usage: boolean;
  readonly create: boolean;
  readonly grantable: boolean;
}

export interface RelationFacts {
  readonly schema: string;
  readonly name: string;
  readonly isSequence: boolean;
  /** A table that rows can be written into. */
  readonly takesRows: boolean;
  readonly owner: string;
  readonly select: boolean;
  /** INSERT and TRUNCATE; of a sequence UPDATE. */
  readonly write: boolean;
  readonly grantable: boolean;
}

/** Somebody who owns a schema, a relation, a function or a type, and the schemas that they are in. */
export interface OwnerFacts {
  readonly name: string;
  readonly superuser: boolean;
  /** Has, by itself or as a member of another role, what goes beyond owning things. */
  readonly powerful: boolean;
  readonly isMember: boolean;
  /** The administrator may make others members. */
  readonly grantable: boolean;
  /** The administrator may set default privileges for it. */
  readonly alterable: boolean;
  readonly schemas: readonly string[];
}

/** What the user will get of what `owner` makes, in whatever schema. */
export interface DefaultPrivileges {
  readonly owner: string;
  readonly kind: 'TABLES' | 'SEQUENCES' | 'SCHEMAS' | 'LARGE OBJECTS';
  readonly privilege: string;
}

const isOfUsers = (column: string): string =>
  `${column} !~ '^pg_' AND ${column} NOT IN ('information_schema', '${ownSchema}')`;

/** `$1` is the name of the user; `who` the name to ask about rights for. */
const whoIs = `
WITH me AS (SELECT * FROM pg_catalog.pg_roles WHERE rolname = current_user),
asked AS (SELECT $1::text AS name, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1) AS oid),
who AS (SELECT CASE WHEN oid IS NULL THEN 'public' ELSE name END AS name, oid FROM asked)`;

/** Whether the administrator may make others members of a role, by its alias. From 16 on CREATEROLE alone does not do. */
const mayGrantRole = (version: number, role: string): string =>
  version >= 160_000
    ? `(me.rolsuper OR pg_catalog.pg_has_role(${role}.oid, 'MEMBER WITH ADMIN OPTION'))`
    : `(me.rolsuper OR NOT ${role}.rolsuper AND (me.rolcreaterole OR pg_catalog.pg_has_role(${role}.oid, 'MEMBER WITH ADMIN OPTION')))`;

const placeQuery = `${whoIs}
SELECT pg_catalog.json_build_object(
  'administrator', pg_catalog.json_build_object('name', me.rolname, 'superuser', me.rolsuper, 'createRole', me.rolcreaterole,
    'bypassRls', me.rolbypassrls),
  'database', pg_catalog.json_build_object('name', d.datname, 'owner', pg_catalog.pg_get_userbyid(d.datdba),
    'connect', pg_catalog.has_database_privilege(who.name, d.oid, 'CONNECT'),
    'create', pg_catalog.has_database_privilege(who.name, d.oid, 'CREATE'),
    'grantable', pg_catalog.pg_has_role(d.datdba, 'USAGE') OR pg_catalog.has_database_privilege(d.oid, 'CREATE WITH GRANT OPTION')),
  'receipts', pg_catalog.json_build_object('exists', n.oid IS NOT NULL, 'usable', coalesce(
    pg_catalog.has_schema_privilege(who.name, n.oid, 'USAGE') AND pg_catalog.has_schema_privilege(who.name, n.oid, 'CREATE'), false)),
  'role', (SELECT pg_catalog.json_build_object('comment', pg_catalog.shobj_description(r.oid, 'pg_authid'), 'login', r.rolcanlogin,
      'inherit', r.rolinherit, 'bypassRls', r.rolbypassrls, 'expired', coalesce(r.rolvaliduntil <= pg_catalog.now(), false),
      'excess', pg_catalog.array_remove(ARRAY[CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END], NULL))
    FROM pg_catalog.pg_roles r WHERE r.oid = who.oid))
FROM me, who, pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = '${ownSchema}'
WHERE d.datname = pg_catalog.current_database()`;

const schemasQuery = `${whoIs}
SELECT pg_catalog.json_build_object('name', n.nspname, 'owner', pg_catalog.pg_get_userbyid(n.nspowner),
  'usage', pg_catalog.has_schema_privilege(who.name, n.oid, 'USAGE'), 'create', pg_catalog.has_schema_privilege(who.name, n.oid, 'CREATE'),
  'grantable', pg_catalog.pg_has_role(n.nspowner, 'USAGE') OR pg_catalog.has_schema_privilege(n.oid, 'CREATE WITH GRANT OPTION'))
FROM who, pg_catalog.pg_namespace n WHERE ${isOfUsers('n.nspname')} ORDER BY n.nspname`;

const relationsQuery = `${whoIs},
found AS (
  SELECT n.nspname, c.relname, c.relkind, c.relowner,
    CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(who.name, c.oid, 'SELECT')
      ELSE pg_catalog.has_table_privilege(who.name, c.oid, 'SELECT') END AS readable,
    CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(who.name, c.oid, 'UPDATE')
      ELSE pg_catalog.has_table_privilege(who.name, c.oid, 'INSERT') AND pg_catalog.has_table_privilege(who.name, c.oid, 'TRUNCATE') END AS writable
  FROM who, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't' AND ${isOfUsers('n.nspname')}
)
SELECT pg_catalog.json_build_object('schema', nspname, 'name', relname, 'isSequence', relkind = 'S', 'takesRows', relkind IN ('r', 'p'),
  'owner', pg_catalog.pg_get_userbyid(relowner), 'select', readable, 'write', writable,
  'grantable', pg_catalog.pg_has_role(relowner, 'USAGE'))
FROM found WHERE NOT (readable AND (writable OR relkind NOT IN ('r', 'p', 'S'))) ORDER BY nspname, relname`;

const largeObjectsQuery = `${whoIs}
SELECT pg_catalog.json_build_object('oid', m.oid::int8, 'owner', pg_catalog.pg_get_userbyid(m.lomowner),
  'grantable', pg_catalog.pg_has_role(m.lomowner, 'USAGE'))
FROM who, pg_catalog.pg_largeobject_metadata m
WHERE NOT (who.oid IS NOT NULL AND pg_catalog.pg_has_role(who.oid, m.lomowner, 'USAGE')) AND NOT EXISTS (
  SELECT FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT' AND a.grantee IN (0, coalesce(who.oid, 0)))
ORDER BY m.oid`;

const rowSecurityQuery = `
SELECT pg_catalog.json_build_object('owner', pg_catalog.pg_get_userbyid(c.relowner), 'forced', c.relforcerowsecurity,
  'name', pg_catalog.format('%I.%I', n.nspname, c.relname))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND ${isOfUsers('n.nspname')} ORDER BY n.nspname, c.relname`;

/** Roles that come with the server, and that give no more than looking at things. */
const harmless = `('pg_database_owner', 'pg_read_all_data', 'pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables')`;

/** `$2`: names of more, as JSON. */
const ownersQuery = (version: number): string => `${whoIs},
places AS (
  SELECT nspowner AS owner, oid AS schema FROM pg_catalog.pg_namespace
  UNION SELECT relowner, relnamespace FROM pg_catalog.pg_class WHERE relpersistence <> 't'
  UNION SELECT proowner, pronamespace FROM pg_catalog.pg_proc
  UNION SELECT typowner, typnamespace FROM pg_catalog.pg_type
),
owned AS (
  SELECT p.owner, n.nspname FROM places p JOIN pg_catalog.pg_namespace n ON n.oid = p.schema WHERE ${isOfUsers('n.nspname')}
  UNION SELECT r.oid, NULL FROM pg_catalog.pg_roles r WHERE r.rolname IN (SELECT pg_catalog.jsonb_array_elements_text($2::jsonb))
),
owners AS (
  SELECT r.oid, r.rolname, r.rolsuper, pg_catalog.array_remove(pg_catalog.array_agg(o.nspname::text ORDER BY o.nspname), NULL) AS schemas
  FROM who, owned o JOIN pg_catalog.pg_roles r ON r.oid = o.owner
  WHERE r.rolname !~ '^pg_' AND r.oid IS DISTINCT FROM who.oid GROUP BY 1, 2, 3
),
-- All roles that an owner is, one by one.
ways AS (
  SELECT DISTINCT o.oid AS owner, r.* FROM owners o JOIN pg_catalog.pg_roles r ON pg_catalog.pg_has_role(o.oid, r.oid, 'MEMBER')
  WHERE NOT o.rolsuper
)
SELECT pg_catalog.json_build_object('name', o.rolname, 'superuser', o.rolsuper,
  'powerful', o.rolsuper OR EXISTS (SELECT FROM ways w WHERE w.owner = o.oid AND (w.rolsuper OR w.rolcreaterole OR w.rolcreatedb
    OR w.rolreplication OR w.rolbypassrls OR w.rolname ~ '^pg_' AND w.rolname NOT IN ${harmless})),
  'isMember', who.oid IS NOT NULL AND pg_catalog.pg_has_role(who.oid, o.oid, 'USAGE'),
  'grantable', ${mayGrantRole(version, 'o')}, 'alterable', pg_catalog.pg_has_role(o.oid, 'USAGE'), 'schemas', o.schemas)
FROM owners o, who, me ORDER BY o.rolname`;

const defaultsQuery = `${whoIs}
SELECT pg_catalog.json_build_object('owner', pg_catalog.pg_get_userbyid(d.defaclrole), 'privilege', a.privilege_type,
  'kind', CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END)
FROM who, pg_catalog.pg_default_acl d CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a
WHERE a.grantee = who.oid AND d.defaclnamespace = 0 AND d.defaclobjtype IN ('r', 'S', 'n', 'L')`;

/** Looks at what the user has and what there is in the database. Reads only. */
export async function readAccountFacts(
  connection: Connection,
  user: string,
  owners: readonly string[],
  signal: AbortSignal,
): Promise<AccountFacts> {
  const version = connection.raw.serverVersionNum;
  const read = async <T>(sql: string, ...more: readonly string[]): Promise<T[]> =>
    (await connection.queryWith(sql, [user, ...more], signal)).map(
      ([text]) => JSON.parse(text as string) as T,
    );
  const [place] =
    await read<Pick<AccountFacts, 'administrator' | 'database' | 'receipts' | 'role'>>(placeQuery);
  return {
    ...(place as NonNullable<typeof place>),
    serverVersionNum: version,
    schemas: await read(schemasQuery),
    relations: await read(relationsQuery),
    largeObjects: await read(largeObjectsQuery),
    rowSecurity: (await connection.query(rowSecurityQuery, signal)).map(([text]) =>
      JSON.parse(text as string),
    ),
    owners: await read(ownersQuery(version), JSON.stringify(owners)),
    defaults: await read(defaultsQuery),
  };
}
