import { type DdlObject, tableKey } from '../core/catalogue.ts';
import type { DryRunAction, DryRunReport } from '../core/job-report.ts';
import { shownName } from '../core/shown-name.ts';
import type { Engine } from '../engines/engine.ts';
import type { DecidedTable, TableDecision } from './table-decision.ts';
import type { SortedObjects } from './target-objects.ts';

const created: TableDecision = { action: 'create', reason: '' };
const anew = { action: 'replace', reason: 'it is made from a table that is replaced' } as const;

/** In the order of the work, then what is left as it is. */
export function reportObjects(
  engine: Engine,
  { made, kept }: SortedObjects,
  decisions: ReadonlyMap<string, DecidedTable>,
  remade: ReadonlySet<DdlObject>,
): DryRunReport['objects'] {
  const { before, perTable, constraints, after } = engine.schedule(made);
  const inOrder = [...before, ...[...perTable.values()].flat(2), ...constraints.flat(), ...after];
  const line = (object: DdlObject, outcome: { readonly action: DryRunAction; readonly reason: string }) => ({
    type: object.type,
    ...shownName(object),
    ...outcome,
  });
  const ofTable = ({ type, schema, name }: DdlObject) =>
    type === 'TABLE' && schema !== null ? decisions.get(tableKey({ schema, name }))?.decision : undefined;
  return [
    ...inOrder.map((object) =>
      line(object, remade.has(object) ? anew : reported(ofTable(object) ?? created)),
    ),
    ...kept.map(({ object, ...outcome }) => line(object, reported(ofTable(object) ?? outcome))),
  ];
}

/** A decision as reports say it. */
export const reported = ({
  action,
  reason,
}: TableDecision): { readonly action: DryRunAction; readonly reason: string } => ({
  action: action === 'blocked' ? 'refuse' : action,
  reason,
});
