import type { BackupVerifyRequest } from '../core/request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { BackupService } from './backup-service.ts';
import { findBackup, readBackupId } from './backups.ts';
import { usableCredential } from './credentials.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readChoice, readObject, readThreads } from './input.ts';
import { authoriseLocation } from './locations.ts';
import { readScratchDatabase } from './policy-input.ts';
import { checkScratch } from './scratch-choice.ts';
import type { StartJob } from './start-job.ts';
import { requireState } from './usable-backup.ts';

/** Makes the job that proves a backup; everything else happens in operations/backup-verify.ts. */
export function createStartBackupVerify(
  parts: ServiceDependencies,
  startJob: StartJob,
): BackupService['startBackupVerify'] {
  const { backups, environment, options: settings } = parts;
  return async (context, rawInput, options) => {
    const input = readObject(rawInput);
    const method = readChoice(input.method, 'method', ['digest', 'restore']) ?? 'digest';
    const id = readBackupId(input.backup, 'backup');
    const asked = readScratchDatabase(input.scratchDatabase);
    const backup = await authoriseCommand(
      parts,
      context,
      { name: 'backup_verify:start', subject: String(id) },
      async () => {
        const found = await findBackup(parts, context, id);
        authorise(context, 'backup:manage', { database: found.database });
        authorise(context, 'verify:start');
        await authoriseLocation(parts, context, found.location);
        if (found.encryptionKey !== null && method === 'restore') {
          await usableCredential(parts, context, found.encryptionKey, 'encryption_key');
        }
        return found;
      },
    );
    const { database } = backup;
    const policy = await backups.getPolicy(database);
    const request: BackupVerifyRequest = {
      kind: 'backup_verify',
      database,
      backup: backup.id,
      method,
      scratchDatabase: method === 'restore' ? (asked ?? policy?.scratchDatabase ?? null) : null,
      threads: readThreads(input.threads ?? policy?.threads, settings.threadsMax(database)),
    };
    return startJob({
      context,
      options,
      request,
      asked: {
        kind: 'backup_verify',
        backup: id,
        method,
        scratchDatabase: asked,
        threads: input.threads ?? null,
      },
      requestFor: () => request,
      check: async () => {
        requireState(backup, ['completed']);
        // Files are read against their digests also where the database is not registered any more.
        if (method === 'digest') return;
        const { engine } = await environment.database(database);
        await checkScratch(parts, context, engine, database, request);
      },
    });
  };
}
