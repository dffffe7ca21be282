import type { TableName } from '../../../core/catalogue.ts';
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
 * Table and tablespace mode name the tables; without room for all of them, their schemas; without room for these, nothing.
 */
export function scopeArguments(scope: DdlScope): readonly string[] | null {
  switch (scope.mode) {
    case 'full':
      return [];
    case 'schema':
      return scope.schemas.length === 0 ? null : fitting([schemaPatterns(scope.schemas)]);
    case 'table':
    case 'tablespace': {
      const schemas = [...new Set(scope.tables.map((table) => table.schema))];
      return schemas.length === 0 ? null : fitting([tablePatterns(scope.tables), schemaPatterns(schemas)]);
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
