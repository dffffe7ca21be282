import { type DdlObject, tableKey } from '../../../core/catalogue.ts';
import type { ImportSchedule } from '../../engine.ts';
import { groupForeignKeys } from './foreign-keys.ts';
import { findUnquoted, readQualifiedName } from './identifiers.ts';
import { TableWork, tableWorkTypes } from './table-work.ts';

/**
 * The order of an import. pg_dump's own order is kept wherever nothing is gained by another: what it puts before the data
 * comes first as it is. As soon as a table has its rows come its indexes and constraints, then foreign keys, then what
 * is left. Materialized views get their indexes when they have been filled, and event triggers come last, so that they do
 * not fire on the import.
 *
 * The indexes and keys of a partitioned table itself are made before the data: they take no time, for it has no rows, and
 * those of its partitions are attached to them one by one.
 */
export function schedule(objects: readonly DdlObject[]): ImportSchedule {
  const tables = keysOf(objects.filter(({ type }) => type === 'TABLE'));
  const partitioned = keysOf(objects.filter(isPartitionedTable));
  const views = keysOf(objects.filter(({ type }) => type === 'MATERIALIZED VIEW'));

  const before: DdlObject[] = objects.filter(({ section }) => section === 'pre');
  const perTable = new Map<string, TableWork>();
  const foreignKeys: DdlObject[] = [];
  const after: DdlObject[] = [];
  const ofViews: DdlObject[] = [];
  const last: DdlObject[] = [];
  let isLast = false;

  for (const object of objects) {
    if (object.section === 'pre') continue;
    // From the first event trigger on, pg_dump writes only these and what describes them.
    isLast ||= object.type === 'EVENT TRIGGER';
    const table = tableKey({ schema: object.schema ?? '', name: object.table ?? '' });
    if (object.type === 'FK CONSTRAINT') foreignKeys.push(object);
    else if (views.has(table)) ofViews.push(object);
    else if (tables.has(table) && tableWorkTypes.has(object.type)) {
      if (partitioned.has(table)) before.push(object);
      else add(perTable, table, object);
    } else if (isLast && !stateTypes.has(object.type)) last.push(object);
    else after.push(object);
  }
  return {
    before,
    perTable: new Map(Array.from(perTable, ([key, work]) => [key, work.lists()])),
    constraints: groupForeignKeys(foreignKeys, rootFinder(objects)),
    after: [...after, ...ofViews, ...last],
  };
}

/** What our own export adds to the end of pg_dump's objects. */
export const stateTypes: ReadonlySet<string> = new Set(['SEQUENCE SET', 'MATERIALIZED VIEW DATA']);

function add(perTable: Map<string, TableWork>, key: string, object: DdlObject): void {
  const work = perTable.get(key) ?? new TableWork();
  perTable.set(key, work);
  work.add(object);
}

const keysOf = (relations: readonly DdlObject[]): ReadonlySet<string> =>
  new Set(relations.map(({ schema, name }) => tableKey({ schema: schema ?? '', name })));

const isPartitionedTable = ({ type, sql }: DdlObject): boolean =>
  type === 'TABLE' &&
  sql.includes('\nPARTITION BY ') &&
  findUnquoted(sql, /\nPARTITION BY (?:RANGE|LIST|HASH) /y) !== -1;

/** Leads from the key of a partition to that of the table that all of it is a part of. */
function rootFinder(objects: readonly DdlObject[]): (table: string) => string {
  const parents = new Map<string, string>();
  for (const { type, schema, name, sql } of objects) {
    if (type !== 'TABLE ATTACH') continue;
    const start = findUnquoted(sql, /ALTER TABLE ONLY /y);
    const [parentSchema, parent] = (start === -1 ? null : readQualifiedName(sql, start))?.parts ?? [];
    if (parentSchema === undefined || parent === undefined) continue;
    parents.set(tableKey({ schema: schema ?? '', name }), tableKey({ schema: parentSchema, name: parent }));
  }
  return (table) => {
    let root = table;
    for (let next = parents.get(root); next !== undefined; next = parents.get(root)) root = next;
    return root;
  };
}
