import { type DdlObject, tableKey } from '../../core/catalogue.ts';
import type { ImportSchedule } from '../engine.ts';

/**
 * Tables before the data; each index as soon as its table is filled, which is cheaper than with every row; views, triggers
 * (which must not see the rows come in), counters and settings at the end. Foreign keys are part of their tables.
 */
export function scheduleObjects(objects: readonly DdlObject[]): ImportSchedule {
  const perTable = new Map<string, (readonly DdlObject[])[]>();
  for (const object of objects) {
    if (object.type !== 'INDEX' || object.schema === null || object.table === null) continue;
    const key = tableKey({ schema: object.schema, name: object.table });
    perTable.set(key, [...(perTable.get(key) ?? []), [object]]);
  }
  const early = new Set(objects.filter((object) => object.section === 'pre'));
  const indexes = new Set([...perTable.values()].flat(2));
  return {
    before: [...early],
    perTable,
    constraints: [],
    after: objects.filter((object) => !early.has(object) && !indexes.has(object)),
  };
}
