import { type TableName, tableKey } from '../../../core/catalogue.ts';
import type { ExistingTable } from '../../engine.ts';
import type { Connection } from '../wire/connection.ts';
import { findDependents } from './dependents.ts';

const query = `
WITH found AS (
  SELECT c.oid, n.nspname, c.relname
  FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
  JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
  WHERE c.relkind IN ('r', 'p')
)
SELECT f.nspname, f.relname,
  (SELECT coalesce(pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_catalog.pg_attribute a
   WHERE a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
  (SELECT coalesce(pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname)), '[]')
   FROM pg_catalog.pg_constraint k
   JOIN pg_catalog.pg_class c ON c.oid = k.confrelid
   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE k.contype = 'f' AND k.conrelid = f.oid),
  (SELECT coalesce(pg_catalog.jsonb_agg(DISTINCT pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname)), '[]')
   FROM pg_catalog.pg_depend d
   JOIN pg_catalog.pg_constraint k ON k.oid = d.objid
   JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     AND d.refobjid = f.oid AND k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = f.oid AND k.conrelid <> f.oid)
FROM found f`;

/** What the target knows of those of `tables` that it has. Call it in a transaction with the settings for writing. */
export async function describeTables(
  connection: Connection,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<readonly ExistingTable[]> {
  const wanted = tables.map(({ schema, name }) => ({ schema, name }));
  const rows = await connection.queryWith(query, [JSON.stringify(wanted)], signal);
  const dependents = rows.length === 0 ? null : await findDependents(connection, wanted, signal);
  return rows.map(([schema, name, columns, references, referredToBy]) => ({
    schema: schema as string,
    name: name as string,
    columns: JSON.parse(columns as string) as string[],
    references: JSON.parse(references as string) as TableName[],
    referredToBy: JSON.parse(referredToBy as string) as TableName[],
    usedBy: dependents?.of.get(tableKey({ schema: schema as string, name: name as string })) ?? [],
  }));
}
