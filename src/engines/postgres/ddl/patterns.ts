import type { TableName } from '../../../core/catalogue.ts';
import type { DdlScope } from '../../engine.ts';

/**
 * All arguments together must fit the 64 KB stack of the WebAssembly program, which needs most of it for itself.
 * Selections too long to be told are made coarser; the caller of the dump drops what he did not want anyway.
 */
const argumentBytes = 24_000;
/** pg_dump runs a query per pattern, so names share patterns; a huge regular expression costs the server dear. */
const patternBytes = 2_000;

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
  choices.find((choice) => choice.reduce((sum, text) => sum + Buffer.byteLength(text), 0) <= argumentBytes) ??
  [];

const schemaPatterns = (schemas: readonly string[]): string[] =>
  alternatives(schemas).map((names) => `--schema=${names}`);

function tablePatterns(tables: readonly TableName[]): string[] {
  return [...Map.groupBy(tables, (table) => table.schema)].flatMap(([schema, group]) =>
    alternatives(group.map((table) => table.name)).map((names) => `--table=${quoted(schema)}.${names}`),
  );
}

/** `"a"|"b"`, in as many patterns as it takes. Between quotes nothing is special; outside, | is a regular expression's. */
function alternatives(names: readonly string[]): string[] {
  const patterns: string[] = [];
  let pattern = '';
  for (const name of names) {
    if (pattern.length > patternBytes) {
      patterns.push(pattern);
      pattern = '';
    }
    pattern += `${pattern === '' ? '' : '|'}${quoted(name)}`;
  }
  return pattern === '' ? patterns : [...patterns, pattern];
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
