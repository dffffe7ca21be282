import type { Backup } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import { noRemaps, type RestoreRequest, tableExistsActions } from '../core/request.ts';
import type { Engine } from '../engines/engine.ts';
import { checkWriteOptions } from '../operations/check-write-options.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { chooseAmong } from './backup-choice.ts';
import type { BackupService } from './backup-service.ts';
import { findBackup } from './backups.ts';
import { usableCredential } from './credentials.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readChoice, readFlag, readObject, readText, readThreads } from './input.ts';
import { authoriseLocation } from './locations.ts';
import type { CallContext } from './service.ts';
import type { StartJob } from './start-job.ts';

/** Chooses the backup and makes the job that brings it back; everything else happens in operations/restore.ts. */
export function createStartRestore(
  parts: ServiceDependencies,
  startJob: StartJob,
): BackupService['startRestore'] {
  const { backups, environment, options: settings } = parts;

  /** The backup that is meant, for a caller who may read it and its files. */
  async function choose(
    context: CallContext,
    database: string,
    input: Readonly<Record<string, unknown>>,
  ): Promise<Backup> {
    const choice = readObject(input.choice) as Parameters<BackupService['chooseBackup']>[2];
    const named = input.from === undefined ? null : readText(input.from, 'from', 'Name a database.', 63);
    // An id is one of all databases, so that it says by itself whose backup is meant.
    const from =
      named ?? (choice.type === 'id' ? (await findBackup(parts, context, choice.id)).database : database);
    authorise(context, 'backup:read', { database: from });
    const entries = await backups.listBackups({ database: from });
    const chosen = chooseAmong({ database: from, entries }, choice);
    await authoriseLocation(parts, context, chosen.location);
    if (chosen.encryptionKey !== null) {
      await usableCredential(parts, context, chosen.encryptionKey, 'encryption_key');
    }
    return chosen;
  }

  return async (context, rawInput, options) => {
    const input = readObject(rawInput);
    const database = readText(input.database, 'database', 'Name the registered database to restore.', 63);
    const how = readHow(input);
    const backup = await authoriseCommand(
      parts,
      context,
      { name: how.type === 'in_place' ? 'restore:in_place' : 'restore:start', subject: database },
      async () => {
        authorise(context, 'import:start', { database });
        return await choose(context, database, input);
      },
    );

    const request: RestoreRequest = {
      kind: 'restore',
      database,
      backup: backup.id,
      how,
      threads: readThreads(input.threads, settings.threadsMax(database)),
    };
    return startJob({
      context,
      options,
      request,
      // The latest backup may be another one by the time that the request is repeated.
      asked: {
        kind: 'restore',
        database,
        from: input.from ?? null,
        choice: input.choice,
        how,
        threads: input.threads ?? null,
      },
      requestFor: () => request,
      check: async () => {
        const { engine } = await environment.database(database);
        checkFits(engine, database, backup);
        checkHow(engine, how);
      },
    });
  };
}

function readHow(input: Readonly<Record<string, unknown>>): RestoreRequest['how'] {
  const inPlace = readFlag(input.inPlace, 'in_place');
  const keepOld = readFlag(input.keepOld, 'keep_old');
  const tableExistsAction =
    readChoice(input.tableExistsAction, 'table_exists_action', tableExistsActions) ?? null;
  if (inPlace && tableExistsAction !== null) {
    throw fieldInvalid(
      'table_exists_action',
      'is about what exists, and in_place leaves nothing of that',
      'Leave one of them out.',
    );
  }
  if (inPlace) return { type: 'in_place', keepOld };
  if (!keepOld) return { type: 'into', tableExistsAction };
  throw fieldInvalid(
    'keep_old',
    'is about what in_place replaces',
    'Give in_place too, or leave keep_old out.',
  );
}

function checkFits(engine: Engine, database: string, backup: Backup): void {
  if (backup.engine === engine.id) return;
  throw new AppError('unsupported', {
    field: 'database',
    message: `${database} is a ${engine.title} database, and the backup ${backup.id} is one of ${backup.engine}.`,
    hint: 'Restore it into a database of the same engine.',
  });
}

function checkHow(engine: Engine, how: RestoreRequest['how']): void {
  const { capabilities, title } = engine;
  if (how.type === 'into') {
    const { tableExistsAction } = how;
    checkWriteOptions(engine, { remaps: noRemaps, tableExistsAction, globals: false }, 'all');
    return;
  }
  if (how.keepOld && !capabilities.scratch) {
    throw new AppError('unsupported', {
      field: 'keep_old',
      message: `${title} databases cannot be kept under another name.`,
      hint: 'Leave keep_old out: what the database holds is removed once the backup was checked.',
    });
  }
  if (capabilities.scratch || capabilities.erase) return;
  throw new AppError('unsupported', {
    field: 'in_place',
    message: `${title} databases can neither be replaced nor emptied.`,
    hint: 'Leave in_place out, and restore into a database that has room for the backup.',
  });
}
