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
 * referred to than for those that refer to it. (Tarjan's strongly connected components, which come out in this order;
 * without recursion, because a chain of tables can be longer than the stack.)
 */
function circleRanks(edges: readonly Edge[]): ReadonlyMap<string, number> {
  const parents = Map.groupBy(edges, (edge) => edge.child);
  const ranks = new Map<string, number>();
  /** In order of discovery, with the earliest that each can reach among those without a rank. */
  const earliest = new Map<string, number>();
  const places = new Map<string, number>();
  const unranked: string[] = [];
  let circles = 0;
  const path: { readonly table: string; readonly left: string[] }[] = [];
  const enter = (table: string): void => {
    places.set(table, places.size);
    earliest.set(table, places.get(table) ?? 0);
    unranked.push(table);
    path.push({ table, left: (parents.get(table) ?? []).map(({ parent }) => parent) });
  };
  const reach = (table: string, place: number): void => {
    earliest.set(table, Math.min(earliest.get(table) ?? place, place));
  };
  const leave = (table: string): void => {
    path.pop();
    const from = path.at(-1);
    const reached = earliest.get(table) ?? 0;
    if (from !== undefined) reach(from.table, reached);
    if (reached !== places.get(table)) return;
    circles++;
    for (const member of unranked.splice(unranked.lastIndexOf(table))) ranks.set(member, circles);
  };
  for (const { child } of edges) {
    if (!places.has(child)) enter(child);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.pop();
      if (next === undefined) leave(top.table);
      else if (!places.has(next)) enter(next);
      else if (!ranks.has(next)) reach(top.table, places.get(next) ?? 0);
    }
  }
  return ranks;
}
