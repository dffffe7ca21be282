import { AppError } from '../../../core/errors.ts';
import type { ResolvedRemaps } from '../../engine.ts';

/** Refuses remaps of what is PostgreSQL's own, and to names that it does not take. */
export function refuseBadNames({ schemas, tables, tablespaces, owners }: ResolvedRemaps): void {
  for (const { source, target } of schemas) {
    const own = /^pg_|^information_schema$/;
    refuseName('remap_schemas', 'schema', source, target, own, own);
  }
  for (const { schema, name, target } of tables) {
    if (name !== target)
      refuseName('remap_tables', 'table', `${schema}.${name}`, target, /^pg_catalog\./, null);
  }
  for (const { source, target } of tablespaces) {
    refuseName('remap_tablespaces', 'tablespace', source, target, /^pg_/, /^pg_(?!default$)/);
  }
  for (const { source, target } of owners) {
    const own = /^pg_|^public$|^none$/;
    refuseName('remap_owner', 'role', source, target, own, own);
  }
}

function refuseName(
  field: string,
  thing: string,
  source: string,
  target: string,
  ownSource: RegExp,
  ownTarget: RegExp | null,
): void {
  if (source === target) return;
  const refuse = (message: string, hint: string): never => {
    throw new AppError('field-invalid', { field, message, hint });
  };
  if (ownSource.test(source)) {
    refuse(
      `The ${thing} ${source} is PostgreSQL's own and cannot be remapped.`,
      `Remap a ${thing} of your own.`,
    );
  }
  if (target === '' || Buffer.byteLength(target) > 63 || target.includes('\0')) {
    refuse(
      `PostgreSQL takes no ${thing} of the name ${JSON.stringify(target)}.`,
      'Choose a name of 1 to 63 bytes.',
    );
  }
  if (ownTarget?.test(target) === true) {
    refuse(`Names like ${target} are PostgreSQL's own.`, 'Choose a name that does not begin with pg_.');
  }
}
