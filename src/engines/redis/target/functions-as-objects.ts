import type { DdlObject } from '../../../core/catalogue.ts';
import type { ApplyFailure, ImportSchedule, RemapResult, ResolvedRemaps } from '../../engine.ts';
import { databaseOf } from '../logical-database.ts';
import { functionType, libraryName } from './functions.ts';

/** All objects are libraries of functions, and come before the keys. */
export const scheduleFunctions = (objects: readonly DdlObject[]): ImportSchedule => ({
  before: objects,
  perTable: new Map(),
  constraints: [],
  after: [],
});

/** What comes as a library must be one, of the name that it goes by: its source is code, which the server keeps within bounds. */
export function refuseFunctions(objects: readonly DdlObject[]): readonly ApplyFailure[] {
  return objects.flatMap(({ type, schema, name, sql }) => {
    const message = refusalOf(type, name, sql);
    return message === null ? [] : [{ object: { type, schema, name }, message }];
  });
}

function refusalOf(type: string, name: string, sql: string): string | null {
  if (type !== functionType) return `Redis has no objects of the type ${type}.`;
  const found = libraryName(sql);
  if (found === null) return 'The text is not the source of a library: it does not begin with #!lua name=...';
  return found === name ? null : `The text is the source of another library, ${found}.`;
}

/** Functions belong to no logical database, and stay as they are. Throws `field-invalid` for a target that is no logical database. */
export function remapFunctions(objects: readonly DdlObject[], { schemas }: ResolvedRemaps): RemapResult {
  for (const { target } of schemas) databaseOf(target);
  return { objects, leftAlone: [] };
}
