import { type DdlObject, tableKey } from '../../../core/catalogue.ts';
import { findUnquoted, readQualifiedName } from './identifiers.ts';

/** A foreign key with the tables that it locks. */
interface Edge {
  readonly object: DdlObject;
  readonly child: string;
  readonly parent: string;
}

/**
 * Foreign keys as tasks that can run in parallel. Adding one locks the table that refers, then the one referred to, until
 * its task ends; two cannot be added to one table at once. So the keys of one table are one task, which loses nothing,
 * and tasks take their locks in one order of all tables, so that they do not wait for each other in a circle. Tables that
 * refer to each other in a circle have no such order: their keys are one task. `rootOf` gives the table at the root
 * of a table's partitions, which is locked with them.
 */
export function groupForeignKeys(
  objects: readonly DdlObject[],
  rootOf: (table: string) => string,
): readonly (readonly DdlObject[])[] {
  const edges = objects.map((object): Edge => {
    const child = rootOf(tableKey({ schema: object.schema ?? '', name: object.table ?? '' }));
    const parent = referencedTable(object.sql);
    return { object, child, parent: parent === null ? child : rootOf(parent) };
  });
  const rankOf = circleRanks(edges);
  const rank = (table: string): number => rankOf.get(table) ?? 0;
  const groups = Map.groupBy(edges, (edge) => rank(edge.child));
  return [...groups.values()].map((group) =>
    group.toSorted((a, b) => rank(b.parent) - rank(a.parent)).map((edge) => edge.object),
  );
}

/** The key of the table after REFERENCES. */
function referencedTable(sql: string): string | null {
  const start = findUnquoted(sql, / REFERENCES /y);
  const name = start === -1 ? null : readQualifiedName(sql, start);
  const [schema, table] = name?.parts ?? [];
  return schema === undefined || table === undefined ? null : tableKey({ schema, name: table });
}

/**
 * A number for each table: the same for those that refer to each other in a circle, else lower for a table that is
 * referred to than for those that refer to it (Tarjan's strongly connected components, which come out in this order).
 */
function circleRanks(edges: readonly Edge[]): ReadonlyMap<string, number> {
  const parents = Map.groupBy(edges, (edge) => edge.child);
  const ranks = new Map<string, number>();
  const places = new Map<string, number>();
  const open: string[] = [];
  /** The earliest place on the stack that can be reached from `table`. */
  const visit = (table: string): number => {
    const place = places.size;
    places.set(table, place);
    open.push(table);
    let earliest = place;
    for (const { parent } of parents.get(table) ?? []) {
      if (!places.has(parent)) earliest = Math.min(earliest, visit(parent));
      else if (!ranks.has(parent)) earliest = Math.min(earliest, places.get(parent) ?? place);
    }
    if (earliest === place) {
      const rank = ranks.size;
      for (const member of open.splice(open.indexOf(table))) ranks.set(member, rank);
    }
    return earliest;
  };
  for (const { child } of edges) if (!places.has(child)) visit(child);
  return ranks;
}
