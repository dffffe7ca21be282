import type { Database } from 'better-sqlite3';
import type { DdlObject } from '../../core/catalogue.ts';
import { createdTypes } from './apply-object.ts';
import { foldName } from './names.ts';

/** The first object whose name is taken; tables, indexes and views share one set of names, triggers have their own. */
export function findExisting(db: Database, objects: readonly DdlObject[]): DdlObject | null {
  const spaceOf = (isTrigger: boolean, name: string): string =>
    `${isTrigger ? 'trigger' : 'table'} ${foldName(name)}`;
  const taken = new Set(
    db
      .prepare<[], { type: string; name: string }>('SELECT type, name FROM main.sqlite_schema')
      .all()
      .map(({ type, name }) => spaceOf(type === 'trigger', name)),
  );
  return (
    objects.find(
      ({ type, name }) => createdTypes.has(type) && taken.has(spaceOf(type === 'TRIGGER', name)),
    ) ?? null
  );
}
