import { type DdlObject, tableKey } from '../core/catalogue.ts';
import type { Dependent, ExistingTable } from '../engines/engine.ts';
import type { DecidedTable } from './table-decision.ts';

/** What is dropped together with the tables that it is made from (views, functions of their row types), and made anew. */
export interface RemadeObjects {
  readonly objects: ReadonlySet<DdlObject>;
  has(dependent: Dependent): boolean;
}

/** Those of `objects`, all of which the job could make, that are in the target made from tables that are replaced. */
export function findRemade(
  objects: readonly DdlObject[],
  decided: readonly DecidedTable[],
  found: ReadonlyMap<string, Pick<ExistingTable, 'usedBy'>>,
): RemadeObjects {
  const dependents = decided.flatMap(({ table, decision }) =>
    decision.action === 'replace' ? (found.get(tableKey(table))?.usedBy ?? []) : [],
  );
  const wanted = new Set(dependents.flatMap(({ object }) => (object === null ? [] : keyOf(object))));
  const remade = new Set(objects.filter((object) => wanted.has(keyOf(object))));
  const keys = new Set([...remade].map(keyOf));
  return { objects: remade, has: ({ object }) => object !== null && keys.has(keyOf(object)) };
}

const keyOf = ({ type, schema, name }: Pick<DdlObject, 'type' | 'schema' | 'name'>): string =>
  JSON.stringify([type, schema, name]);
