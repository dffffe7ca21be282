import { AppError } from '../core/errors.ts';
import type { Storage } from '../storages/storage.ts';

/** Throws `file-exists` (field `file_pattern`) when a file stands where a dump set is to be written. */
export function refuseExistingFile(existing: string | null, storage: Storage): void {
  if (existing === null) return;
  throw new AppError('file-exists', {
    field: 'file_pattern',
    message: `The file ${existing} exists already at ${storage.description}.`,
  });
}
