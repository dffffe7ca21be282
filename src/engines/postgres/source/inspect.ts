import type { Catalogue, Table, TableName } from '../../../core/catalogue.ts';
import { ownSchema } from '../own-schema.ts';
import type { Connection } from '../wire/connection.ts';
import { tablesQuery } from './catalogue-query.ts';
import { inspectLargeObjects } from './large-objects.ts';
import type { TableDetails } from './table-details.ts';

const schemasQuery = `SELECT nspname FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', '${ownSchema}') ORDER BY nspname`;

const tablespacesQuery = `SELECT spcname FROM pg_tablespace WHERE spcname <> 'pg_global' ORDER BY spcname`;

/** The server would compile the long query of {@link tablesQuery} for a second or two, to run it once. */
const withoutCompiler = 'SET LOCAL jit = off';

/** Rows of a table that was never analysed are guessed from its bytes. */
const guessedRowBytes = 100;

/** Reads the catalogue through the transaction that `connection` is in. */
export async function inspectDatabase(connection: Connection, signal: AbortSignal): Promise<Catalogue> {
  const schemas = await connection.query(schemasQuery, signal);
  const tablespaces = await connection.query(tablespacesQuery, signal);
  const tables = await connection.query(
    `${withoutCompiler}; ${tablesQuery(connection.raw.serverVersionNum)}`,
    signal,
  );
  const largeObjects = await inspectLargeObjects(connection, signal);
  return {
    schemas: schemas.map((row) => row[0] as string),
    tablespaces: tablespaces.map((row) => row[0] as string),
    tables: [...tables.map(toTable), ...(largeObjects === null ? [] : [largeObjects])],
  };
}

type QualifiedName = readonly [schema: string, name: string];

/** What the query tells of a table's columns; null where there is nothing to tell. */
interface Shape {
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly generated: readonly string[] | null;
  readonly notNull: readonly string[] | null;
  readonly required: readonly string[] | null;
  readonly domains: readonly (readonly [column: string, type: string, limited: boolean])[] | null;
  readonly ancestors: readonly QualifiedName[] | null;
  readonly inherits: readonly QualifiedName[] | null;
  readonly partitionKey: readonly string[] | null;
  readonly keys: readonly (readonly string[])[] | null;
}

function toTable(row: readonly (string | null)[]): Table {
  const [schema, name, tablespace, shapeText, binarySafe, fileNode, condition] = row as string[];
  const [tuples, pages, heapBytes, toastBytes, blockBytes] = row.slice(7).map(Number) as number[];
  const { columns, generated, notNull, required, domains, ancestors, inherits, partitionKey, keys } =
    JSON.parse(shapeText as string) as Shape;
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
    ...(domains === null
      ? {}
      : { domains: domains.map(([column, type, limited]) => ({ column, type, limited })) }),
  };
  return {
    schema: schema as string,
    name: name as string,
    tablespace: tablespace ?? null,
    columns: columns.map(([column, type]) => ({ name: column, type })),
    estimate: {
      rows: Math.round(rowsPerPage === null ? bytes / guessedRowBytes : rowsPerPage * blocks),
      bytes,
    },
    ...(ancestors === null ? {} : { partOf: ancestors.map(tableName) }),
    ...(inherits === null ? {} : { inherits: inherits.map(tableName) }),
    ...(partitionKey === null ? {} : { partitionKey }),
    ...(generated === null ? {} : { generated }),
    notNull: notNull ?? [],
    required: required ?? [],
    keys: keys ?? [],
    details,
  };
}

const tableName = ([schema, name]: QualifiedName): TableName => ({ schema, name });
