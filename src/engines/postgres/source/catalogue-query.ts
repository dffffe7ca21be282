import { ownSchema } from '../own-schema.ts';

/** OIDs below are the same in every database (FirstNormalObjectId). */
const firstUserOid = 16_384;

/**
 * A type is binary-safe when its binary form holds no OID that means something else in another database: arrays name
 * their element's type, composites those of their columns, reg* types an object. Base types of extensions are left out,
 * since nobody knows what their binary form holds.
 */
const typeSafety = (multiranges: boolean): string => `
used(root, oid) AS (
  SELECT DISTINCT a.atttypid, a.atttypid FROM columns a WHERE a.attgenerated = ''
  UNION
  SELECT u.root, inner_type.oid
  FROM used u JOIN pg_type t ON t.oid = u.oid CROSS JOIN LATERAL (
    SELECT t.typbasetype WHERE t.typtype = 'd'
    UNION ALL SELECT t.typelem WHERE t.typsend = 'array_send'::regproc
    UNION ALL SELECT a.atttypid FROM pg_attribute a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid
    ${multiranges ? 'UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid' : ''}
  ) AS inner_type(oid)
),
unsafe AS (
  SELECT DISTINCT u.root
  FROM used u JOIN pg_type t ON t.oid = u.oid
  WHERE t.typsend = 0 OR t.typreceive = 0
    OR (t.oid < ${firstUserOid} AND (t.typname ~ '^reg' OR t.typtype = 'c'))
    OR (t.typsend = 'array_send'::regproc AND t.typelem >= ${firstUserOid})
    OR (t.typtype = 'b' AND t.oid >= ${firstUserOid} AND t.typsend <> 'array_send'::regproc)
    OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.typrelid
        AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= ${firstUserOid}))
)`;

/** What the values of a domain are made of, through domains of domains, and whether one of these has a rule of its own. */
const domains = `
domain_steps(root, base, typmod, limited, takes_null) AS (
  SELECT t.oid, t.typbasetype, t.typtypmod,
    EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), NOT t.typnotnull
  FROM pg_type t WHERE t.typtype = 'd' AND t.oid IN (SELECT atttypid FROM columns)
  UNION ALL
  SELECT d.root, t.typbasetype, CASE WHEN d.typmod >= 0 THEN d.typmod ELSE t.typtypmod END,
    d.limited OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
    d.takes_null AND NOT t.typnotnull
  FROM domain_steps d JOIN pg_type t ON t.oid = d.base AND t.typtype = 'd'
),
domains AS (
  SELECT d.root, format_type(d.base, d.typmod) AS type, d.limited, d.takes_null
  FROM domain_steps d JOIN pg_type t ON t.oid = d.base AND t.typtype <> 'd'
)`;

/** The partitioned tables above each partition, and the columns that decide where its rows go. */
const lineage = `
lineage_steps(leaf, ancestor, level) AS (
  SELECT t.oid, i.inhparent, 1 FROM tables t JOIN pg_inherits i ON i.inhrelid = t.oid WHERE t.relispartition
  UNION ALL
  SELECT l.leaf, i.inhparent, l.level + 1
  FROM lineage_steps l JOIN pg_class p ON p.oid = l.ancestor AND p.relispartition JOIN pg_inherits i ON i.inhrelid = p.oid
),
lineage AS (
  SELECT l.leaf, json_agg(json_build_array(n.nspname, c.relname) ORDER BY l.level) AS ancestors
  FROM lineage_steps l JOIN pg_class c ON c.oid = l.ancestor JOIN pg_namespace n ON n.oid = c.relnamespace
  GROUP BY l.leaf
),
partition_keys AS (
  SELECT l.leaf, json_agg(DISTINCT key.attname) AS columns
  FROM (SELECT DISTINCT ancestor FROM lineage_steps) parent
  -- OFFSET 0: one look into the indexes for each parent.
  CROSS JOIN LATERAL (
    SELECT a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
    WHERE d.classid = 'pg_class'::regclass AND d.objid = parent.ancestor AND d.objsubid > 0
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = parent.ancestor AND d.refobjsubid = 0 AND d.deptype = 'i'
    OFFSET 0
  ) key
  JOIN lineage_steps l ON l.ancestor = parent.ancestor
  GROUP BY l.leaf
)`;

/** The tables above each one that inherits, by any way. */
const inheritance = `
inheritance_steps(heir, ancestor, level) AS (
  SELECT t.oid, i.inhparent, 1 FROM tables t JOIN pg_inherits i ON i.inhrelid = t.oid WHERE NOT t.relispartition
  UNION
  SELECT s.heir, i.inhparent, s.level + 1 FROM inheritance_steps s JOIN pg_inherits i ON i.inhrelid = s.ancestor
),
inheritance AS (
  SELECT s.heir, json_agg(json_build_array(n.nspname, c.relname) ORDER BY s.level, s.ancestor) AS ancestors
  FROM (SELECT heir, ancestor, min(level) AS level FROM inheritance_steps GROUP BY heir, ancestor) s
  JOIN pg_class c ON c.oid = s.ancestor JOIN pg_namespace n ON n.oid = c.relnamespace
  GROUP BY s.heir
)`;

