import { AppError } from '../core/errors.ts';
import type { ReadOptions } from '../core/request.ts';
import { compileSelection } from '../core/selection.ts';
import type { Engine } from '../engines/engine.ts';
import { checkObjectFilters } from './check-write-options.ts';
import { checkReadRules } from './read-rules.ts';

/** The options about single rows and values, with their fields. */
const ruleFields = {
  queries: 'query',
  samples: 'sample',
  excludeColumns: 'exclude_columns',
  masks: 'mask',
} as const satisfies Partial<Record<keyof ReadOptions, string>>;

/**
 * What can be known of these options before a job exists: the engine can do what they ask for, expressions, filters and rules parse.
 * @throws AppError mode-invalid, unsupported, field-invalid, expression-invalid with the field that is wrong
 */
export async function checkReadOptions(engine: Engine, request: ReadOptions): Promise<void> {
  checkMode(engine, request.selection.mode);
  await compileSelection(request.selection);
  await checkObjectFilters(request);
  for (const [option, field] of Object.entries(ruleFields) as [keyof typeof ruleFields, string][]) {
    if (request[option].length === 0) continue;
    if (request.content === 'metadata_only') {
      throw new AppError('field-invalid', {
        field,
        message: `${field} is about rows, and content metadata_only reads none.`,
        hint: `Leave ${field} out, or use another content.`,
      });
    }
    if (option !== 'excludeColumns' && !engine.capabilities.readRules) {
      throw new AppError('unsupported', {
        field,
        message: `${engine.title} cannot read parts of tables.`,
        hint: `Leave ${field} out.`,
      });
    }
  }
  await checkReadRules(request);
}

/** @throws AppError mode-invalid */
export function checkMode(engine: Engine, mode: ReadOptions['selection']['mode']): void {
  if (engine.capabilities.modes.includes(mode)) return;
  throw new AppError('mode-invalid', {
    field: 'mode',
    message: `${engine.title} has no mode ${mode}.`,
    hint: `Use ${engine.capabilities.modes.join(', ')}.`,
  });
}
