import type { Catalogue, DdlObject, Table, TableName } from './catalogue.ts';
import { isOfDatabase, systemSchemas, tableKey } from './catalogue.ts';
import { AppError } from './errors.ts';
import { type NamePredicate, parseExpressions } from './expression.ts';
import type { JobMode, SelectionRequest } from './request.ts';

/** A selection whose expressions are parsed. */
export interface CompiledSelection {
  readonly mode: JobMode;
  readonly names: readonly NamePredicate[];
  readonly schemas: readonly NamePredicate[];
  readonly tablespaces: readonly NamePredicate[];
}

/** What of a catalogue a selection lets through. */
export interface ChosenTables {
  readonly schemas: readonly string[];
  readonly tables: readonly Table[];
}

/**
 * Parses the expressions and checks that they fit the mode: table mode takes one schema, tablespace mode needs a tablespace.
 * @throws AppError expression-invalid, mode-invalid
 */
export async function compileSelection(request: SelectionRequest): Promise<CompiledSelection> {
  const selection: CompiledSelection = {
    mode: request.mode,
    names: await parseExpressions(request.nameExpressions, 'name_expressions'),
    schemas: await parseExpressions(request.schemaExpressions, 'schema_expressions'),
    tablespaces: await parseExpressions(request.tablespaceExpressions, 'tablespace_expressions'),
  };
  if (selection.mode === 'table') {
    const single =
      selection.schemas.length === 0 ||
      (selection.schemas.length === 1 && selection.schemas[0]?.named?.length === 1);
    if (!single) {
      throw new AppError('mode-invalid', {
        field: 'schema_expressions',
        message: 'Table mode works in a single schema, but schema_expressions can name several.',
        hint: "Give one schema expression that names one schema, like = 'SCOTT', or use schema mode.",
      });
    }
  }
  if (selection.mode === 'tablespace' && selection.tablespaces.length === 0) {
    throw new AppError('mode-invalid', {
      field: 'tablespace_expressions',
      message: 'Tablespace mode needs a tablespace expression.',
      hint: "Give tablespace_expressions, like = 'USERS', or use another mode.",
    });
  }
  return selection;
}

/**
 * The schemas and tables of `catalogue` that pass. Without schema expressions, schema and table mode work in `ownSchema`;
 * null there means all schemas (imports, which take what the set holds).
 */
export function chooseTables(
  selection: CompiledSelection,
  catalogue: Catalogue,
  ownSchema: string | null,
): ChosenTables {
  const schemaTest = schemaFilter(selection, catalogue.schemas, ownSchema);
  const schemas = catalogue.schemas.filter(schemaTest);
  // Like the objects outside of schemas that they fill.
  const ofDatabase = selection.mode === 'full' && selection.names.length === 0;
  const own = catalogue.tables.filter(isOfDatabase);
  const inSchemas = catalogue.tables.filter((table) => !isOfDatabase(table) && schemaTest(table.schema));
  const nameTest = filter(
    selection.names,
    inSchemas.flatMap((table) => [table.name, ...ancestorsOf(table).map(({ name }) => name)]),
  );
  // A partitioned table is what its partitions are: who names it means their rows.
  const isNamed = (table: Table): boolean =>
    nameTest(table.name) ||
    ancestorsOf(table).some((ancestor) => schemaTest(ancestor.schema) && nameTest(ancestor.name));
  const tablespaceTest = filter(selection.tablespaces, catalogue.tablespaces);
  const tables = inSchemas.filter(
    (table) =>
      isNamed(table) &&
      (selection.tablespaces.length === 0 || (table.tablespace !== null && tablespaceTest(table.tablespace))),
  );
  return { schemas, tables: ofDatabase ? [...tables, ...own] : tables };
}

const ancestorsOf = (table: Table): readonly TableName[] => table.partOf ?? [];

/** The names of `tables` and of the partitioned tables that they are parts of, each once: whose definitions are needed. */
export function withAncestors(tables: readonly Table[]): readonly TableName[] {
  const names = tables.flatMap((table) => [table, ...ancestorsOf(table)]);
  return [
    ...new Map(names.map(({ schema, name }) => [tableKey({ schema, name }), { schema, name }])).values(),
  ];
}

