import type { DdlObject } from '../../../core/catalogue.ts';

/** What is made of a table's rows when they are in. */
export const tableWorkTypes: ReadonlySet<string> = new Set([
  'INDEX',
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'INDEX ATTACH',
  'STATISTICS',
]);

/**
 * The work of one table as lists that can run in parallel: one per index, with what attaches it to the index of the
 * partitioned table; and, at the end, one for all constraints, because each of them locks the table alone.
 */
export class TableWork {
  readonly #indexes = new Map<string, DdlObject[]>();
  readonly #constraints: DdlObject[] = [];
  readonly #constraintNames = new Set<string>();

  /** In the order of the dump: an index before what attaches it. */
  add(object: DdlObject): void {
    const { type, name } = object;
    if (type === 'CONSTRAINT' || type === 'CHECK CONSTRAINT') this.#constraintNames.add(name);
    if (this.#constraintNames.has(name) && type !== 'INDEX' && type !== 'STATISTICS') {
      this.#constraints.push(object);
      return;
    }
    // A statistics object may be named like an index; then they share a list, which does no harm.
    const list = this.#indexes.get(name) ?? [];
    this.#indexes.set(name, list);
    list.push(object);
  }

  lists(): readonly (readonly DdlObject[])[] {
    // Attaching takes a lock that other partitions wait for: not before the long work is done.
    const constraints = [
      ...this.#constraints.filter(({ type }) => type !== 'INDEX ATTACH'),
      ...this.#constraints.filter(({ type }) => type === 'INDEX ATTACH'),
    ];
    return [...this.#indexes.values(), constraints].filter((list) => list.length > 0);
  }
}
