import type { DdlObject } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Engine } from '../engines/engine.ts';
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
            hint: 'Say with table_exists_action what becomes of tables that exist (skip, append, truncate, replace), import into an empty schema, remap the schema, or drop the objects first.',
          }),
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
