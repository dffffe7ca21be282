import type { DdlObject } from '../../../core/catalogue.ts';
import type { Remap } from '../../../core/request.ts';
import { quoteName } from './rename-text.ts';

/** What says how a schema as a whole is, apart from who may use it. */
const describingTypes: ReadonlySet<string> = new Set(['OWNER', 'COMMENT', 'SECURITY LABEL']);

/**
 * `renamed` with each target schema made once. The schema `public` is there in every database: as a target it is not
 * made, and as a source, whose making pg_dump leaves out, its target is made here. A schema that others are remapped
 * into stays as it is described by itself; the grants of all add up.
 */
export function makeTargetSchemas(
  objects: readonly DdlObject[],
  renamed: readonly DdlObject[],
  remaps: readonly Remap[],
): readonly DdlObject[] {
  const targetOf = new Map(remaps.map(({ source, target }) => [source, target]));
  const there = new Set(['public']);
  const absorbed = new Set<string>();
  for (const { type, name } of objects) {
    if (type === 'SCHEMA' && !targetOf.has(name)) there.add(name);
  }
  for (const { type, name } of objects) {
    const target = type === 'SCHEMA' ? targetOf.get(name) : undefined;
    if (target === undefined) continue;
    if (there.has(target)) absorbed.add(name);
    there.add(target);
  }
  const kept = renamed.filter((_, index) => {
    const { type, schema, name } = objects[index] as DdlObject;
    if (type === 'SCHEMA') return !absorbed.has(name);
    return !(
      describingTypes.has(type) &&
      schema === name &&
      absorbed.has(name) &&
      isAboutSchema(objects[index]?.sql)
    );
  });
  const home = targetOf.get('public');
  return home === undefined || there.has(home) ? kept : [schemaObject(home), ...kept];
}

const isAboutSchema = (sql = ''): boolean => /^(?:ALTER|COMMENT ON|SECURITY LABEL .*ON) SCHEMA /.test(sql);

/** What makes the schema `name` and says nothing else of it. */
export const schemaObject = (name: string): DdlObject => ({
  section: 'pre',
  type: 'SCHEMA',
  schema: null,
  name,
  table: null,
  owner: null,
  sql: `CREATE SCHEMA ${quoteName(name)};`,
});
