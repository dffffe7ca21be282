import { type DdlObject, tableKey } from './catalogue.ts';

/** Types of statements about an object that another statement made: they have its name, and make no sense without it. */
const following: ReadonlySet<string> = new Set([
  'ACL',
  'CHECK CONSTRAINT', // of a domain, under the domain's name
  'CLUSTER ON',
  'COMMENT',
  'INDEX ATTACH',
  'MATERIALIZED VIEW DATA',
  'OWNER',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'REPLICA IDENTITY',
  'ROW SECURITY',
  'SECURITY LABEL',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'SHELL TYPE',
  'TABLE ATTACH',
]);

const placeOf = (schema: string | null, table: string | null, name: string): string =>
  JSON.stringify([schema, table, name]);

/**
 * Tells which objects belong to one of `heads`: parts of a table or view (indexes, triggers, its sequences), and what describes an object
 * (owner, grants, comment, a sequence's value). The heads themselves do not. What is in a schema does not belong to it here.
 * @param all the objects that may be asked about: an object named like its schema keeps its own descriptions
 */
export function belongingTo(
  heads: readonly DdlObject[],
  all: readonly DdlObject[],
): (object: DdlObject) => boolean {
  const hosts = new Set<string>();
  const described = new Set<string>();
  for (const { type, schema, table, name } of heads) {
    described.add(placeOf(schema, table, name));
    if (type === 'SCHEMA') described.add(placeOf(name, null, name));
    else if (schema !== null && table === null) hosts.add(tableKey({ schema, name }));
  }
  for (const { type, schema, name } of all) {
    // Whatever is not a description, and has the name of its schema, is what the descriptions of that name are about.
    if (schema === name && !following.has(type) && !hosts.has(tableKey({ schema, name }))) {
      described.delete(placeOf(schema, null, name));
    }
  }
  return ({ type, schema, table, name }) =>
    (schema !== null && table !== null && hosts.has(tableKey({ schema, name: table }))) ||
    (following.has(type) && described.has(placeOf(schema, table, name)));
}
