import type { Backup, BackupPolicy } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import type { ServiceDependencies } from './dependencies.ts';

type Place = Pick<Backup | BackupPolicy, 'location' | 'encryptionKey'>;

const placesOf = {
  directory: ({ location }: Place, name: string): boolean =>
    location.type === 'directory' && location.directory === name,
  credential: ({ location, encryptionKey }: Place, name: string): boolean =>
    encryptionKey === name || (location.type === 'url' && location.credential === name),
};

/**
 * Throws `directory-in-use` or `credential-in-use` while a policy names the thing, or backups could not be read without it: what is encrypted with a
 * credential that is gone is lost.
 */
export async function refuseWhileBackupsNeed(
  { backups }: Pick<ServiceDependencies, 'backups'>,
  what: keyof typeof placesOf,
  name: string,
): Promise<void> {
  const needs = placesOf[what];
  const policy = (await backups.listPolicies()).find((each) => needs(each, name));
  if (policy !== undefined) {
    throw new AppError(`${what}-in-use`, {
      field: 'name',
      message: `The backup policy of ${policy.database} names the ${what} ${name}.`,
      hint: `Set another policy, or remove it: pumphouse backup policy remove ${policy.database}.`,
    });
  }
  const present = await backups.listBackups({ states: ['running', 'completed', 'deleting'] });
  const needing = present.filter((each) => needs(each, name));
  const [newest] = needing;
  if (newest === undefined) return;
  throw new AppError(`${what}-in-use`, {
    field: 'name',
    message: `${needing.length === 1 ? 'One backup needs' : `${needing.length} backups need`} the ${what} ${name}, the newest being ${newest.id} of ${newest.database}.`,
    hint: 'Remove the backups first: pumphouse backup delete ID.',
  });
}

/** Throws `database-in-use` while a policy has its backups tried in that database: whatever had the name next would be emptied by the next proof. */
export async function refuseWhileScratch(
  { backups }: Pick<ServiceDependencies, 'backups'>,
  name: string,
): Promise<void> {
  const policies = await backups.listPolicies();
  const policy = policies.find(({ scratchDatabase }) => scratchDatabase === name);
  if (policy === undefined) return;
  throw new AppError('database-in-use', {
    field: 'name',
    message: `The backup policy of ${policy.database} names ${name} as the database that its backups are tried in.`,
    hint: `Set another policy, or remove it: pumphouse backup policy remove ${policy.database}.`,
  });
}
