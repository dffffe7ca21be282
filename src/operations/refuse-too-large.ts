import { sizeText } from '../base/size-text.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { ManifestTable } from '../core/manifest.ts';
import type { ImportRequest } from '../core/request.ts';
import type { TargetSession } from '../engines/engine.ts';

/**
 * Throws `database-full` when an import that erases its target brings more than the target can hold: found out in its middle, the old data
 * would be gone for nothing. `figures` of the error: `expected` and `limit`, in bytes.
 */
export async function refuseTooLarge(
  target: Pick<TargetSession, 'capacity'>,
  request: Pick<ImportRequest, 'erase' | 'selection' | 'content'>,
  tables: readonly ManifestTable[],
  context: OperationContext,
): Promise<void> {
  // Of a part nobody knows the size: units may be whole files of which some rows are taken.
  if (!request.erase || request.selection !== null || request.content === 'metadata_only') return;
  const limit = (await target.capacity?.(context)) ?? null;
  const expected = bytesOf(tables);
  if (limit === null || expected <= limit) return;
  throw new AppError('database-full', {
    message: `The source holds ${sizeText(expected)}, and the target takes ${sizeText(limit)} at most: nothing was removed.`,
    hint: 'Raise the limit of the target, or import a part.',
    temporary: false,
    figures: { expected, limit },
  });
}

/** Uncompressed bytes, each stretch of a file once: tables may share one. */
function bytesOf(tables: readonly ManifestTable[]): number {
  const stretches = tables.flatMap(({ units }) =>
    units.map(({ file, offset, rawBytes }) => [`${file} ${offset}`, rawBytes] as const),
  );
  return [...new Map(stretches).values()].reduce((sum, bytes) => sum + bytes, 0);
}
