import type { PostgresServer } from './postgres.ts';

/** Each gives lines of one column; what an export leaves out on purpose (owners, statistics) is not looked at. */
const objectQueries: Readonly<Record<string, string>> = {
  schemas: `SELECT nspname FROM user_schema`,
  relations: `SELECT format('%I.%I %s %s %s %s', s.nspname, c.relname, c.relkind, c.relpersistence,
      pg_get_expr(c.relpartbound, c.oid), c.reloptions)
    FROM pg_class c JOIN user_schema s ON s.oid = c.relnamespace`,
  columns: `SELECT format('%I.%I.%s %I %s %s %s %s %s', s.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
      a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN user_schema s ON s.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE a.attnum > 0 AND NOT a.attisdropped`,
  constraints: `SELECT format('%s %I %s', conrelid::regclass, conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN user_schema s ON s.oid = k.connamespace`,
  indexes: `SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN user_schema s ON s.oid = c.relnamespace`,
  views: `SELECT format('%s %s %s', c.oid::regclass, c.relispopulated, pg_get_viewdef(c.oid))
    FROM pg_class c JOIN user_schema s ON s.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')`,
  sequences: `SELECT format('%I.%I %s', q.schemaname, q.sequencename, to_jsonb(q) - 'sequenceowner')
    FROM pg_sequences q JOIN user_schema s ON s.nspname = q.schemaname`,
  routines: `SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN user_schema s ON s.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p')`,
  triggers: `SELECT format('%s %s', t.tgenabled, pg_get_triggerdef(t.oid)) FROM pg_trigger t WHERE NOT t.tgisinternal`,
  policies: `SELECT to_jsonb(p)::text FROM pg_policies p`,
  types: `SELECT format('%I.%I %s %s %s', s.nspname, t.typname, t.typtype, format_type(nullif(t.typbasetype, 0), t.typtypmod),
      ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder))
    FROM pg_type t JOIN user_schema s ON s.oid = t.typnamespace`,
  comments: `SELECT format('%s %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
    FROM pg_description d JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND c.oid = d.objoid
    JOIN user_schema s ON s.oid = c.relnamespace`,
  extensions: `SELECT format('%I %s', extname, extversion) FROM pg_extension`,
};

const userSchemas = `user_schema AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')`;

const tablesQuery = `WITH ${userSchemas}
SELECT format('%I.%I', s.nspname, c.relname) AS name FROM pg_class c JOIN user_schema s ON s.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND (c.relkind = 'r' OR c.relispopulated) ORDER BY 1`;

/**
 * What a database holds, as sorted lines: its objects, and of each table and materialized view the number of rows and the
 * digest of the rows, sorted, as text. Equal databases have equal states, on servers of one version.
 */
export async function postgresState(
  server: PostgresServer,
  database: string,
): Promise<Record<string, readonly string[]>> {
  const state: Record<string, readonly string[]> = {};
  const lines = async (sql: string): Promise<string[]> =>
    (await server.query(database, sql)).map((row) => String(Object.values(row)[0]));
  for (const [kind, query] of Object.entries(objectQueries)) {
    state[kind] = (await lines(`WITH ${userSchemas} ${query}`)).sort();
  }
  const rows: string[] = [];
  for (const name of await lines(tablesQuery)) {
    rows.push(
      ...(await lines(`SET extra_float_digits = 3; SET row_security = off;
      SELECT format('%s %s %s', ${literal(name)}, count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))))
      FROM ONLY ${name} t`)),
    );
  }
  state.rows = rows;
  return state;
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
