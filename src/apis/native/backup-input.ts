import type { BackupChoice } from '../../core/backup.ts';
import { AppError } from '../../core/errors.ts';
import type { BackupService } from '../../service/backup-service.ts';
import { defined } from './job-input.ts';
import type { NewBackupVerify, NewRestore } from './new-backup-job.ts';

/* What bodies of jobs on backups ask the service for. */

type Input<K extends keyof BackupService> = Parameters<BackupService[K]>[1];

export const backupVerifyInput = (body: NewBackupVerify): Input<'startBackupVerify'> =>
  defined({
    backup: body.backup,
    method: body.method,
    scratchDatabase: body.scratch_database,
    threads: body.threads,
  });

export const restoreInput = (body: NewRestore): Input<'startRestore'> =>
  defined({
    database: body.database,
    from: body.from,
    choice: choiceOf(body),
    inPlace: body.in_place,
    keepOld: body.keep_old,
    tableExistsAction: body.table_exists_action,
    threads: body.threads,
  });

/** Which backup is meant. Throws `field-invalid` where it is said twice. */
function choiceOf({ backup, tag, time, position }: NewRestore): BackupChoice {
  const said = Object.entries({ backup, tag, time, position }).filter(([, value]) => value !== undefined);
  const [first, second] = said;
  if (first !== undefined && second !== undefined) {
    throw new AppError('field-invalid', {
      field: second[0],
      message: `${first[0]} and ${second[0]} both say which backup is meant.`,
      hint: 'Give one of them, or none for the latest.',
    });
  }
  if (backup !== undefined) return { type: 'id', id: backup };
  if (tag !== undefined) return { type: 'tag', tag };
  if (time !== undefined) return { type: 'time', notAfter: Date.parse(time) };
  return position === undefined ? { type: 'latest' } : { type: 'position', position };
}
