import type { Backup, BackupState } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';

/** Throws `backup-state` unless the backup is in one of these states. */
export function requireState(backup: Backup, states: readonly BackupState[]): void {
  if (states.includes(backup.state)) return;
  throw new AppError('backup-state', {
    field: 'backup',
    message: `The backup ${backup.id} of ${backup.database} is ${backup.state}.`,
    ...(backup.state === 'running' ? { hint: 'Wait until its job rests, or cancel that.' } : {}),
  });
}
