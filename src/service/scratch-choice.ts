import type { ProofMethod } from '../core/backup.ts';
import { AppError, withField } from '../core/errors.ts';
import type { Engine } from '../engines/engine.ts';
import { authorise } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid } from './input.ts';
import type { CallContext } from './service.ts';

const field = 'scratch_database';

/**
 * Whether a backup can be proved in that way: a restore needs a database that may be thrown away, made beside the one that was backed up or
 * named by the caller, who must be allowed to import into it. Throws errors with `field` set.
 * @param database the one that was backed up
 */
export async function checkScratch(
  { environment }: Pick<ServiceDependencies, 'environment'>,
  context: CallContext,
  engine: Engine,
  database: string,
  { method, scratchDatabase }: { readonly method: ProofMethod; readonly scratchDatabase: string | null },
): Promise<void> {
  if (scratchDatabase === null) {
    if (method !== 'restore' || engine.capabilities.scratch) return;
    throw new AppError('unsupported', {
      field,
      message: `${engine.title} databases cannot be made beside a registered one, so that a restore needs a database to go to.`,
      hint: `Name a registered ${engine.title} database that may be emptied and filled, or verify by digest.`,
    });
  }
  if (scratchDatabase === database) {
    throw fieldInvalid(
      field,
      'is the very database that is backed up, and would be emptied',
      'Name another one.',
    );
  }
  authorise(context, 'import:start', { database: scratchDatabase });
  const scratch = await environment.database(scratchDatabase).catch((error: unknown) => {
    throw withField(error, field);
  });
  if (scratch.engine.id !== engine.id) {
    throw new AppError('unsupported', {
      field,
      message: `${scratchDatabase} is a ${scratch.engine.title} database, and backups of ${database} are restored into ${engine.title}.`,
      hint: `Name a ${engine.title} database.`,
    });
  }
  if (engine.capabilities.erase) return;
  throw new AppError('unsupported', {
    field,
    message: `${engine.title} databases cannot be emptied for a proof.`,
    hint: 'Leave scratch_database out: a database is made beside the registered one, and dropped.',
  });
}
