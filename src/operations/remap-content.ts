import { type DdlObject, type TableName, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Remap, Remaps, TableRemap } from '../core/request.ts';
import { differInCaseAlone } from '../core/selection.ts';
import { findTables, parseTableReference } from '../core/table-reference.ts';
import type { Engine, ResolvedRemaps } from '../engines/engine.ts';
import { wordsOf } from './words-of-statements.ts';

/** Names that a sentence lists. */
const listed = 10;

/** Tables and objects of a job. */
export interface JobContent<T extends TableName> {
  readonly tables: readonly T[];
  readonly objects: readonly DdlObject[];
}

/** The request's field for each kind of remap. */
export const remapFields: Readonly<Record<keyof Remaps, string>> = {
  schemas: 'remap_schemas',
  tables: 'remap_tables',
  tablespaces: 'remap_tablespaces',
  owners: 'remap_owner',
  keyPrefixes: 'remap_keys',
};

/** @throws AppError unsupported, naming the field of a remap that the engine cannot do */
export function refuseForeignRemaps(engine: Engine, remaps: Remaps): void {
  for (const kind of Object.keys(remapFields) as (keyof Remaps)[]) {
    if (remaps[kind].length === 0 || engine.capabilities.remaps.includes(kind)) continue;
    throw new AppError('unsupported', {
      field: remapFields[kind],
      message: `${engine.title} has no ${kind === 'keyPrefixes' ? 'keys' : kind} to remap.`,
      hint: `Leave ${remapFields[kind]} out.`,
    });
  }
}

/**
 * The content under its new names, and the places that keep an old one. A remap of a schema, tablespace or owner that nothing has is said
 * there, and is no error: one list of remaps may serve several imports, as in Data Pump.
 * @throws AppError unsupported, remap-impossible; field-invalid for a table that is not there; object-exists when two tables get one name
 */
export async function remapContent<T extends TableName>(
  engine: Engine,
  remaps: Remaps,
  content: JobContent<T>,
): Promise<JobContent<T> & { readonly leftAlone: readonly string[] }> {
  refuseForeignRemaps(engine, remaps);
  const resolved = resolveRemaps(remaps, content);
  const unused = unusedRemaps(remaps, content);
  if (engine.remap === undefined || Object.values(resolved).every((some) => some.length === 0)) {
    return { ...content, leftAlone: unused };
  }
  const { objects, leftAlone } = await engine.remap(content.objects, resolved);
  const rename = tableRenamer(resolved);
  const tables = content.tables.map((table) => ({ ...table, ...rename(table) }));
  refuseDoubles(tables);
  return { objects, tables, leftAlone: [...unused, ...leftAlone] };
}

/** @throws AppError field-invalid for a target that names a schema: a table is renamed where it is */
export function checkTableRemap({ table, target }: TableRemap): void {
  parseTableReference(table, remapFields.tables);
  if (!target.includes('.')) return;
  throw new AppError('field-invalid', {
    field: remapFields.tables,
    message: `${JSON.stringify(target.slice(0, 100))} is not the new name of a table: it has a dot.`,
    hint: 'Give the name alone; the table stays in its schema, which remap_schemas renames.',
  });
}

/** The name of a table after the remaps. */
export function tableRenamer({ schemas, tables }: ResolvedRemaps): (table: TableName) => TableName {
  const schemaNames = new Map(schemas.map(({ source, target }) => [source, target]));
  const tableNames = new Map(tables.map((table) => [tableKey(table), table.target]));
  return (table) => ({
    schema: schemaNames.get(table.schema) ?? table.schema,
    name: tableNames.get(tableKey(table)) ?? table.name,
  });
}

/**
 * Finds what the sources mean, without regard to case unless there are two names that differ in case alone. A target is written in the case
 * style that its source turned out to have (HR:BLAKE on a set with `hr` makes `blake`). Schemas that are not there are left out; tablespaces
 * and owners, which definitions may name where only the engine sees it, are taken as they were given.
 */
export function resolveRemaps<T extends TableName>(remaps: Remaps, content: JobContent<T>): ResolvedRemaps {
  return {
    schemas: remaps.schemas.flatMap((remap) => resolveName(remap, schemasOf(content))),
    tables: remaps.tables.flatMap((remap) => resolveTable(remap, content)),
    tablespaces: remaps.tablespaces.flatMap((remap) => resolveOrKeep(remap, tablespacesOf(content))),
    owners: remaps.owners.flatMap((remap) => resolveOrKeep(remap, ownersOf(content))),
  };
}

