import { type Backup, backupStates } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import { isAllowed } from '../core/permission.ts';
import { planRetention } from '../core/retention-rules.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { chooseAmong } from './backup-choice.ts';
import { policyMissing } from './backup-policies.ts';
import type { BackupService } from './backup-service.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readFlag, readLimit, readWords, spell } from './input.ts';
import type { CallContext } from './service.ts';

type BackupFunctions = Pick<
  BackupService,
  'listBackups' | 'getBackup' | 'chooseBackup' | 'keepBackup' | 'planRetention'
>;

/** All but those whose files are gone. */
const presentStates = backupStates.filter((state) => state !== 'deleted');

/** The catalogue of backups: queries, and the mark that keeps one for ever. */
export function createBackups(parts: ServiceDependencies): BackupFunctions {
  const { backups, environment, clock } = parts;

  return {
    async listBackups(context, query) {
      const { database } = query;
      authorise(context, 'backup:read', database === undefined ? {} : { database });
      const limit = readLimit(query.limit, 'limit', 100);
      const states =
        query.states === undefined ? presentStates : readWords(query.states, 'states', backupStates);
      // Whoever may read every database has the store count; for the others it cannot know.
      const isHeld = database === undefined && context.caller.role === 'developer';
      const found = await backups.listBackups({
        states,
        ...(database === undefined ? {} : { database }),
        ...(isHeld ? {} : { limit }),
      });
      return found.filter((backup) => mayRead(context, backup)).slice(0, limit);
    },

    getBackup: (context, id) => findBackup(parts, context, id),

    async chooseBackup(context, database, choice) {
      authorise(context, 'backup:read', { database });
      const entries = await backups.listBackups({ database });
      return chooseAmong({ database, entries }, choice);
    },

    async keepBackup(context, rawId, rawForever) {
      const id = readBackupId(rawId, 'backup');
      const forever = readFlag(rawForever, 'keep_forever');
      const found = await authoriseCommand(
        parts,
        context,
        { name: forever ? 'backup:keep' : 'backup:release', subject: String(id) },
        async () => {
          const backup = await findBackup(parts, context, id);
          authorise(context, 'backup:manage', { database: backup.database });
          return backup;
        },
      );
      const kept = await backups.changeBackup(id, ['running', 'completed', 'failed'], {
        keepForever: forever,
      });
      return kept ?? refuseGone(found);
    },

    async planRetention(context, database) {
      authorise(context, 'backup:read', { database });
      await environment.database(database);
      const policy = await backups.getPolicy(database);
      if (policy === null) throw policyMissing(database);
      return planRetention(
        await backups.listBackups({ database, ofPresent: true }),
        policy.retention,
        clock.now(),
      );
    },
  };
}

/** An entry of the catalogue, for a caller who may read it; others learn nothing, not even that it exists. Throws `backup-unknown`. */
export async function findBackup(
  { backups }: Pick<ServiceDependencies, 'backups'>,
  context: CallContext,
  id: number,
): Promise<Backup> {
  authorise(context, 'backup:read');
  const backup = await backups.getBackup(readBackupId(id, 'backup'));
  if (backup !== null && mayRead(context, backup)) return backup;
  throw new AppError('backup-unknown', { field: 'backup', message: `There is no backup ${spell(id)}.` });
}

const mayRead = ({ caller }: CallContext, { database }: Backup): boolean =>
  isAllowed(caller, 'backup:read', { database });

export function readBackupId(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw fieldInvalid(field, `must be the id of a backup, not ${spell(value)}`, 'See pumphouse backup list.');
}

function refuseGone({ id, database, state }: Backup): never {
  throw new AppError('backup-state', {
    field: 'backup',
    message: `The files of backup ${id} of ${database} are being removed or are gone${state === 'deleted' ? '' : ' by now'}.`,
  });
}
