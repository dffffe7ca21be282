import { AppError } from '../../core/errors.ts';

/** The name of the table that every logical database with keys has. */
export const keysTable = 'keys';

/** The columns of a key as a row. `ttl`: milliseconds left; null: none. */
export const keyColumns = [
  { name: 'key', type: 'text' },
  { name: 'type', type: 'text' },
  { name: 'ttl', type: 'bigint' },
  { name: 'value', type: 'dump' },
] as const;

/** A logical database as a schema: `db0`. */
export const schemaOf = (database: number): string => `db${database}`;

/** The logical database that a schema stands for. */
export function databaseOf(schema: string): number {
  const match = /^db(0|[1-9]\d{0,4})$/.exec(schema);
  if (match !== null) return Number(match[1]);
  throw new AppError('field-invalid', {
    message: `${JSON.stringify(schema.slice(0, 100))} is not a logical database: these are called db0, db1 and so on.`,
    hint: 'Name logical databases as db and their number, also in remap_schemas: db0:db5.',
  });
}