/** One sentence for each remap that changes nothing, because its source is nowhere. */
function unusedRemaps<T extends TableName>(remaps: Remaps, content: JobContent<T>): readonly string[] {
  let words: ReadonlySet<string> | null = null;
  const inText = (name: string): boolean => {
    words ??= wordsOf(content.objects.map(({ sql }) => sql));
    return words.has(name) || words.has(name.toLowerCase());
  };
  const unused = (
    kind: 'schemas' | 'tablespaces' | 'owners',
    title: string,
    names: readonly string[],
    isNamed: (name: string) => boolean,
  ): readonly string[] => {
    const there = [...new Set(names)].sort();
    const list = there.length === 0 ? 'none' : there.slice(0, listed).join(', ');
    const more = there.length > listed ? ` and ${there.length - listed} more` : '';
    return remaps[kind]
      .filter(({ source }) => findName(source, names) === undefined && !isNamed(source))
      .map(
        ({ source, target }) =>
          `${remapFields[kind]} ${source}:${target} changes nothing: no ${title} ${source} is among what is taken. There is ${list}${more}.`,
      );
  };
  return [
    ...unused('schemas', 'schema', schemasOf(content), () => false),
    ...unused('tablespaces', 'tablespace', tablespacesOf(content), inText),
    ...unused('owners', 'role', ownersOf(content), inText),
  ];
}

const tablespacesOf = <T extends TableName>({ tables, objects }: JobContent<T>): readonly string[] => [
  ...namesOf(objects, 'TABLESPACE'),
  ...tables.flatMap(tablespaceOf),
];

const ownersOf = <T extends TableName>({ objects }: JobContent<T>): readonly string[] => [
  ...namesOf(objects, 'ROLE'),
  ...objects.flatMap(({ owner }) => owner ?? []),
];

const namesOf = (objects: readonly DdlObject[], wanted: string): readonly string[] =>
  objects.flatMap(({ type, name }) => (type === wanted ? name : []));

/** Of the tables of a catalogue or a manifest, which say it. */
const tablespaceOf = (table: TableName & { readonly tablespace?: string | null }): string | [] =>
  table.tablespace ?? [];

function schemasOf<T extends TableName>({ tables, objects }: JobContent<T>): readonly string[] {
  return [
    ...new Set([
      ...tables.map(({ schema }) => schema),
      ...objects.flatMap((object) => (object.type === 'SCHEMA' ? object.name : (object.schema ?? []))),
    ]),
  ];
}

/** One or, where the name is not there, none. */
function resolveName({ source, target }: Remap, names: readonly string[]): readonly Remap[] {
  const found = findName(source, names);
  if (found === undefined) return [];
  const styled = inStyleOf(source, found, target);
  return found === styled ? [] : [{ source: found, target: styled }];
}

function resolveOrKeep(remap: Remap, names: readonly string[]): readonly Remap[] {
  if (findName(remap.source, names) !== undefined) return resolveName(remap, names);
  const lower = remap.source.toLowerCase();
  if (remap.source === lower) return [remap];
  return [remap, { source: lower, target: inStyleOf(remap.source, lower, remap.target) }];
}

function findName(wanted: string, names: readonly string[]): string | undefined {
  if (names.includes(wanted)) return wanted;
  if (differInCaseAlone(names)) return undefined;
  return names.find((name) => name.toLowerCase() === wanted.toLowerCase());
}

/** The target of a source that was found under another spelling: capitals alone are how some clients write names without quotes. */
const inStyleOf = (asked: string, found: string, target: string): string =>
  asked !== found && found === found.toLowerCase() && target === target.toUpperCase()
    ? target.toLowerCase()
    : target;

function resolveTable<T extends TableName>(
  { table, target }: TableRemap,
  { tables, objects }: JobContent<T>,
): ResolvedRemaps['tables'] {
  const field = remapFields.tables;
  const there = new Map<string, TableName>();
  for (const { schema, name } of tables) there.set(tableKey({ schema, name }), { schema, name });
  for (const { type, schema, name } of objects) {
    if (type === 'TABLE' && schema !== null) there.set(tableKey({ schema, name }), { schema, name });
  }
  const reference = parseTableReference(table, field);
  return findTables(reference, [...there.values()], field)
    .map((one) => ({ ...one, target: inStyleOf(reference.name, one.name, target) }))
    .filter((one) => one.target !== one.name);
}

/** Several sources may share a target, but not when their tables clash there. */
function refuseDoubles(tables: readonly TableName[]): void {
  const seen = new Set<string>();
  for (const table of tables) {
    const key = tableKey(table);
    if (seen.has(key)) {
      throw new AppError('object-exists', {
        field: remapFields.schemas,
        message: `Two tables would be called ${table.schema}.${table.name} after the remaps.`,
        hint: 'Remap them to different schemas or names.',
      });
    }
    seen.add(key);
  }
}
