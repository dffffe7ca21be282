import { type TableName, tableKey } from '../../../core/catalogue.ts';
import type { Dependent } from '../../engine.ts';
import type { Connection } from '../wire/connection.ts';

/**
 * Rows (table's schema and name, or null; from; to; type, schema, name of what can be dropped by itself, or null; schema and name of the table
 * that it is part of, or null; title; how to drop it): `to` is made from `from`, which is one of the named tables or is reached from one.
 *
 * The walk goes from a thing to its parts (`a`, `i`, `P`, `S` of pg_depend: row types, columns' sequences, rules of views), which
 * are dropped along with it, and to what was made from either (`n`). It goes on through views and routines alone: whatever else is made
 * from a table can only be named. Foreign keys are left out, see {@link ExistingTable.referredToBy}.
 */
const query = `
WITH RECURSIVE named AS (
  SELECT c.oid, n.nspname, c.relname
  FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
  JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
  WHERE c.relkind IN ('r', 'p')
),
walk(from_class, from_oid, head_class, head_oid, class, oid, sub, ends) AS (
  SELECT NULL::pg_catalog.oid, NULL::pg_catalog.oid, 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, named.oid,
    'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, named.oid, 0, false
  FROM named
  UNION
  SELECT
    CASE WHEN part THEN NULL ELSE w.head_class END, CASE WHEN part THEN NULL ELSE w.head_oid END,
    CASE WHEN part THEN w.head_class ELSE next.class END, CASE WHEN part THEN w.head_oid ELSE next.oid END,
    CASE WHEN part THEN d.classid ELSE next.class END, CASE WHEN part THEN d.objid ELSE next.oid END,
    CASE WHEN part OR goes_on THEN 0 ELSE d.objsubid END, NOT part AND NOT goes_on
  FROM walk w
  JOIN pg_catalog.pg_depend d ON d.refclassid = w.class AND d.refobjid = w.oid AND d.deptype IN ('n', 'a', 'i', 'P', 'S')
  CROSS JOIN LATERAL (SELECT d.deptype <> 'n' AS part, CASE d.classid
    WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN (SELECT r.ev_class FROM pg_catalog.pg_rewrite r WHERE r.oid = d.objid)
    WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN (SELECT t.tgrelid FROM pg_catalog.pg_trigger t WHERE t.oid = d.objid)
    WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objid END AS relation) p
  LEFT JOIN pg_catalog.pg_class v ON v.oid = p.relation AND v.relkind IN ('v', 'm')
  LEFT JOIN pg_catalog.pg_proc f ON f.oid = d.objid AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.prokind <> 'a'
  CROSS JOIN LATERAL (SELECT v.oid IS NOT NULL OR f.oid IS NOT NULL AS goes_on,
    CASE WHEN v.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END AS class,
    coalesce(v.oid, d.objid) AS oid) next
  WHERE NOT w.ends AND (part OR (next.class, next.oid) <> (w.head_class, w.head_oid))
),
edges AS (
  SELECT coalesce(from_class, head_class) AS from_class, coalesce(from_oid, head_oid) AS from_oid, class, oid, max(sub) AS sub
  FROM walk GROUP BY 1, 2, 3, 4 HAVING pg_catalog.bool_and(from_oid IS NOT NULL)
),
found AS (
  SELECT w.from_class, w.from_oid, w.class, w.oid, w.sub, CASE w.class
    WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN w.oid
    WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN (SELECT r.ev_class FROM pg_catalog.pg_rewrite r WHERE r.oid = w.oid)
    WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN (SELECT t.tgrelid FROM pg_catalog.pg_trigger t WHERE t.oid = w.oid)
    WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN (SELECT a.adrelid FROM pg_catalog.pg_attrdef a WHERE a.oid = w.oid)
    WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN (SELECT p.polrelid FROM pg_catalog.pg_policy p WHERE p.oid = w.oid)
    WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass
      THEN (SELECT nullif(k.conrelid, 0) FROM pg_catalog.pg_constraint k WHERE k.oid = w.oid) END AS relation
  FROM edges w
  WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint k
    WHERE w.class = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = w.oid AND k.contype = 'f')
)
SELECT tn.nspname, t.relname, found.from_class || '/' || found.from_oid, found.class || '/' || found.oid,
  CASE WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relkind = 'm' THEN 'MATERIALIZED VIEW'
    WHEN f.prokind = 'p' THEN 'PROCEDURE' WHEN f.prokind <> 'a' THEN 'FUNCTION' END,
  CASE WHEN c.relkind IN ('v', 'm') THEN cn.nspname ELSE fn.nspname END,
  CASE WHEN c.relkind IN ('v', 'm') THEN c.relname ELSE f.proname || '(' || pg_catalog.array_to_string(ARRAY(
    SELECT pg_catalog.format_type(a.type, NULL)
    FROM pg_catalog.unnest(f.proargtypes) WITH ORDINALITY AS a(type, place) ORDER BY a.place), ', ') || ')' END,
  CASE WHEN owner.oid IS NOT NULL THEN cn.nspname END, owner.relname, t.oid IS NOT NULL,
  pg_catalog.pg_describe_object(found.class, found.oid, found.sub),
  CASE WHEN c.relkind = 'v' THEN pg_catalog.format('VIEW %I.%I', cn.nspname, c.relname)
    WHEN c.relkind = 'm' THEN pg_catalog.format('MATERIALIZED VIEW %I.%I', cn.nspname, c.relname)
    WHEN f.prokind <> 'a' THEN 'ROUTINE ' || f.oid::pg_catalog.regprocedure END
FROM found
LEFT JOIN pg_catalog.pg_class t
  ON t.oid = found.from_oid AND t.relkind IN ('r', 'p') AND found.from_class = 'pg_catalog.pg_class'::pg_catalog.regclass
LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = found.relation
LEFT JOIN pg_catalog.pg_class c ON c.oid = coalesce(x.indrelid, found.relation)
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class owner ON owner.oid = c.oid AND c.relkind IN ('r', 'p', 'f')
LEFT JOIN pg_catalog.pg_proc f ON f.oid = found.oid AND found.class = 'pg_catalog.pg_proc'::pg_catalog.regclass
LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
ORDER BY found.class, found.oid, found.sub`;