/** The columns of each unique key without conditions and expressions, the primary one first. */
const uniqueKeys = `
key_columns AS (
  SELECT i.indrelid, i.indexrelid, i.indisprimary, json_agg(a.attname ORDER BY place.nr) AS columns
  FROM pg_index i JOIN tables t ON t.oid = i.indrelid
  CROSS JOIN LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS place(attnum, nr)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = place.attnum
  WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
  GROUP BY i.indrelid, i.indexrelid, i.indisprimary
),
unique_keys AS (
  SELECT indrelid, json_agg(columns ORDER BY indisprimary DESC, indexrelid) AS keys FROM key_columns GROUP BY indrelid
)`;

/**
 * Tables that hold rows: ordinary ones and leaves of partitioned ones, not foreign, not temporary; those of an extension
 * only when it declares them as configuration. Everything comes from the snapshot but the size of the files.
 *
 * Each CTE is a set that is joined once, so that the time grows with the number of tables and not with its square.
 */
export const tablesQuery = (serverVersionNum: number): string => `
WITH RECURSIVE exclusive AS MATERIALIZED (
  SELECT DISTINCT relation FROM pg_locks
  WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
),
tables AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.reltablespace, c.relfilenode, c.relpages, c.reltuples, c.reltoastrelid,
    c.relispartition, config.condition
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
  LEFT JOIN LATERAL (
    SELECT e.extcondition[array_position(e.extconfig, c.oid)] AS condition
    FROM pg_extension e WHERE e.oid = d.refobjid AND c.oid = ANY (e.extconfig)
  ) config ON true
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND (c.relpersistence <> 'u' OR NOT pg_is_in_recovery())
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '${ownSchema}')
    AND (d.objid IS NULL OR config.condition IS NOT NULL)
),
columns AS MATERIALIZED (
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.attgenerated, a.attnotnull,
    a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required,
    format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped
),
${typeSafety(serverVersionNum >= 140_000)},
${domains},
${lineage},
${inheritance},
${uniqueKeys},
shapes AS (
  SELECT a.attrelid,
    json_agg(json_build_array(a.attname, a.type) ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns,
    json_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated <> '') AS generated,
    json_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '' AND (a.attnotnull OR NOT d.takes_null)) AS not_null,
    json_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '' AND a.required) AS required,
    json_agg(json_build_array(a.attname, d.type, d.limited)) FILTER (WHERE d.root IS NOT NULL) AS domains,
    bool_and(u.root IS NULL) FILTER (WHERE a.attgenerated = '') AS binary_safe
  FROM columns a LEFT JOIN unsafe u ON u.root = a.atttypid LEFT JOIN domains d ON d.root = a.atttypid
  GROUP BY a.attrelid
)
SELECT t.nspname, t.relname,
  coalesce(s.spcname, (SELECT d.spcname FROM pg_tablespace d JOIN pg_database b ON b.dattablespace = d.oid
    WHERE b.datname = current_database())),
  json_build_object('columns', coalesce(h.columns, '[]'), 'generated', h.generated, 'notNull', h.not_null,
    'required', h.required, 'domains', h.domains, 'ancestors', l.ancestors, 'inherits', i.ancestors, 'partitionKey', p.columns, 'keys', k.keys),
  coalesce(h.binary_safe, true), t.relfilenode, t.condition, t.reltuples, t.relpages,
  -- The size of a file waits for an exclusive lock on its table, which may be held for hours.
  CASE WHEN x.relation IS NULL THEN pg_relation_size(t.oid)
    ELSE t.relpages::int8 * current_setting('block_size')::int8 END,
  CASE WHEN x.relation IS NULL AND t.reltoastrelid <> 0 THEN pg_relation_size(t.reltoastrelid) ELSE 0 END,
  current_setting('block_size')
FROM tables t
LEFT JOIN shapes h ON h.attrelid = t.oid
LEFT JOIN lineage l ON l.leaf = t.oid
LEFT JOIN inheritance i ON i.heir = t.oid
LEFT JOIN partition_keys p ON p.leaf = t.oid
LEFT JOIN unique_keys k ON k.indrelid = t.oid
LEFT JOIN pg_tablespace s ON s.oid = t.reltablespace
LEFT JOIN exclusive x ON x.relation = t.oid
ORDER BY t.nspname, t.relname`;
