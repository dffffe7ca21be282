import pg from 'pg';
import { schemaEntries, schemaText } from './schema-text.ts';

/** Everything that must be equal in the copy of a database, as sorted lines. */
export interface DatabaseState {
  readonly schema: readonly string[];
  /** Per table and filled materialized view: name, number of rows, digest of the rows without regard to their order. */
  readonly rows: readonly string[];
  readonly sequences: readonly string[];
  /** Number, owner, grants, comment, size, digest. */
  readonly largeObjects: readonly string[];
}

const userRelations = `SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'`;

/** `url` is a superuser's: nothing may be hidden. */
export async function databaseState(url: string): Promise<DatabaseState> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const lines = async (sql: string): Promise<string[]> => {
    const { rows } = await client.query<{ line: string }>(sql);
    return rows.map(({ line }) => line);
  };
  try {
    await client.query(
      "SET extra_float_digits = 3; SET row_security = off; SET search_path = ''; SET TimeZone = 'UTC'",
    );
    // By the names of the columns: what inherits may have them in another order afterwards, with pg_dump too.
    const tables = await client.query<{ name: string; columns: string[] }>(
      `SELECT r.name, ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a
  WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1) AS columns
FROM (${userRelations}) r JOIN pg_class c ON c.oid = r.oid
WHERE r.relkind = 'r' OR (r.relkind = 'm' AND c.relispopulated) ORDER BY 1`,
    );
    const rows: string[] = [];
    for (const { name, columns } of tables.rows) {
      rows.push(
        ...(await lines(`SELECT format('%s %s %s', ${pg.escapeLiteral(name)}, count(*),
  sum(('x' || left(md5(t::text), 15))::bit(60)::bigint::numeric)) AS line
FROM (SELECT ${columns.join(', ')} FROM ONLY ${name}) t`)),
      );
    }
    const sequences: string[] = [];
    for (const name of await lines(
      `SELECT r.name AS line FROM (${userRelations}) r WHERE r.relkind = 'S' ORDER BY 1`,
    )) {
      sequences.push(
        ...(await lines(
          `SELECT format('%s %s %s', ${pg.escapeLiteral(name)}, last_value, is_called) AS line FROM ${name}`,
        )),
      );
    }
    const largeObjects = await lines(`
SELECT format('%s %s %s %s %s %s', m.oid, m.lomowner::regrole, m.lomacl, obj_description(m.oid, 'pg_largeobject'),
  length(lo_get(m.oid)), md5(lo_get(m.oid))) AS line FROM pg_largeobject_metadata m ORDER BY m.oid`);
    return { schema: schemaEntries(await schemaText(url)), rows, sequences, largeObjects };
  } finally {
    await client.end();
  }
}

/**
 * The roles and tablespaces of a server, as sorted lines, by the URL of any of its databases. `membershipOptions`: with what servers before
 * 16 do not tell of a membership.
 */
export async function globalState(url: string, membershipOptions: boolean): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(`
SELECT 'role ' || (to_jsonb(r) - 'oid' - 'rolpassword' || jsonb_build_object('comment', shobj_description(r.oid, 'pg_authid')))::text AS line
FROM pg_roles r WHERE rolname !~ '^pg_' AND r.oid <> 10
UNION ALL SELECT format('member %s %s', m.roleid::regrole,
  to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor' ${membershipOptions ? '' : "- 'inherit_option' - 'set_option'"} || jsonb_build_object('member', m.member::regrole))
FROM pg_auth_members m WHERE m.member::regrole::text !~ '^pg_'
UNION ALL SELECT format('tablespace %s %s %s %s %s', spcname, spcowner::regrole, spcacl, spcoptions, shobj_description(oid, 'pg_tablespace'))
FROM pg_tablespace WHERE spcname !~ '^pg_'
ORDER BY 1`);
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
  }
}