/** Something that is made from tables, with the rest of the statement that drops it; null: it cannot be dropped by itself. */
export interface FoundDependent extends Dependent {
  readonly drop: string | null;
}

/** What is made from tables, directly or by way of others. */
export interface DependentTree {
  /** By table key: everything that is made from that table. */
  readonly of: ReadonlyMap<string, readonly Dependent[]>;
  /** All of them once, each before everything that it is made from. */
  readonly inOrder: readonly FoundDependent[];
}

/** What is made from those of `tables` that are there. Call it in a transaction with the settings for writing: names are told as without search path. */
export async function findDependents(
  connection: Connection,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<DependentTree> {
  const wanted = JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })));
  const rows = await connection.queryWith(query, [wanted], signal);
  const nodes = new Map<string, FoundDependent>();
  const edges = new Map<string, Set<string>>();
  const tableOf = new Map<string, string>();
  for (const [
    schema,
    table,
    from,
    to,
    type,
    ownSchema,
    name,
    ownerSchema,
    owner,
    direct,
    title,
    drop,
  ] of rows) {
    const start = from as string;
    // Each part of a table that is not named stands for itself.
    const end = `${to} ${title}`;
    if (schema != null) tableOf.set(start, tableKey({ schema, name: table as string }));
    const object = type == null ? null : { type, schema: ownSchema as string, name: name as string };
    // What is made from a view goes before the view does, and the tables go last.
    const ofTable =
      owner == null || direct !== 't' || nodes.get(end)?.table === null
        ? null
        : { schema: ownerSchema as string, name: owner };
    nodes.set(end, { title: title as string, object, table: ofTable, drop: drop ?? null });
    edges.set(start, (edges.get(start) ?? new Set()).add(end));
  }
  const next = (key: string): Iterable<string> => edges.get(key.split(' ')[0] as string) ?? [];
  const of = new Map<string, readonly Dependent[]>();
  for (const [node, key] of tableOf) of.set(key, ordered([node], next).flatMap(toNode).map(withoutDrop));
  return { of, inOrder: ordered(tableOf.keys(), next).flatMap(toNode) };

  function toNode(key: string): readonly FoundDependent[] {
    const node = nodes.get(key);
    return node === undefined ? [] : [node];
  }
}

const withoutDrop = ({ drop: _, ...dependent }: FoundDependent): Dependent => dependent;

/** All that can be reached from `starts`, each after what can be reached from it. */
function ordered(starts: Iterable<string>, next: (key: string) => Iterable<string>): readonly string[] {
  const done = new Set<string>();
  const begun = new Set<string>();
  const visit = (key: string): void => {
    if (begun.has(key)) return;
    begun.add(key);
    for (const each of next(key)) visit(each);
    done.add(key);
  };
  for (const start of starts) visit(start);
  return [...done];
}
