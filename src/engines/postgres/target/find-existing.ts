import type { DdlObject } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';

/** Which names an object's name must not be among. What belongs to a table comes and goes with it. */
const kinds: Readonly<Record<string, 'relation' | 'type' | 'routine'>> = {
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
};

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
)
SELECT pg_catalog.min(w.place)
FROM wanted w JOIN there t ON t.kind = w.kind AND t.nspname = w.schema AND t.name = w.name`;

/** The first of `objects` whose name is taken. Call it inside a transaction with the settings for writing. */
export async function findFirstExisting(
  connection: Connection,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<DdlObject | null> {
  const wanted = objects.flatMap(({ type, schema, name }, place) => {
    const kind = kinds[type];
    return kind === undefined || schema === null ? [] : [{ place, kind, schema, name }];
  });
  if (wanted.length === 0) return null;
  const [row] = await connection.queryWith(query, [JSON.stringify(wanted)], signal);
  const place = row?.[0] ?? null;
  return place === null ? null : (objects[Number(place)] ?? null);
}