/**
 * The objects that pass: what belongs to a table follows the table, and so does what it is a part of; independent objects go by their own schema and name;
 * objects outside of schemas only in full mode. Table and tablespace mode take tables, what belongs to them and
 * their schemas, nothing else.
 */
export function chooseObjects(
  selection: CompiledSelection,
  chosen: ChosenTables,
  objects: readonly DdlObject[],
): readonly DdlObject[] {
  const schemas = new Set(chosen.schemas);
  const tables = new Set(withAncestors(chosen.tables).map(tableKey));
  const tableSchemas = new Set(chosen.tables.map(({ schema }) => schema));
  const tablesOnly = selection.mode === 'table' || selection.mode === 'tablespace';
  const names = objects
    .filter((object) => object.schema !== null && schemas.has(object.schema))
    .map((object) => object.table ?? object.name);
  const nameTest = filter(selection.names, names);
  return objects.filter((object) => {
    if (object.schema === null) {
      if (selection.mode === 'full') return selection.names.length === 0 || object.type === 'SCHEMA';
      // The schemas of the tables come along: where they exist already, nothing is made.
      return object.type === 'SCHEMA' && (tablesOnly ? tableSchemas : schemas).has(object.name);
    }
    if (systemSchemas.has(object.schema)) return selection.mode === 'full' && selection.names.length === 0;
    if (!schemas.has(object.schema)) return false;
    const owner = object.table ?? (object.type.endsWith('TABLE') ? object.name : null);
    if (owner !== null && tables.has(tableKey({ schema: object.schema, name: owner }))) return true;
    // A filter on tablespaces is about tables with storage; nothing else can pass it.
    if (selection.tablespaces.length > 0) return false;
    if (tablesOnly && owner === null) return false;
    return nameTest(object.table ?? object.name);
  });
}

/**
 * @throws AppError selection-empty, saying what was looked for and what there is
 */
export function refuseEmpty(
  selection: CompiledSelection,
  chosen: ChosenTables,
  objects: readonly DdlObject[],
  where: string,
): void {
  if (chosen.tables.length > 0 || objects.some((object) => object.type !== 'SCHEMA')) return;
  const parts = [
    ...selection.schemas.map((predicate) => `schema ${predicate.text}`),
    ...selection.tablespaces.map((predicate) => `tablespace ${predicate.text}`),
    ...selection.names.map((predicate) => `name ${predicate.text}`),
  ];
  const lookedFor =
    parts.length > 0
      ? parts.join(' and ')
      : selection.mode === 'full'
        ? 'anything'
        : `anything in ${chosen.schemas.map((name) => `schema ${name}`).join(', ') || 'the schema of the caller'}`;
  throw new AppError('selection-empty', {
    field:
      selection.schemas.length > 0
        ? 'schema_expressions'
        : selection.names.length > 0
          ? 'name_expressions'
          : 'mode',
    message: `Nothing in ${where} matches: looked in ${selection.mode} mode for ${lookedFor}.`,
  });
}

/** The schema of the caller: the one of the same name without regard to case, else the engine's default. */
export function ownSchemaOf(caller: string, schemas: readonly string[], defaultSchema: string): string {
  const same = schemas.filter((name) => name.toLowerCase() === caller.toLowerCase());
  return same.find((name) => name === caller) ?? same[0] ?? defaultSchema;
}

function schemaFilter(
  selection: CompiledSelection,
  schemas: readonly string[],
  ownSchema: string | null,
): (name: string) => boolean {
  if (selection.schemas.length > 0) return filter(selection.schemas, schemas);
  const everywhere = selection.mode === 'full' || selection.mode === 'tablespace' || ownSchema === null;
  return everywhere ? () => true : (name) => name === ownSchema;
}

/** All predicates at once; letters compare without regard to case unless two of the names there are differ in case alone. */
function filter(
  predicates: readonly NamePredicate[],
  universe: readonly string[],
): (name: string) => boolean {
  if (predicates.length === 0) return () => true;
  const ignoreCase = !differInCaseAlone(universe);
  return (name) => predicates.every((predicate) => predicate.matches(name, ignoreCase));
}

/** Whether two different names of the list are equal but for case. */
export function differInCaseAlone(names: readonly string[]): boolean {
  const distinct = new Set(names);
  return new Set([...distinct].map((name) => name.toLowerCase())).size < distinct.size;
}
