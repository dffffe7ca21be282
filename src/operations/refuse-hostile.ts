import type { DdlObject } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Engine } from '../engines/engine.ts';
import { displayName } from './target-lines.ts';

/** How many objects an error names. */
const named = 3;

/**
 * A dump set is a file from anywhere: what is no definition of an object in the database is not run, and nothing else of such a set either.
 * @param chosen what would be run of `all`; the rest tells which table each of them may be about
 * @throws AppError dump-damaged
 */
export async function refuseHostile(
  engine: Engine,
  all: readonly DdlObject[],
  chosen: readonly DdlObject[],
): Promise<void> {
  const wanted = new Set(chosen.map(nameOf));
  const refused = (await engine.refuse(all)).filter(({ object }) => wanted.has(nameOf(object)));
  if (refused.length === 0) return;
  const some = refused
    .slice(0, named)
    .map(({ object, message }) => `${object.type} ${displayName(object)}: ${message}`);
  const more = refused.length > named ? ` (and ${refused.length - named} more)` : '';
  throw new AppError('dump-damaged', {
    field: 'file_pattern',
    message: `The dump set holds statements that no export writes, and that are not run: ${some.join('; ')}${more}.`,
    hint: 'Do not trust this dump set: somebody changed it. Leave the objects out with exclude if you need the rest of it.',
  });
}

const nameOf = ({ type, schema, name }: Pick<DdlObject, 'type' | 'schema' | 'name'>): string =>
  JSON.stringify([type, schema, name]);
