import type { Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { ToClear, WriteUnit } from '../../engine.ts';
import { pieceBytes } from '../large-objects.ts';
import { ownSchema } from '../own-schema.ts';
import type { Connection } from '../wire/connection.ts';
import { claimReceipt } from './receipts.ts';

const receipts = `${ownSchema}.receipt`;
/** Where the rows wait until they are put into their objects: in the transaction, on the server's disk, without compression. */
const waiting = 'pg_temp.pumphouse_large_object';
/** Opens an object for writing. */
const forWriting = 131_072;

/** The second receipt of a unit: it names the objects that the unit filled. */
const noteOf = (key: string): string => `${key} large objects`;

/** The receipt that says what becomes of large objects that are filled when rows come for them. */
const noteOfFilled = (how: ToClear['how']): string => `filled large objects: ${how}`;

/** Notes, in the open transaction, that the job leaves filled large objects (`keep`), or replaces what is in them. */
export async function noteFilled(
  connection: Connection,
  work: Work,
  how: ToClear['how'],
  signal: AbortSignal,
): Promise<void> {
  await claimReceipt(connection, work, noteOfFilled(how), null, signal);
}

/**
 * Writes a unit of large objects in the open transaction; the number of rows that came. Objects that are not there are made. A unit holds
 * whole objects, so whatever is in one already is somebody else's: {@link noteFilled} says what becomes of it; without a note it refuses the
 * unit.
 */
export async function writeLargeObjects(
  connection: Connection,
  jobId: string,
  unit: WriteUnit,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  await connection.query(
    `CREATE TEMPORARY TABLE pumphouse_large_object (
  loid oid NOT NULL, pageno int4 NOT NULL CHECK (pageno >= 0),
  data bytea NOT NULL CHECK (pg_catalog.octet_length(data) BETWEEN 1 AND ${pieceBytes})
) ON COMMIT DROP;
ALTER TABLE ${waiting} ALTER data SET STORAGE EXTERNAL`,
    signal,
  );
  const format = unit.encoding === 'binary' ? ' WITH (FORMAT binary)' : '';
  const rows = await connection.copyIn(
    `COPY ${waiting} (loid, pageno, data) FROM STDIN${format}`,
    bytes,
    signal,
  );
  await makeMissing(connection, signal);
  await clearFilled(connection, jobId, signal);
  await connection.query(
    `SELECT count(pg_catalog.lo_put(p.loid, p.pageno::pg_catalog.int8 * ${pieceBytes}, p.data))
FROM (SELECT loid, pageno, data FROM ${waiting} ORDER BY loid, pageno OFFSET 0) p`,
    signal,
  );
  await connection.queryWith(
    `INSERT INTO ${receipts} (job_id, key, failures)
SELECT $1, $2, coalesce(pg_catalog.jsonb_agg(DISTINCT loid::pg_catalog.int8), '[]') FROM ${waiting}`,
    [jobId, noteOf(unit.key)],
    signal,
  );
  await connection.query(`DROP TABLE ${waiting}`, signal);
  return rows;
}

/** Rows without the definitions of their objects. */
async function makeMissing(connection: Connection, signal: AbortSignal): Promise<void> {
  await connection.query(
    `SELECT count(pg_catalog.lo_create(w.loid)) FROM (SELECT DISTINCT loid FROM ${waiting}) w
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata m WHERE m.oid = w.loid)`,
    signal,
  );
}

/** Takes the rows of filled objects out, or the objects' contents, as the job has noted. */
async function clearFilled(connection: Connection, jobId: string, signal: AbortSignal): Promise<void> {
  const filled = await connection.query(
    `SELECT w.loid FROM (SELECT DISTINCT loid FROM ${waiting}) w
WHERE pg_catalog.octet_length(pg_catalog.lo_get(w.loid, 0, 1)) > 0 ORDER BY w.loid`,
    signal,
  );
  const [first] = filled;
  if (first === undefined) return;
  const notes = await connection.queryWith(
    `SELECT key FROM ${receipts} WHERE job_id = $1 AND key IN ($2, $3)`,
    [jobId, noteOfFilled('keep'), noteOfFilled('truncate')],
    signal,
  );
  const oids = JSON.stringify(filled.map(([oid]) => oid));
  if (notes.some(([key]) => key === noteOfFilled('keep'))) {
    await connection.queryWith(
      `DELETE FROM ${waiting} w USING pg_catalog.jsonb_array_elements_text($1::jsonb) AS l(loid)
WHERE w.loid = l.loid::pg_catalog.oid`,
      [oids],
      signal,
    );
  } else if (notes.length > 0) {
    await connection.queryWith(
      empty('FROM pg_catalog.jsonb_array_elements_text($1::jsonb) AS l(loid)'),
      [oids],
      signal,
    );
  } else {
    throw new AppError('object-exists', {
      message: `The target has a large object ${first[0]} already, which holds data.`,
      hint: 'Say with table_exists_action what becomes of it (skip, truncate or replace), remove it (lo_unlink), or import without large objects.',
      operation: 'write large objects',
    });
  }
}

/** The statement that empties the large objects whose numbers are the column `loid` of `from`. */
const empty = (from: string): string => `SELECT count(pg_catalog.lo_close(t.fd)) FROM (
  SELECT o.fd, pg_catalog.lo_truncate64(o.fd, 0) AS done FROM (
    SELECT pg_catalog.lo_open(m.oid, ${forWriting}) AS fd
    ${from} JOIN pg_catalog.pg_largeobject_metadata m ON m.oid = l.loid::pg_catalog.oid OFFSET 0
  ) o OFFSET 0
) t WHERE t.done = 0`;

/** Empties the large objects that the units of a job filled, so that they can be written again. In the open transaction. Repeatable. */
export async function emptyLargeObjects(
  connection: Connection,
  jobId: string,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const notes = JSON.stringify(keys.map(noteOf));
  await connection.queryWith(
    `WITH notes AS (
  DELETE FROM ${receipts} WHERE job_id = $1
    AND key IN (SELECT n.key FROM pg_catalog.jsonb_array_elements_text($2::jsonb) AS n(key))
  RETURNING failures
)
${empty('FROM notes CROSS JOIN LATERAL pg_catalog.jsonb_array_elements_text(notes.failures) AS l(loid)')}`,
    [jobId, notes],
    signal,
  );
}
