import type { Table } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import type { Unit } from '../../engine.ts';
import { largeObjectColumns, largeObjectTable, pieceBytes } from '../large-objects.ts';
import type { Connection } from '../wire/connection.ts';

/** Opens an object for reading. */
const forReading = 262_144;
/** Among how many ranges of large objects the planner can choose. */
const rangesAtMost = 1_000;

/** Table.details of the large objects: where ranges of about as many objects each begin. Plain JSON. */
interface LargeObjectDetails {
  readonly starts: readonly number[];
}

/** Unit.range of large objects. Plain JSON. */
interface LargeObjectRange {
  /** Their rows mean the same everywhere. */
  readonly binarySafe: true;
  /** The first. */
  readonly from: number;
  /** The one after the last; null: to the end. */
  readonly to: number | null;
}

/** Who may not read pg_largeobject may still know its size, which is all that can be known without reading. */
const query = `
SELECT numbered.oid, numbered.total, pg_catalog.pg_relation_size('pg_catalog.pg_largeobject')
FROM (
  SELECT m.oid, count(*) OVER () AS total, row_number() OVER (ORDER BY m.oid) - 1 AS place
  FROM pg_catalog.pg_largeobject_metadata m
) numbered
WHERE numbered.place % greatest(1, (numbered.total + ${rangesAtMost - 1}) / ${rangesAtMost}) = 0
ORDER BY numbered.oid`;

/** The large objects as a table; null when there are none. `connection` is in the snapshot. */
export async function inspectLargeObjects(
  connection: Connection,
  signal: AbortSignal,
): Promise<Table | null> {
  const rows = await connection.query(query, signal);
  const [first] = rows;
  if (first === undefined) return null;
  const objects = Number(first[1]);
  const bytes = Number(first[2]);
  const details: LargeObjectDetails = { starts: rows.map(([oid]) => Number(oid)) };
  return {
    ...largeObjectTable,
    tablespace: null,
    columns: largeObjectColumns,
    estimate: { rows: Math.max(objects, Math.ceil(bytes / pieceBytes)), bytes },
    details,
  };
}

/** Ranges of whole objects, taken to be of one size: `position` is the place of the table among the others. */
export function planLargeObjects(table: Table, position: number, unitBytes: number): readonly Unit[] {
  const { starts } = table.details as LargeObjectDetails;
  const parts = Math.max(1, Math.min(starts.length, Math.round(table.estimate.bytes / unitBytes)));
  const start = (part: number): number => starts[Math.floor((part * starts.length) / parts)] as number;
  return Array.from({ length: parts }, (_, index): Unit => {
    const range: LargeObjectRange = {
      binarySafe: true,
      from: start(index),
      to: index === parts - 1 ? null : start(index + 1),
    };
    return {
      id: `${String(position + 1).padStart(4, '0')}-${String(index + 1).padStart(4, '0')}`,
      table: largeObjectTable,
      part: index + 1,
      parts,
      columns: table.columns.map(({ name }) => name),
      estimate: {
        rows: Math.round(table.estimate.rows / parts),
        bytes: Math.round(table.estimate.bytes / parts),
      },
      range,
      // A piece of an object makes no sense without the others: what a job says of rows is not about them.
      rules: null,
    };
  });
}

/**
 * The COPY that reads a range of objects, piece by piece, by the functions that heed each object's privileges. An object is opened
 * to learn its size, and closed before its pieces are read; the server holds one piece at a time. Each step is a query of its own (that
 * is what OFFSET 0 does), because the planner may call a function of a LATERAL one less often than there are rows.
 */
export function copyLargeObjects(unit: Unit, format: string): string {
  const { from, to } = unit.range as LargeObjectRange;
  const limits = [`m.oid >= ${loid(from)}`, ...(to === null ? [] : [`m.oid < ${loid(to)}`])];
  const opened = `SELECT m.oid, pg_catalog.lo_open(m.oid, ${forReading}) AS fd
FROM pg_catalog.pg_largeobject_metadata m WHERE ${limits.join(' AND ')} OFFSET 0`;
  const sized = `SELECT o.oid, o.fd, pg_catalog.lo_lseek64(o.fd, 0, 2) AS size FROM (${opened}) o OFFSET 0`;
  const closed = `SELECT s.oid, s.size, pg_catalog.lo_close(s.fd) AS closed FROM (${sized}) s OFFSET 0`;
  const pieces = `SELECT c.oid, g.pageno, g.pageno = (c.size - 1) / ${pieceBytes} AS is_last,
  pg_catalog.lo_get(c.oid, g.pageno * ${pieceBytes}, ${pieceBytes}) AS data
FROM (${closed}) c CROSS JOIN LATERAL pg_catalog.generate_series(0, (c.size - 1) / ${pieceBytes}) AS g(pageno)
WHERE c.closed = 0 AND c.size > 0 OFFSET 0`;
  return `COPY (SELECT p.oid, p.pageno::pg_catalog.int4, p.data FROM (${pieces}) p
WHERE p.is_last OR p.data <> pg_catalog.decode(pg_catalog.repeat('00', ${pieceBytes}), 'hex')) TO STDOUT${format}`;
}

/** Units come back from a store, so what goes into a statement is looked at. */
function loid(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new AppError('internal', {
    message: `The unit has no valid range of large objects (${String(value)}).`,
  });
}
