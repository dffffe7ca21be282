import type { Catalogue, Table } from '../../../core/catalogue.ts';
import { ownSchema } from '../own-schema.ts';
import type { Connection } from '../wire/connection.ts';
import type { TableDetails } from './table-details.ts';

/** OIDs below are the same in every database (FirstNormalObjectId). */
const firstUserOid = 16_384;

/**
 * A type is binary-safe when its binary form holds no OID that means something else in another database: arrays name
 * their element's type, composites those of their columns, reg* types an object. Base types of extensions are left out,
 * since nobody knows what their binary form holds.
 */
const typeSafety = (multiranges: boolean): string => `
used(root, oid) AS (
  SELECT DISTINCT a.atttypid, a.atttypid FROM columns a
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

/**
 * Tables that hold rows: ordinary ones and leaves of partitioned ones, not foreign, not temporary; those of an extension
 * only when it declares them as configuration. Everything comes from the snapshot but the size of the files.
 */
const tablesQuery = (serverVersionNum: number): string => `
WITH RECURSIVE exclusive AS MATERIALIZED (
  SELECT DISTINCT relation FROM pg_locks
  WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
),
tables AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.reltablespace, c.relfilenode, c.relpages, c.reltuples, c.reltoastrelid, config.condition
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
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
),
${typeSafety(serverVersionNum >= 140_000)},
shapes AS (
  SELECT a.attrelid, json_agg(json_build_array(a.attname, a.type) ORDER BY a.attnum) AS columns,
    bool_and(u.root IS NULL) AS binary_safe
  FROM columns a LEFT JOIN unsafe u ON u.root = a.atttypid
  GROUP BY a.attrelid
)
SELECT t.nspname, t.relname,
  coalesce(s.spcname, (SELECT d.spcname FROM pg_tablespace d JOIN pg_database b ON b.dattablespace = d.oid
    WHERE b.datname = current_database())),
  coalesce(h.columns, '[]'), coalesce(h.binary_safe, true), t.relfilenode, t.condition, t.reltuples, t.relpages,
  -- The size of a file waits for an exclusive lock on its table, which may be held for hours.
  CASE WHEN x.relation IS NULL THEN pg_relation_size(t.oid)
    ELSE t.relpages::int8 * current_setting('block_size')::int8 END,
  CASE WHEN x.relation IS NULL AND t.reltoastrelid <> 0 THEN pg_relation_size(t.reltoastrelid) ELSE 0 END,
  current_setting('block_size')
FROM tables t
LEFT JOIN shapes h ON h.attrelid = t.oid
LEFT JOIN pg_tablespace s ON s.oid = t.reltablespace
LEFT JOIN exclusive x ON x.relation = t.oid
ORDER BY t.nspname, t.relname`;

const schemasQuery = `SELECT nspname FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', '${ownSchema}') ORDER BY nspname`;

const tablespacesQuery = `SELECT spcname FROM pg_tablespace WHERE spcname <> 'pg_global' ORDER BY spcname`;

/** Rows of a table that was never analysed are guessed from its bytes. */
const guessedRowBytes = 100;

/** Reads the catalogue through the transaction that `connection` is in. */
export async function inspectDatabase(connection: Connection, signal: AbortSignal): Promise<Catalogue> {
  const schemas = await connection.query(schemasQuery, signal);
  const tablespaces = await connection.query(tablespacesQuery, signal);
  const tables = await connection.query(tablesQuery(connection.raw.serverVersionNum), signal);
  return {
    schemas: schemas.map((row) => row[0] as string),
    tablespaces: tablespaces.map((row) => row[0] as string),
    tables: tables.map(toTable),
  };
}

function toTable(row: readonly (string | null)[]): Table {
  const [schema, name, tablespace, columns, binarySafe, fileNode, condition] = row as string[];
  const [tuples, pages, heapBytes, toastBytes, blockBytes] = row.slice(7).map(Number) as number[];
  const heap = heapBytes as number;
  const bytes = heap + (toastBytes as number);
  const blocks = Math.ceil(heap / (blockBytes as number));
  const rowsPerPage =
    (tuples as number) > 0 && (pages as number) > 0 ? (tuples as number) / (pages as number) : null;
  const details: TableDetails = {
    blocks,
    fileNode: fileNode as string,
    binarySafe: binarySafe === 't',
    condition: condition === '' ? null : (condition ?? null),
  };
  return {
    schema: schema as string,
    name: name as string,
    tablespace: tablespace ?? null,
    columns: (JSON.parse(columns as string) as [string, string][]).map(([column, type]) => ({
      name: column,
      type,
    })),
    estimate: {
      rows: Math.round(rowsPerPage === null ? bytes / guessedRowBytes : rowsPerPage * blocks),
      bytes,
    },
    details,
  };
}
