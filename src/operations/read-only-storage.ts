import { randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { LocationRequest } from '../core/request.ts';
import type { Storage } from '../storages/storage.ts';

/** A storage that nothing is written to, whatever the place would allow; its probe reads. */
export function readOnlyStorage(storage: Storage): Storage {
  const refuse = async (): Promise<never> => {
    throw readOnlyError(storage, 'directory');
  };
  return {
    ...storage,
    readOnly: true,
    put: refuse,
    remove: refuse,
    sweep: refuse,
    async probe(context) {
      const name = `pumphouse-probe-${randomBytes(6).toString('hex')}`;
      if (!storage.lists) await storage.stat(name, context);
      // The place answers when it lists at all; what it holds does not matter.
      else for await (const _file of storage.list('', context)) break;
    },
  };
}

/**
 * Throws `storage-denied` where a job would write to a directory that was added for reading.
 * @param prefix of the field's name: `to_` for the other place of a copy
 */
export function refuseReadOnly(storage: Storage, location: LocationRequest, prefix: '' | 'to_' = ''): void {
  if (storage.readOnly !== true) return;
  throw readOnlyError(storage, `${prefix}${location.type === 'directory' ? 'directory' : 'location'}`);
}

const readOnlyError = (storage: Storage, field: string): AppError =>
  new AppError('storage-denied', {
    field,
    message: `The directory at ${storage.description} is for reading only.`,
    hint: 'Name another directory, or add it again without read_only, with a credential that may write.',
  });
