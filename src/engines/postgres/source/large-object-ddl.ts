import type { DdlObject } from '../../../core/catalogue.ts';
import { quoteIdentifier, quoteLiteral } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { type AclEntry, aclAsJson, grantStatements } from './grants.ts';

/** Objects with the same owner and grants are defined together. */
const objectsAtOnce = 500;
const ownPrivileges: readonly string[] = ['SELECT', 'UPDATE'];

const groupsQuery = `
SELECT pg_catalog.pg_get_userbyid(g.lomowner), ${aclAsJson('g.lomacl')}, g.loids
FROM (
  SELECT n.lomowner, n.acl::pg_catalog.aclitem[] AS lomacl, pg_catalog.string_agg(n.oid::text, ' ' ORDER BY n.oid) AS loids,
    min(n.oid) AS first
  FROM (
    SELECT m.oid, m.lomowner, m.lomacl::text AS acl,
      (row_number() OVER (PARTITION BY m.lomowner, m.lomacl::text ORDER BY m.oid) - 1) / ${objectsAtOnce} AS batch
    FROM pg_catalog.pg_largeobject_metadata m
  ) n
  GROUP BY n.lomowner, n.acl, n.batch
) g
ORDER BY g.first`;

const commentsQuery = `
SELECT m.oid, pg_catalog.pg_get_userbyid(m.lomowner), d.description
FROM pg_catalog.pg_description d JOIN pg_catalog.pg_largeobject_metadata m ON m.oid = d.objoid
WHERE d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass ORDER BY m.oid`;

const labelsQuery = `
SELECT m.oid, pg_catalog.pg_get_userbyid(m.lomowner), l.provider, l.label
FROM pg_catalog.pg_seclabel l JOIN pg_catalog.pg_largeobject_metadata m ON m.oid = l.objoid
WHERE l.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass ORDER BY m.oid, l.provider`;

/**
 * The definitions of the large objects without their contents, which pg_dump leaves out of a schema: `BLOB`, several hundred objects of one
 * owner at most, with OWNER and ACL of the same name; a COMMENT or SECURITY LABEL for each object that has one. `connection` is in the snapshot.
 */
export async function readLargeObjectDdl(
  connection: Connection,
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  const groups = await connection.query(groupsQuery, signal);
  if (groups.length === 0) return [];
  const made = groups.flatMap(([owner, acl, loids]) =>
    groupObjects(
      owner as string,
      acl == null ? [] : (JSON.parse(acl) as AclEntry[]),
      acl != null,
      (loids as string).split(' '),
    ),
  );
  const comments = (await connection.query(commentsQuery, signal)).map(([loid, owner, text]) =>
    describing('COMMENT', loid, owner, `COMMENT ON LARGE OBJECT ${loid} IS ${quoteLiteral(text as string)};`),
  );
  const labels = (await connection.query(labelsQuery, signal)).map(([loid, owner, provider, label]) =>
    describing(
      'SECURITY LABEL',
      loid,
      owner,
      `SECURITY LABEL FOR ${quoteIdentifier(provider as string)} ON LARGE OBJECT ${loid} IS ${quoteLiteral(label as string)};`,
    ),
  );
  return [...made, ...comments, ...labels];
}

function groupObjects(
  owner: string,
  entries: readonly AclEntry[],
  hasAcl: boolean,
  loids: readonly string[],
): DdlObject[] {
  const name = loids.length === 1 ? (loids[0] as string) : `${loids[0]}..${loids.at(-1)}`;
  const common = { schema: null, name, table: null, owner } as const;
  const each = (statement: (loid: string) => string): string => `${loids.map(statement).join('\n')}\n`;
  const grants = hasAcl
    ? loids.map((loid) => grantStatements(`LARGE OBJECT ${loid}`, owner, ownPrivileges, entries))
    : [];
  return [
    {
      ...common,
      section: 'pre',
      type: 'BLOB',
      sql: each((loid) => `SELECT pg_catalog.lo_create('${loid}');`),
    },
    {
      ...common,
      section: 'pre',
      type: 'OWNER',
      sql: each((loid) => `ALTER LARGE OBJECT ${loid} OWNER TO ${quoteIdentifier(owner)};`),
    },
    // One object per grant, as everywhere: a role that is missing takes away its own grants only.
    ...(grants[0] ?? []).map(
      (_, place): DdlObject => ({
        ...common,
        section: 'post',
        type: 'ACL',
        sql: `${grants.map((one) => one[place]).join('\n')}\n`,
      }),
    ),
  ];
}

const describing = (
  type: string,
  loid: string | null | undefined,
  owner: string | null | undefined,
  sql: string,
): DdlObject => ({
  section: 'pre',
  type,
  schema: null,
  name: loid as string,
  table: null,
  owner: owner ?? null,
  sql: `${sql}\n`,
});
