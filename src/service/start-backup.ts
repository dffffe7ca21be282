import type { BackupPolicy } from '../core/backup.ts';
import type { BackupRequest } from '../core/request.ts';
import { refuseReadOnly } from '../operations/read-only-storage.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { policyMissing } from './backup-policies.ts';
import type { BackupService } from './backup-service.ts';
import { usableCredential } from './credentials.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readFlag, readObject, readText } from './input.ts';
import { authoriseLocation } from './locations.ts';
import { checkScratch } from './scratch-choice.ts';
import type { StartJob } from './start-job.ts';

/** Makes the job of a backup under the policy as it is now; everything else happens in operations/backup.ts, by jobs that it starts. */
export function createStartBackup(
  parts: ServiceDependencies,
  startJob: StartJob,
): BackupService['startBackup'] {
  const { backups, environment } = parts;
  return async (context, rawInput, options) => {
    const input = readObject(rawInput);
    const database = readText(input.database, 'database', 'Name a registered database.', 63);
    const keepForever = readFlag(input.keepForever, 'keep_forever');
    // The jobs that it starts are authorised as the caller's own, hours later perhaps: better refused now.
    const policy = await authoriseCommand(
      parts,
      context,
      { name: 'backup:start', subject: database },
      async (): Promise<BackupPolicy> => {
        authorise(context, 'backup:manage', { database });
        authorise(context, 'export:start', { database });
        await environment.database(database);
        const found = await backups.getPolicy(database);
        if (found === null) throw policyMissing(database);
        await authoriseLocation(parts, context, found.location);
        if (found.encryptionKey !== null) {
          await usableCredential(parts, context, found.encryptionKey, 'encryption_key');
        }
        return found;
      },
    );

    const request: BackupRequest = {
      kind: 'backup',
      database,
      policy,
      keepForever,
      threads: policy.threads,
    };
    const priority = options.priority ?? policy.priority;
    return startJob({
      context,
      options: priority === undefined ? options : { ...options, priority },
      request,
      // The policy is that of the moment: a start that is repeated after another one was set is the same start.
      asked: { kind: 'backup', database, keepForever },
      requestFor: () => request,
      check: async () => {
        const { engine } = await environment.database(database);
        const { verify: method, scratchDatabase } = policy;
        await checkScratch(parts, context, engine, database, { method, scratchDatabase });
        refuseReadOnly(await environment.storage(policy.location), policy.location);
      },
    });
  };
}
