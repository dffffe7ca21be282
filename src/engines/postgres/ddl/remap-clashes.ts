import { type DdlObject, tableKey } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';

/** The types whose names must differ from each other within a schema. A relation with rows has a type of its name. */
const spaces: Readonly<Record<string, readonly string[]>> = {
  TABLE: ['relation', 'type'],
  'FOREIGN TABLE': ['relation', 'type'],
  VIEW: ['relation', 'type'],
  'MATERIALIZED VIEW': ['relation', 'type'],
  SEQUENCE: ['relation'],
  INDEX: ['relation'],
  TYPE: ['type'],
  DOMAIN: ['type'],
  FUNCTION: ['routine'],
  PROCEDURE: ['routine'],
  AGGREGATE: ['routine'],
};

/**
 * Refuses names that two objects would share after the remap, and did not before. `renamed` has the objects in their order.
 * @throws AppError object-exists
 */
export function refuseClashes(objects: readonly DdlObject[], renamed: readonly DdlObject[]): void {
  const taken = new Map<string, DdlObject>();
  for (const [index, now] of renamed.entries()) {
    const before = objects[index] as DdlObject;
    for (const space of spaces[now.type] ?? []) {
      const key = `${space} ${keyOf(now)}`;
      const other = taken.get(key);
      if (other !== undefined && keyOf(other) !== keyOf(before)) throw clash(now, other, before);
      taken.set(key, before);
    }
  }
}

const keyOf = ({ schema, name }: DdlObject): string => tableKey({ schema: schema ?? '', name });

function clash(now: DdlObject, ...sources: readonly [DdlObject, DdlObject]): AppError {
  const [one, other] = sources.map(({ type, schema, name }) => `the ${type.toLowerCase()} ${schema}.${name}`);
  const isOfTables = sources.some(({ name }) => name !== now.name);
  return new AppError('object-exists', {
    field: isOfTables ? 'remap_tables' : 'remap_schemas',
    message: `After the remap, ${one} and ${other} would both be called ${now.schema}.${now.name}.`,
    hint: 'Choose names that are free.',
  });
}
