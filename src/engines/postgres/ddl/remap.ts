import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DdlObject } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import type { RemapResult, ResolvedRemaps } from '../../engine.ts';
import { doubledGlobals } from './doubled-globals.ts';
import { madeNames } from './made-names.ts';
import { refuseClashes } from './remap-clashes.ts';
import { refuseBadNames } from './remap-names.ts';
import { type LeftAlone, type Renames, type SchemaRename, tableTarget } from './rename-rules.ts';
import { type RenamedStatements, renameConstant, renameStatements } from './rename-statements.ts';
import { loadSqlParser } from './statements.ts';
import { makeTargetSchemas } from './target-schemas.ts';

/** Objects renamed between two looks at the rest of the world: some 10 ms of work. */
const objectsAtOnce = 100;

/**
 * The objects with schemas, tables, tablespaces and roles renamed, all at once. Each statement is parsed and renamed in its tree
 * as well as in its text, and the new text must parse to the new tree. Function bodies and strings are left as they are, and so
 * are references to types, functions and the like that the objects do not make: those are most often an extension's. A query
 * that reads a renamed table knows it by its old name, as an alias. A table's indexes, constraints and sequences keep their names;
 * roles and tablespaces that the objects make are made under their new names.
 * @throws AppError remap-impossible for a statement where this cannot be proved; field-invalid for a name that PostgreSQL does
 * not take; object-exists where two objects would share a name
 */
export async function remapObjects(
  objects: readonly DdlObject[],
  remaps: ResolvedRemaps,
): Promise<RemapResult> {
  refuseBadNames(remaps);
  await loadSqlParser();
  const renames = renamesOf(objects, remaps);
  const names = oldNames(renames);
  const renamed: DdlObject[] = [];
  const leftAlone = new Set<string>();
  for (const [index, object] of objects.entries()) {
    if (index % objectsAtOnce === objectsAtOnce - 1) await nextTurn();
    const { result, left } = renameObject(object, renames, names);
    renamed.push(result);
    for (const each of left) leftAlone.add(sentence(result, each));
  }
  refuseClashes(objects, renamed);
  const wanted = remaps.schemas.filter(({ source, target }) => source !== target);
  const doubled = doubledGlobals(objects, renamed);
  const made = makeTargetSchemas(objects, renamed, wanted).filter((object) => !doubled.has(object));
  return { objects: made, leftAlone: [...leftAlone] };
}

function renamesOf(objects: readonly DdlObject[], remaps: ResolvedRemaps): Renames {
  const made = madeNames(objects);
  const tables = Map.groupBy(
    remaps.tables.filter(({ name, target }) => name !== target),
    ({ schema }) => schema,
  );
  const changes = (pairs: ResolvedRemaps['owners']): [string, string][] =>
    pairs.flatMap(({ source, target }) => (source === target ? [] : [[source, target]]));
  return {
    schemas: new Map(
      changes(remaps.schemas).map(([source, target]): [string, SchemaRename] => [
        source,
        { source, target, makes: (name) => made.has(source, name) },
      ]),
    ),
    tables: new Map(
      Array.from(tables, ([schema, inIt]): [string, Map<string, string>] => [
        schema,
        new Map(inIt.map(({ name, target }) => [name, target])),
      ]),
    ),
    tablespaces: new Map(changes(remaps.tablespaces)),
    roles: new Map(changes(remaps.owners)),
  };
}

/** What every statement that has one of the old names has in its text. */
function oldNames({ schemas, tables, tablespaces, roles }: Renames): readonly string[] {
  const inTables = Array.from(tables.values()).flatMap((names) => [...names.keys()]);
  return [...schemas.keys(), ...inTables, ...tablespaces.keys(), ...roles.keys()].map((name) =>
    // Quotes within it may be doubled.
    name.split(/["']/).reduce((longest, part) => (part.length > longest.length ? part : longest), ''),
  );
}

function renameObject(
  object: DdlObject,
  renames: Renames,
  names: readonly string[],
): { result: DdlObject; left: readonly LeftAlone[] } {
  const { schema, table, owner } = object;
  const moved: DdlObject = {
    ...object,
    schema: schema === null ? null : (renames.schemas.get(schema)?.target ?? schema),
    table: table === null ? null : (tableTarget(renames, schema, table) ?? table),
    owner: owner === null ? null : (renames.roles.get(owner) ?? owner),
  };
  if (!names.some((name) => object.sql.includes(name))) return { result: moved, left: [] };
  const renamed = renameStatements(object.sql, renames);
  if (renamed === null) {
    const name = object.schema === null ? object.name : `${object.schema}.${object.name}`;
    throw new AppError('remap-impossible', {
      message: `The ${object.type} ${name} cannot be remapped: its statement is not understood well enough to rename things in it.`,
      context: { type: object.type, schema: object.schema, name: object.name },
    });
  }
  const { sql, leftAlone } = renamed;
  return { result: { ...moved, name: newName(object, renamed, renames), sql }, left: leftAlone };
}

function newName(
  { type, schema, name }: DdlObject,
  { before, after }: RenamedStatements,
  renames: Renames,
): string {
  if (type === 'ROLE') return renames.roles.get(name) ?? name;
  if (type === 'TABLESPACE') return renames.tablespaces.get(name) ?? name;
  if (before.object?.name === name) return after.object?.name ?? name;
  // Routines have their argument types in their name: `f(integer, app.mood)`.
  const open = name.indexOf('(');
  if (schema === null || open === -1 || !name.endsWith(')')) return name;
  const signature = renameConstant(`f${name.slice(open)}`, 'regprocedure', renames);
  return signature === null ? name : `${name.slice(0, open)}${signature.slice(1)}`;
}

function sentence({ type, schema, name }: DdlObject, { kind, subject }: LeftAlone): string {
  const object = `${type} ${schema === null ? name : `${schema}.${name}`}`;
  switch (kind) {
    case 'body':
      return `${object}: the function body names the ${subject}, and was left as it is.`;
    case 'text':
      return `${object}: a string names the ${subject}, and was left as it is.`;
    case 'reference':
      return `${object}: refers to ${subject}, which is not in the set and was taken for an extension's; the reference was left as it is.`;
    default:
      return kind satisfies never;
  }
}
