import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DdlObject } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import type { SchemaRemap } from '../../../core/request.ts';
import type { RemapResult } from '../../engine.ts';
import { madeNames } from './made-names.ts';
import type { LeftAlone, SchemaRename, SchemaRenames } from './rename-rules.ts';
import { renameConstant, renameStatements } from './rename-statements.ts';
import { loadSqlParser } from './statements.ts';
import { makeTargetSchemas } from './target-schemas.ts';

/** Objects renamed between two looks at the rest of the world: some 10 ms of work. */
const objectsAtOnce = 100;

/**
 * The objects with their schemas renamed, all at once. Each statement is parsed and renamed in its tree as well as in its
 * text, and the new text must parse to the new tree. Function bodies and strings are left as they are, and so are
 * references to types, functions and the like that the objects do not make: those are most often an extension's.
 * @throws AppError remap-impossible for a statement where this cannot be proved; field-invalid for a name that
 * PostgreSQL does not take
 */
export async function remapSchemas(
  objects: readonly DdlObject[],
  remaps: readonly SchemaRemap[],
): Promise<RemapResult> {
  const wanted = remaps.filter(({ source, target }) => source !== target);
  for (const { source, target } of wanted) refuseBadNames(source, target);
  await loadSqlParser();
  const made = madeNames(objects);
  const renames: SchemaRenames = new Map(
    wanted.map(({ source, target }): [string, SchemaRename] => [
      source,
      { source, target, makes: (name) => made.has(source, name) },
    ]),
  );
  const renamed: DdlObject[] = [];
  const leftAlone = new Set<string>();
  for (const [index, object] of objects.entries()) {
    if (index % objectsAtOnce === objectsAtOnce - 1) await nextTurn();
    const { result, left } = renameObject(object, renames);
    renamed.push(result);
    for (const each of left) leftAlone.add(sentence(result, each));
  }
  return { objects: makeTargetSchemas(objects, renamed, wanted), leftAlone: [...leftAlone] };
}

function refuseBadNames(source: string, target: string): void {
  const refuse = (message: string, hint: string): never => {
    throw new AppError('field-invalid', { field: 'remap_schemas', message, hint });
  };
  if (/^pg_|^information_schema$/.test(source)) {
    refuse(`The schema ${source} is PostgreSQL's own and cannot be remapped.`, 'Remap a schema of your own.');
  }
  if (target === '' || Buffer.byteLength(target) > 63 || target.includes('\0')) {
    refuse(
      `PostgreSQL takes no schema of the name ${JSON.stringify(target)}.`,
      'Choose a name of 1 to 63 bytes.',
    );
  }
  if (/^pg_|^information_schema$/.test(target)) {
    refuse(`Names like ${target} are PostgreSQL's own.`, 'Choose a name that does not begin with pg_.');
  }
}

function renameObject(
  object: DdlObject,
  renames: SchemaRenames,
): { result: DdlObject; left: readonly LeftAlone[] } {
  const schema = object.schema === null ? null : (renames.get(object.schema)?.target ?? object.schema);
  if (![...renames.keys()].some((source) => mayName(object.sql, source))) {
    return { result: { ...object, schema }, left: [] };
  }
  const renamed = renameStatements(object.sql, renames);
  if (renamed === null) {
    const name = object.schema === null ? object.name : `${object.schema}.${object.name}`;
    throw new AppError('remap-impossible', {
      message: `The ${object.type} ${name} cannot be remapped: its statement is not understood well enough to rename schemas in it.`,
      context: { type: object.type, schema: object.schema, name: object.name },
    });
  }
  const { sql, leftAlone, namesSchemas } = renamed;
  const isAboutSchema = object.type === 'SCHEMA' || (namesSchemas && object.schema === object.name);
  const name = isAboutSchema
    ? (renames.get(object.name)?.target ?? object.name)
    : renamedSignature(object, renames);
  return { result: { ...object, schema, name, sql }, left: leftAlone };
}

/** Quick and never wrongly false: doubled quotes aside, a name stands in the text as it is. */
const mayName = (sql: string, source: string): boolean =>
  sql.includes(
    source.split(/["']/).reduce((longest, part) => (part.length > longest.length ? part : longest), ''),
  );

/** Routines have their argument types in their name: `f(integer, app.mood)`. */
function renamedSignature({ schema, name }: DdlObject, renames: SchemaRenames): string {
  const open = name.indexOf('(');
  if (schema === null || open === -1 || !name.endsWith(')')) return name;
  const signature = renameConstant(`f${name.slice(open)}`, 'regprocedure', renames);
  return signature === null ? name : `${name.slice(0, open)}${signature.slice(1)}`;
}

function sentence({ type, schema, name }: DdlObject, { kind, source, reference }: LeftAlone): string {
  const object = `${type} ${schema === null ? name : `${schema}.${name}`}`;
  switch (kind) {
    case 'body':
      return `${object}: the function body names the schema ${source}, and was left as it is.`;
    case 'text':
      return `${object}: a string names something in the schema ${source}, and was left as it is.`;
    case 'reference':
      return `${object}: refers to ${reference}, which is not in the set and was taken for an extension's; the reference was left as it is.`;
    default:
      return kind satisfies never;
  }
}
