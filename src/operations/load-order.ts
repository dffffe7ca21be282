import { type TableName, tableKey } from '../core/catalogue.ts';
import type { ExistingTable } from '../engines/engine.ts';

/** Which tables' rows must be there before those of others. */
export interface LoadOrder {
  /** By table key. */
  readonly first: ReadonlyMap<string, readonly string[]>;
  /** Tables that refer to each other in a circle, or to themselves: no order helps where a row refers to one that comes later. */
  readonly circles: readonly (readonly string[])[];
}

/**
 * The order of tables whose foreign keys stay active while rows are written. References to tables outside of `written` do not matter, those
 * that close a circle are given up.
 */
export function loadOrder(
  staying: readonly Pick<ExistingTable, 'schema' | 'name' | 'references'>[],
  written: ReadonlySet<string>,
): LoadOrder {
  const references = new Map(
    staying.map((table) => [tableKey(table), keysOf(table.references).filter((key) => written.has(key))]),
  );
  const circleOf = new Map<string, number>();
  const circles: string[][] = [];
  for (const group of stronglyConnected(references)) {
    const [only = ''] = group;
    const isCircle = group.length > 1 || references.get(only)?.includes(only) === true;
    for (const key of group) circleOf.set(key, isCircle ? circles.length : -1);
    if (isCircle) circles.push(group);
  }
  const inOneCircle = (one: string, other: string): boolean => {
    const circle = circleOf.get(one) ?? -1;
    return circle !== -1 && circle === circleOf.get(other);
  };
  const first = new Map<string, readonly string[]>();
  for (const [key, all] of references) {
    const others = all.filter((other) => !inOneCircle(key, other));
    if (others.length > 0) first.set(key, others);
  }
  return { first, circles };
}

const keysOf = (tables: readonly TableName[]): string[] => [...new Set(tables.map(tableKey))];

/** Tarjan's algorithm, with a stack of its own: chains of references may be long. */
function stronglyConnected(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const groups: string[][] = [];
  const enter = (key: string) => {
    index.set(key, index.size);
    low.set(key, index.get(key) as number);
    open.push(key);
    isOpen.add(key);
    return { key, rest: [...(edges.get(key) ?? [])] };
  };
  const lower = (key: string, other: number) => low.set(key, Math.min(low.get(key) as number, other));

  for (const start of edges.keys()) {
    if (index.has(start)) continue;
    const path = [enter(start)];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const next = step.rest.pop();
      if (next !== undefined) {
        if (!index.has(next)) path.push(enter(next));
        else if (isOpen.has(next)) lower(step.key, index.get(next) as number);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) lower(above.key, low.get(step.key) as number);
      if (low.get(step.key) !== index.get(step.key)) continue;
      const group = open.splice(open.indexOf(step.key));
      for (const key of group) isOpen.delete(key);
      groups.push(group);
    }
  }
  return groups;
}
