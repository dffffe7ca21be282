import { AppError } from '../core/errors.ts';
import type { ImportRequest, OwnFileRequest } from '../core/request.ts';
import type { Storage } from '../storages/storage.ts';
import type { Environment } from './environment.ts';

/** What is needed of a storage whose names are known. */
export type FileReader = Pick<Storage, 'get' | 'stat'>;

/** The name, among the files of a job, of the one at `position` (from 0) of the request: names at different places may be equal. */
export const ownFileName = (position: number, { file }: OwnFileRequest): string => `${position + 1}/${file}`;

/** Where the units of an import are read from: the place of its dump set, or its own files. */
export async function sourceStorage(
  environment: Environment,
  { location, ownFiles }: Pick<ImportRequest, 'location' | 'ownFiles'>,
): Promise<FileReader> {
  return ownFiles === null ? await environment.storage(location) : ownFileStorage(environment, ownFiles);
}

/** The own files of a request under the names of {@link ownFileName}; a place is opened when one of its files is asked for. */
export function ownFileStorage(environment: Environment, files: readonly OwnFileRequest[]): FileReader {
  const byName = new Map(files.map((file, position) => [ownFileName(position, file), file]));
  const open = async (name: string): Promise<{ readonly storage: Storage; readonly file: string }> => {
    const found = byName.get(name);
    if (found !== undefined) return { storage: await environment.storage(found.location), file: found.file };
    throw new AppError('internal', { message: `The import has no file ${JSON.stringify(name)}.` });
  };
  return {
    async *get(name, range, context) {
      const { storage, file } = await open(name);
      yield* storage.get(file, range, context);
    },
    async stat(name, context) {
      const { storage, file } = await open(name);
      const found = await storage.stat(file, context);
      return found === null ? null : { name, bytes: found.bytes };
    },
  };
}
