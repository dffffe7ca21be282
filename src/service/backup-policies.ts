import { createSerial } from '../base/serial.ts';
import type { BackupPolicy } from '../core/backup.ts';
import { firstTime } from '../core/cron.ts';
import { AppError } from '../core/errors.ts';
import { isAllowed } from '../core/permission.ts';
import { refuseReadOnly } from '../operations/read-only-storage.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { BackupService } from './backup-service.ts';
import { usableCredential } from './credentials.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readObject, readText } from './input.ts';
import { authoriseLocation } from './locations.ts';
import { type PolicyInput, readPolicy } from './policy-input.ts';
import { checkScratch } from './scratch-choice.ts';
import type { CallContext } from './service.ts';

type PolicyFunctions = Pick<
  BackupService,
  'setBackupPolicy' | 'getBackupPolicy' | 'listBackupPolicies' | 'removeBackupPolicy'
>;

/** How databases are backed up: commands and queries. */
export function createBackupPolicies(parts: ServiceDependencies): PolicyFunctions {
  const { backups, schedules, environment, clock, options } = parts;
  const inTurn = createSerial();

  /** What would make every backup under the policy fail. Nothing is done at the place itself. */
  async function check(context: CallContext, policy: PolicyInput): Promise<void> {
    const { engine } = await environment.database(policy.database);
    await checkScratch(parts, context, engine, policy.database, {
      method: policy.verify,
      scratchDatabase: policy.scratchDatabase,
    });
    if (policy.encryptionKey !== null) await environment.encryptionKey(policy.encryptionKey);
    const { location } = policy;
    await environment.refuseLocalDatabase(policy.database);
    await environment.refuseLocalPlace(location);
    const storage = await environment.storage(location);
    refuseReadOnly(storage, location);
    if (storage.keeps) return;
    throw fieldInvalid(
      location.type === 'directory' ? 'directory' : 'location',
      'throws away what it is given',
      'Name a place that keeps files.',
    );
  }

  return {
    async setBackupPolicy(context, rawInput) {
      const input = readObject(rawInput);
      const read = readPolicy(input, { now: clock.now(), threadsMax: options.threadsMax });
      const { database } = read;
      await authoriseCommand(parts, context, { name: 'backup_policy:set', subject: database }, async () => {
        authorise(context, 'backup:manage', { database });
        authorise(context, 'export:start', { database });
        if ((read.priority ?? 0) > 0) authorise(context, 'job:prioritise', { database });
        await authoriseLocation(parts, context, read.location);
        if (read.encryptionKey !== null) {
          await usableCredential(parts, context, read.encryptionKey, 'encryption_key');
        }
      });
      await check(context, read);
      const owner = context.caller.name;
      const policy: BackupPolicy = { ...read, owner, updatedAt: clock.now() };
      const subject = { type: 'backup', database } as const;
      return inTurn(async () => {
        // A schedule without its policy is told of when it comes; a policy whose schedule is missing would go unnoticed. So a crash may leave the one, not the other.
        const { schedule } = policy;
        if (schedule !== null) {
          const nextAt = firstTime(schedule, clock.now());
          await schedules.putSchedule({ subject, rule: schedule, params: {}, owner, api: 'native', nextAt });
        }
        await backups.putPolicy(policy);
        if (schedule === null) await schedules.removeSchedule(subject);
        return policy;
      });
    },

    async getBackupPolicy(context, database) {
      authorise(context, 'backup:read', { database });
      await environment.database(database);
      return await backups.getPolicy(database);
    },

    async listBackupPolicies(context) {
      authorise(context, 'backup:read');
      const policies = await backups.listPolicies();
      return policies.filter(({ database }) => isAllowed(context.caller, 'backup:read', { database }));
    },

    async removeBackupPolicy(context, rawName) {
      const database = readText(rawName, 'database', 'Name a registered database.', 63);
      await authoriseCommand(parts, context, { name: 'backup_policy:remove', subject: database }, () =>
        authorise(context, 'backup:manage', { database }),
      );
      await inTurn(async () => {
        if ((await backups.getPolicy(database)) === null) throw policyMissing(database);
        await backups.removePolicy(database);
        await schedules.removeSchedule({ type: 'backup', database });
      });
    },
  };
}

export const policyMissing = (database: string): AppError =>
  new AppError('backup-policy-missing', {
    field: 'database',
    message: `The database ${database} has no backup policy.`,
    hint: `Set one: pumphouse backup policy set ${database} --to LOCATION.`,
  });
