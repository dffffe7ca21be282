import { type DdlObject, tableKey } from '../../../core/catalogue.ts';
import type { ImportSchedule } from '../../engine.ts';
import { groupForeignKeys } from './foreign-keys.ts';
import { findUnquoted, readQualifiedName } from './identifiers.ts';

/** What is built from a table's rows, each by itself. */
const indexTypes: ReadonlySet<string> = new Set(['INDEX', 'STATISTICS']);
/** What locks its table against everything else. */
const constraintTypes: ReadonlySet<string> = new Set(['CONSTRAINT', 'CHECK CONSTRAINT']);

/**
 * The order of an import. pg_dump's own order is kept wherever nothing is gained by another: what comes before the data
 * comes first as it is, and what is left comes last as it is, save that the rows of materialized views are followed by
 * the views' indexes. In between, as soon as a table has its rows: its indexes and constraints, with the partitions of
 * partitioned indexes attached at once; then foreign keys.
 *
 * The indexes and keys of a partitioned table itself are made before the data: they have no rows, and those of its
 * partitions are attached to them.
 */
export function schedule(objects: readonly DdlObject[]): ImportSchedule {
  const partitioned = keysOf(objects.filter(isPartitionedTable));
  const views = keysOf(objects.filter(({ type }) => type === 'MATERIALIZED VIEW'));
  const before: DdlObject[] = objects.filter(({ section }) => section === 'pre');
  const perTable = new Map<string, TableWork>();
  const foreignKeys: DdlObject[] = [];
  const after: DdlObject[] = [];
  const ofViews: DdlObject[] = [];

  for (const object of objects) {
    const table = tableOf(object);
    if (object.section === 'pre') continue;
    if (table === null) after.push(object);
    else if (object.type === 'FK CONSTRAINT') foreignKeys.push(object);
    else if (!isTableWork(object)) after.push(object);
    else if (partitioned.has(table)) before.push(object);
    else if (views.has(table)) ofViews.push(object);
    else workOf(perTable, table).add(object);
  }
  return {
    before,
    perTable: new Map(Array.from(perTable, ([key, work]) => [key, work.lists()])),
    constraints: groupForeignKeys(foreignKeys, rootFinder(objects)),
    after: [...after, ...ofViews],
  };
}
