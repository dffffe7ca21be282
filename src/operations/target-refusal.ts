import { type DdlObject, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Dependent, Engine, ExistingTable } from '../engines/engine.ts';
import type { DecidedTable } from './table-decision.ts';
import { displayName } from './target-lines.ts';

/**
 * Why nothing may be done at all: something is in the way (`blocked`), or no table is fit and there is nothing else to do.
 */
export function refusalOf(
  { engine, databaseName }: { readonly engine: Engine; readonly databaseName: string },
  blocked: readonly DdlObject[],
  decided: readonly DecidedTable[],
  nothingLeft: boolean,
): AppError | null {
  const [first] = blocked;
  if (first !== undefined) {
    const more = blocked.length > 1 ? `, and ${blocked.length - 1} more objects do` : '';
    return new AppError('object-exists', {
      field: 'database',
      message: `The ${first.type.toLowerCase()} ${displayName(first)} exists already in database ${databaseName}${more}.`,
      ...(engine.capabilities.tableExistsActions.length === 0
        ? {}
        : {
            hint: `Say with table_exists_action what becomes of tables that exist (${engine.capabilities.tableExistsActions.join(', ')}), import into an empty schema, remap the schema, or drop the objects first.`,
          }),
    });
  }
  const full = decided.filter(({ decision }) => decision.action === 'blocked');
  const [table] = full;
  // Tables without definitions are in nobody's way but that of their rows.
  if (table !== undefined) {
    const more = full.length > 1 ? `, and ${full.length - 1} more tables do` : '';
    return new AppError('object-exists', {
      field: 'database',
      message: `The table ${displayName(table.table)} of database ${databaseName} holds rows already${more}.`,
      hint: `Say with table_exists_action what becomes of them (${engine.capabilities.tableExistsActions.join(', ')}), remap the schema, or empty the table first.`,
    });
  }
  const refused = decided.filter(({ decision }) => decision.action === 'refuse');
  const [one] = refused;
  if (one === undefined || !nothingLeft) return null;
  return new AppError('table-unfit', {
    field: 'database',
    message: `None of the tables can be written: ${displayName(one.table)}: ${one.decision.reason}${refused.length > 1 ? `, and ${refused.length - 1} more` : ''}.`,
  });
}

/**
 * A table that is to be emptied or dropped while something that stays refers to it. Told before anything runs; the target looks again.
 * @param isRemade whether something that is made from a table is dropped and made anew by the job
 */
export function inUse(
  decided: readonly DecidedTable[],
  found: ReadonlyMap<string, Pick<ExistingTable, 'referredToBy' | 'usedBy'>>,
  isRemade: (dependent: Dependent) => boolean,
): AppError | null {
  const actions = new Map(decided.map(({ table, decision }) => [tableKey(table), decision.action]));
  const isCleared = (action: string | undefined) => action === 'truncate' || action === 'replace';
  const goes = (dependent: Dependent) =>
    isRemade(dependent) || (dependent.table !== null && actions.get(tableKey(dependent.table)) === 'replace');
  for (const { table, decision } of decided) {
    const there = found.get(tableKey(table));
    if (there === undefined || !isCleared(decision.action)) continue;
    const keys = there.referredToBy
      .filter((other) => !isCleared(actions.get(tableKey(other))))
      .map((other) => `a foreign key of ${displayName(other)}`);
    const made =
      decision.action === 'replace'
        ? there.usedBy.filter((dependent) => !goes(dependent)).map(({ title }) => title)
        : [];
    const inTheWay = [...keys, ...made];
    if (inTheWay.length === 0) continue;
    const done = decision.action === 'replace' ? 'dropped' : 'emptied';
    const more = inTheWay.length > 5 ? ` and ${inTheWay.length - 5} more` : '';
    return new AppError('table-in-use', {
      field: 'table_exists_action',
      message: `The table ${displayName(table)} of the target cannot be ${done}, because of ${inTheWay.slice(0, 5).join(', ')}${more}.`,
      ...(keys.length > 0
        ? {}
        : {
            hint: 'Use table_exists_action truncate, which views do not hinder, or take what is in the way along (selection, include), or drop it.',
          }),
    });
  }
  return null;
}
