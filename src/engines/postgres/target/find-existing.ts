import type { DdlObject } from '../../../core/catalogue.ts';
import { largeObjectsMade } from '../ddl/large-object-statements.ts';
import { loadSqlParser } from '../ddl/statements.ts';
import type { Connection } from '../wire/connection.ts';
import { namedGlobalTypes, namedObjectsQuery, namedObjectTypes, soughtName } from './named-objects.ts';

/** Which names an object's name must not be among; other types have names of their own. What belongs to a table comes and goes with it. */
const kinds: Readonly<Record<string, string>> = {
  TABLE: 'relation',
  VIEW: 'relation',
  'MATERIALIZED VIEW': 'relation',
  'FOREIGN TABLE': 'relation',
  SEQUENCE: 'relation',
  TYPE: 'type',
  DOMAIN: 'type',
  'SHELL TYPE': 'type',
  FUNCTION: 'routine',
  PROCEDURE: 'routine',
  AGGREGATE: 'routine',
  BLOB: 'blob',
};

/** Kinds of objects that lie outside of schemas. */
const global: ReadonlySet<string> = new Set([...namedGlobalTypes, 'blob']);

/** Routines are named as pg_dump does it: `name(integer, public.mood)`, with the types as they look without search path. */
const query = `
WITH wanted AS (
  SELECT place, kind, schema, name
  FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(place int4, kind text, schema text, name text)
),
there AS (
  SELECT 'relation' AS kind, n.nspname, c.relname::text AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'type', n.nspname, t.typname::text
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  UNION ALL
  SELECT 'routine', n.nspname, p.proname || '(' || CASE WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*'
    ELSE pg_catalog.array_to_string(ARRAY(
      SELECT pg_catalog.format_type(a.type, NULL)
      FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS a(type, place) ORDER BY a.place), ', ') END || ')'
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname IN (SELECT schema FROM wanted WHERE kind = 'routine')
  UNION ALL
  ${namedObjectsQuery}
  UNION ALL
  SELECT 'blob', '', oid::text FROM pg_catalog.pg_largeobject_metadata WHERE EXISTS (SELECT FROM wanted WHERE kind = 'blob')
)
SELECT DISTINCT w.place
FROM wanted w JOIN there t ON t.kind = w.kind AND t.nspname = w.schema AND t.name = w.name
ORDER BY w.place`;

/** Those of `objects` whose names are taken. Call it inside a transaction with the settings for writing. */
export async function findExisting(
  connection: Connection,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  await loadSqlParser();
  const wanted = objects.flatMap((object, place) => {
    const { type, schema, sql } = object;
    const kind = kinds[type] ?? (namedObjectTypes.has(type) ? type : undefined);
    if (kind === undefined || (schema === null && !global.has(kind))) return [];
    const names = kind === 'blob' ? largeObjectsMade(sql) : [soughtName(object)];
    return names.map((each) => ({ place, kind, schema: schema ?? '', name: each }));
  });
  if (wanted.length === 0) return [];
  const rows = await connection.queryWith(query, [JSON.stringify(wanted)], signal);
  return rows.flatMap(([place]) => objects[Number(place)] ?? []);
}
