import { type Backup, isGood } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import type { BackupDeleteRequest } from '../core/request.ts';
import { planRetention } from '../core/retention-rules.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { policyMissing } from './backup-policies.ts';
import type { BackupService } from './backup-service.ts';
import { findBackup, readBackupId } from './backups.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readFlag, readList, readObject, readText } from './input.ts';
import { authoriseLocation } from './locations.ts';
import type { CallContext } from './service.ts';
import type { StartOptions } from './start-input.ts';
import type { Started, StartJob } from './start-job.ts';
import { requireState } from './usable-backup.ts';

const databaseHint = 'Name the database whose backups they are.';

/** Makes the jobs that remove backups; everything else happens in operations/backup-delete.ts. */
export function createStartBackupDelete(
  parts: ServiceDependencies,
  startJob: StartJob,
): Pick<BackupService, 'startBackupDelete' | 'startBackupPrune'> {
  const { backups, environment, clock } = parts;

  /** Whoever has files removed must be allowed to go where they are. */
  async function authorisePlaces(context: CallContext, entries: readonly Backup[]): Promise<void> {
    for (const { location } of entries) await authoriseLocation(parts, context, location);
  }

  const authoriseDelete = <T>(
    context: CallContext,
    name: string,
    database: string,
    check: () => Promise<T>,
  ): Promise<T> =>
    authoriseCommand(parts, context, { name, subject: database }, async () => {
      authorise(context, 'backup:manage', { database });
      authorise(context, 'dump:manage');
      return await check();
    });

  function start(
    context: CallContext,
    database: string,
    removals: BackupDeleteRequest['backups'],
    options: StartOptions,
    {
      force,
      asked,
      check,
    }: { readonly force: boolean; readonly asked?: unknown; readonly check: () => Promise<void> },
  ): Promise<Started> {
    const request: BackupDeleteRequest = {
      kind: 'backup_delete',
      database,
      backups: removals,
      force,
      threads: 1,
    };
    return startJob({
      context,
      options,
      request,
      asked,
      requestFor: () => request,
      check,
    });
  }

  return {
    async startBackupDelete(context, rawInput, options) {
      const input = readObject(rawInput);
      const database = readText(input.database, 'database', databaseHint, 63);
      const force = readFlag(input.force, 'force');
      const ids = readIds(input.backups);
      const entries = await authoriseDelete(context, 'backup_delete:start', database, async () => {
        const found: Backup[] = [];
        for (const id of ids) found.push(await findBackup(parts, context, id));
        await authorisePlaces(context, found);
        return found;
      });
      for (const entry of entries) {
        if (entry.database !== database) throw ofAnother(entry, database);
      }
      const reason = `asked for by ${context.caller.name}`;
      return start(
        context,
        database,
        ids.map((id) => ({ id, reason })),
        options,
        {
          force,
          check: async () => {
            // A removal that was given up half-way is taken up again.
            for (const entry of entries) requireState(entry, ['completed', 'failed', 'deleting']);
            if (!force)
              refuseLastGood(await backups.listBackups({ database, ofPresent: true }), ids, database);
          },
        },
      );
    },

    async startBackupPrune(context, rawInput, options) {
      const database = readText(readObject(rawInput).database, 'database', databaseHint, 63);
      const { remove } = await authoriseDelete(context, 'backup:prune', database, async () => {
        await environment.database(database);
        const policy = await backups.getPolicy(database);
        if (policy === null) throw policyMissing(database);
        const entries = await backups.listBackups({ database, ofPresent: true });
        const plan = planRetention(entries, policy.retention, clock.now());
        await authorisePlaces(
          context,
          plan.remove.map(({ backup }) => backup),
        );
        return plan;
      });
      if (remove.length === 0) return null;
      return start(
        context,
        database,
        remove.map(({ backup, reason }) => ({ id: backup.id, reason })),
        options,
        {
          force: false,
          asked: { kind: 'backup_delete', database, backups: 'prune' },
          check: async () => undefined,
        },
      );
    },
  };
}

function readIds(value: unknown): readonly number[] {
  const hint = 'Name backups by their ids: pumphouse backup list.';
  const ids = readList(value, 'backups', hint).map((id, index) => readBackupId(id, `backups[${index}]`));
  if (ids.length === 0) throw fieldInvalid('backups', 'names none', hint);
  return [...new Set(ids)];
}

const ofAnother = ({ id, database }: Backup, asked: string): AppError =>
  new AppError('backup-unknown', {
    field: 'backups',
    message: `The backup ${id} is one of ${database}, not of ${asked}.`,
  });

/** A database that has a good backup keeps one, unless the caller insists. */
function refuseLastGood(entries: readonly Backup[], ids: readonly number[], database: string): void {
  const good = entries.filter(isGood);
  if (good.length === 0 || !good.every(({ id }) => ids.includes(id))) return;
  throw new AppError('backup-state', {
    field: 'backups',
    message: `Nothing that ${database} could be restored from would be left: ${good[0]?.tag ?? 'it'} is its last good backup.`,
    hint: 'Make another backup first, or say that it shall go all the same: force (--force).',
  });
}
