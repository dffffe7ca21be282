import { type TableName, tableKey } from '../../../core/catalogue.ts';
import type { DdlScope } from '../../engine.ts';

/**
 * All arguments together must fit the 64 KB stack of the WebAssembly program, which needs most of it for itself.
 * Selections too long to be told are made coarser; the caller of the dump drops what he did not want anyway.
 */
const argumentBytes = 24_000;
/** Its pointer and final zero. */
const bytesPerArgument = 5;

/**
 * The arguments of pg_dump that narrow a dump to `scope` where that is possible. Null: nothing is in scope.
 * `barred` tables are left out, since pg_dump locks what it describes and gives up at the first that it may not read.
 * Table and tablespace mode name the tables; without room for all of them, their schemas; without room for these, nothing.
 */
export function scopeArguments(scope: DdlScope, barred: readonly TableName[]): readonly string[] | null {
  const without = barred.map(({ schema, name }) => `--exclude-table=${quoted(schema)}.${quoted(name)}`);
  switch (scope.mode) {
    case 'full':
      return fitting([without]);
    case 'schema':
      return scope.schemas.length === 0
        ? null
        : fitting([[...schemaPatterns(scope.schemas), ...without], without]);
    case 'table':
    case 'tablespace': {
      const excluded = new Set(barred.map(tableKey));
      const tables = scope.tables.filter((table) => !excluded.has(tableKey(table)));
      const schemas = [...new Set(tables.map((table) => table.schema))];
      if (schemas.length === 0) return null;
      return fitting([tablePatterns(tables), [...schemaPatterns(schemas), ...without], without]);
    }
    default:
      return scope.mode satisfies never;
  }
}

const fitting = (choices: readonly (readonly string[])[]): readonly string[] =>
  choices.find(
    (choice) =>
      choice.reduce((sum, text) => sum + Buffer.byteLength(text) + bytesPerArgument, 0) <= argumentBytes,
  ) ?? [];

const schemaPatterns = (schemas: readonly string[]): string[] =>
  schemas.map((schema) => `--schema=${quoted(schema)}`);

const tablePatterns = (tables: readonly TableName[]): string[] =>
  tables.map(({ schema, name }) => `--table=${quoted(schema)}.${quoted(name)}`);

/** Between quotes nothing is special in a pattern of pg_dump. A pattern of one name is looked up by an index. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
