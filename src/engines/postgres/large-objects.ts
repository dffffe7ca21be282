import type { TableName } from '../../core/catalogue.ts';
import { databaseSchema } from '../../core/catalogue.ts';

/**
 * The pseudo-table that carries the contents of large objects. A row is a piece of {@link pieceBytes} bytes, the last one of an object
 * shorter; pieces that are all zero may be missing, but for the last one.
 */
export const largeObjectTable: TableName = { schema: databaseSchema, name: 'pg_largeobject' };

export const largeObjectColumns = [
  { name: 'loid', type: 'oid' },
  { name: 'pageno', type: 'integer' },
  { name: 'data', type: 'bytea' },
] as const;

/** Part of the dump format: a row's place in its object is `pageno` times this. */
export const pieceBytes = 262_144;

export const isLargeObjects = ({ schema, name }: TableName): boolean =>
  schema === largeObjectTable.schema && name === largeObjectTable.name;
