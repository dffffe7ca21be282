import type { Database } from 'better-sqlite3';
import type { DdlObject } from '../../core/catalogue.ts';
import { foldName } from './names.ts';
import { createdTypes } from './refuse.ts';

/** The objects whose names are taken; tables, indexes and views share one set of names, triggers have their own. */
export function findExisting(db: Database, objects: readonly DdlObject[]): readonly DdlObject[] {
  const spaceOf = (isTrigger: boolean, name: string): string =>
    `${isTrigger ? 'trigger' : 'table'} ${foldName(name)}`;
  const taken = new Set(
    db
      .prepare<[], { type: string; name: string }>('SELECT type, name FROM main.sqlite_schema')
      .all()
      .map(({ type, name }) => spaceOf(type === 'trigger', name)),
  );
  return objects.filter(
    ({ type, name }) => createdTypes.has(type) && taken.has(spaceOf(type === 'TRIGGER', name)),
  );
}
