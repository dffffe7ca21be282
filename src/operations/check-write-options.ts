import { AppError } from '../core/errors.ts';
import { compileObjectFilters } from '../core/object-filter.ts';
import type { Content, ObjectFilter, WriteOptions } from '../core/request.ts';
import type { Engine } from '../engines/engine.ts';
import { checkTableRemap, refuseForeignRemaps } from './remap-content.ts';

/** What can be known about {@link WriteOptions} before a job is made. `engine` is the target's. Throws with `field` set. */
export function checkWriteOptions(engine: Engine, options: WriteOptions, content: Content): void {
  const { remaps, tableExistsAction, globals } = options;
  const { tableExistsActions, globalTypes, keyedRows } = engine.capabilities;
  refuseForeignRemaps(engine, remaps);
  for (const remap of remaps.tables) checkTableRemap(remap);
  if (tableExistsAction !== null && !tableExistsActions.includes(tableExistsAction)) {
    throw new AppError('unsupported', {
      field: 'table_exists_action',
      message: `${engine.title} cannot ${tableExistsAction} tables that exist.`,
      hint:
        tableExistsActions.length === 0
          ? 'Leave table_exists_action out, and import into an empty database.'
          : `Use ${tableExistsActions.join(', ')}.`,
    });
  }
  // Where tables exist without definitions, all that is brought is data.
  if (!keyedRows) checkDataOnly(engine, tableExistsAction, content);
  if (globals && globalTypes.length === 0) {
    throw new AppError('unsupported', {
      field: 'globals',
      message: `${engine.title} has nothing outside of its databases.`,
      hint: 'Leave globals out.',
    });
  }
}

/** Rows alone go into tables that exist. */
function checkDataOnly(
  { title, capabilities }: Engine,
  tableExistsAction: WriteOptions['tableExistsAction'],
  content: Content,
): void {
  if (content === 'data_only' && (tableExistsAction === 'skip' || tableExistsAction === 'replace')) {
    throw new AppError('field-invalid', {
      field: 'table_exists_action',
      message: `table_exists_action ${tableExistsAction} does not go with content data_only: no table could get a row.`,
      hint: 'Use append or truncate, or another content.',
    });
  }
  if (content === 'data_only' && !capabilities.tableExistsActions.includes('append')) {
    throw new AppError('unsupported', {
      field: 'content',
      message: `${title} cannot write into tables that exist.`,
      hint: 'Use content all, and import into an empty database.',
    });
  }
}

/** The types exist, and the expressions parse. Throws with `field` set. */
export async function checkObjectFilters(options: {
  readonly include: readonly ObjectFilter[];
  readonly exclude: readonly ObjectFilter[];
}): Promise<void> {
  await compileObjectFilters(options.include, options.exclude);
}
