import type { DdlObject } from './catalogue.ts';

/** Types whose objects have a name within their table only. */
const namedInTable: ReadonlySet<string> = new Set([
  'CONSTRAINT',
  'DEFAULT',
  'FK CONSTRAINT',
  'POLICY',
  'RULE',
  'TRIGGER',
]);
/** Types of descriptions, which have schema and name of what they describe: those of a schema, its name twice. */
const describing: ReadonlySet<string> = new Set(['ACL', 'COMMENT', 'OWNER', 'SECURITY LABEL']);

/** Schema and name of an object as reports and messages show them: `hr`, `emp.id` for a default; without schema, that of a schema. */
export function shownName({ type, schema, table, name }: DdlObject): Pick<DdlObject, 'schema' | 'name'> {
  if (describing.has(type) && schema === name && table === null) return { schema: null, name };
  return { schema, name: table !== null && namedInTable.has(type) ? `${table}.${name}` : name };
}
