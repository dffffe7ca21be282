import type { TableName } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';

const query = `
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))
ORDER BY 1, 2`;

/** The tables that the user may not read. They are left out of the DDL, and reading their data says why; the others go on. */
export async function barredTables(
  connection: Connection,
  signal: AbortSignal,
): Promise<readonly TableName[]> {
  const rows = await connection.query(query, signal);
  return rows.map(([schema, name]) => ({ schema: schema as string, name: name as string }));
}
