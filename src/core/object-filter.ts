import { belongingTo } from './belonging.ts';
import { type DdlObject, isOfDatabase, type TableName, tableKey } from './catalogue.ts';
import { AppError } from './errors.ts';
import { type NamePredicate, parseExpression } from './expression.ts';
import { filterWords, tableData, typesOf } from './object-types.ts';
import type { ObjectFilter } from './request.ts';
import { differInCaseAlone } from './selection.ts';

/** `include` and `exclude` of a request, parsed. First what is included is taken, then what is excluded is left out. */
export interface ObjectFilters {
  /** Nothing is filtered. */
  readonly isEmpty: boolean;
  /**
   * The objects that pass. What belongs to an object (see {@link belongingTo}), and what is in a schema, goes with it both ways. The schemas of
   * what is included come along: where they exist already, nothing is made.
   */
  objects(all: readonly DdlObject[]): readonly DdlObject[];
  /** The tables whose rows pass: a filter on TABLE is about definition and rows, one on TABLE_DATA about the rows alone. */
  tables<T extends TableName>(all: readonly T[]): readonly T[];
}

interface CompiledFilter {
  /** The caller's word in its plain form. */
  readonly word: string;
  readonly types: ReadonlySet<string>;
  /** Null: every name. */
  readonly name: NamePredicate | null;
}

/** @throws AppError field-invalid for an unknown type, expression-invalid; with the field, like `include[0].type` */
export async function compileObjectFilters(
  include: readonly ObjectFilter[],
  exclude: readonly ObjectFilter[],
): Promise<ObjectFilters> {
  const included = await compileAll(include, 'include');
  const excluded = await compileAll(exclude, 'exclude');
  refuseUndone(included, excluded);
  return {
    isEmpty: included.length === 0 && excluded.length === 0,
    objects(all) {
      const kept = included.length === 0 ? all : withSchemas(taken(included, all), all);
      if (excluded.length === 0) return kept;
      const dropped = new Set(taken(excluded, kept));
      return kept.filter((object) => !dropped.has(object));
    },
    tables(all) {
      const kept = included.length === 0 ? all : all.filter(rowTest(included, all));
      if (excluded.length === 0) return kept;
      const drops = rowTest(excluded, kept);
      return kept.filter((table) => !drops(table));
    },
  };
}

/** What is included by its type alone, and excluded so too, cannot be meant: nothing of it is left. */
function refuseUndone(included: readonly CompiledFilter[], excluded: readonly CompiledFilter[]): void {
  const position = excluded.findIndex(
    ({ word, name }) => name === null && included.some((filter) => filter.word === word),
  );
  const word = excluded[position]?.word;
  if (word === undefined) return;
  throw new AppError('field-invalid', {
    field: `exclude[${position}].type`,
    message: `${word} is included and, all of it, excluded.`,
    hint: 'Take it out of include or of exclude, or exclude some by name.',
  });
}

async function compileAll(
  filters: readonly ObjectFilter[],
  field: string,
): Promise<readonly CompiledFilter[]> {
  const compiled: CompiledFilter[] = [];
  for (const [position, { type, nameExpression }] of filters.entries()) {
    const meaning = typesOf(type);
    if (meaning === null) {
      throw new AppError('field-invalid', {
        field: `${field}[${position}].type`,
        message: `There are no objects of type ${JSON.stringify(type.slice(0, 100))}.`,
        hint: `Use ${filterWords.join(', ')}.`,
      });
    }
    const name =
      nameExpression === null
        ? null
        : await parseExpression(nameExpression, `${field}[${position}].name_expression`);
    compiled.push({ word: meaning.word, types: new Set(meaning.types), name });
  }
  return compiled;
}

/** The objects that one of the filters names, with what belongs to them. */
function taken(filters: readonly CompiledFilter[], all: readonly DdlObject[]): readonly DdlObject[] {
  const heads = new Set<DdlObject>();
  for (const { types, name } of filters) {
    const candidates = all.filter(({ type }) => types.has(type));
    const passes = nameTest(name, candidates.map(plainName));
    for (const object of candidates) if (passes(object.name) || passes(plainName(object))) heads.add(object);
  }
  const schemas = new Set([...heads].flatMap(({ type, name }) => (type === 'SCHEMA' ? name : [])));
  const belongs = belongingTo([...heads], all);
  return all.filter(
    (object) =>
      heads.has(object) || (object.schema !== null && schemas.has(object.schema)) || belongs(object),
  );
}

/** `some` of `all`, with the schemas that they are in. */
function withSchemas(some: readonly DdlObject[], all: readonly DdlObject[]): readonly DdlObject[] {
  const wanted = new Set(some);
  const schemas = new Set(some.map(({ schema }) => schema));
  return all.filter((object) => wanted.has(object) || (object.type === 'SCHEMA' && schemas.has(object.name)));
}

const routineTypes: ReadonlySet<string> = new Set(['FUNCTION', 'PROCEDURE', 'AGGREGATE']);

/** Routines have the types of their arguments in their name, which nobody writes in a filter. */
const plainName = ({ type, name }: DdlObject): string =>
  routineTypes.has(type) ? name.replace(/\(.*$/s, '') : name;

/** Whether one of the filters is about the rows of a table. */
function rowTest(
  filters: readonly CompiledFilter[],
  all: readonly TableName[],
): (table: TableName) => boolean {
  const found = new Set<string>();
  for (const { word, name } of filters) {
    const nameIn = rowNames[word];
    if (nameIn === undefined) continue;
    const passes = nameTest(name, all.map(nameIn));
    for (const table of all) {
      // What is of the whole database follows the objects that it fills, not the tables.
      if (isOfDatabase(table) === (word === 'BLOB') && passes(nameIn(table))) found.add(tableKey(table));
    }
  }
  return (table) => found.has(tableKey(table));
}

/** The words that are about rows, with the name that their expression is about. */
const rowNames: Readonly<Record<string, (table: TableName) => string>> = {
  BLOB: ({ name }) => name,
  TABLE: ({ name }) => name,
  'VIRTUAL TABLE': ({ name }) => name,
  [tableData]: ({ name }) => name,
  SCHEMA: ({ schema }) => schema,
};

/** Letters compare without regard to case unless two of the names there are differ in case alone. */
function nameTest(predicate: NamePredicate | null, universe: readonly string[]): (name: string) => boolean {
  if (predicate === null) return () => true;
  const ignoreCase = !differInCaseAlone(universe);
  return (name) => predicate.matches(name, ignoreCase);
}
