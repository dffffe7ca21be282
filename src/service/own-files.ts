import { AppError, toAppError, withField } from '../core/errors.ts';
import { everyDatabase } from '../core/permission.ts';
import type { OwnFileRequest } from '../core/request.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readEntries, readLocation, readText } from './input.ts';
import { authoriseLocation } from './locations.ts';
import type { CallContext } from './service.ts';

const field = 'own_files';
const hint = 'Give each file as {location, file}: where it is, and its name below that place.';

/** Longest name of a file, in characters. */
const longestName = 1024;

/** Files of an engine's own format; null when absent. As any list, it takes 1000 at most. */
export function readOwnFiles(value: unknown): readonly OwnFileRequest[] | null {
  if (value === undefined || value === null) return null;
  const files = readEntries(value, field, hint, (entry, place) =>
    atPlace(place, () => ({
      location: readLocation(entry.location),
      file: readText(entry.file, 'file', hint, longestName),
    })),
  );
  if (files.length === 0) throw fieldInvalid(field, 'is empty', 'Name a file, or leave own_files out.');
  return files;
}

/** Throws `field-invalid` for members that say where a dump set is. */
export function refuseBesideOwnFiles(input: Readonly<Record<string, unknown>>): void {
  const members = {
    location: input.location,
    file_pattern: input.filePattern,
    encryption_key: input.encryptionKey,
  };
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || value === null) continue;
    throw fieldInvalid(
      name,
      'is given together with own_files',
      'Give own_files for files of the own format of the database, or the other members for a dump set.',
    );
  }
}

/**
 * Throws unless the caller may have a job read these files: as of any place; and since nobody can tell which database a file without a
 * manifest comes from, callers with grants on single databases only read those that a credential of their own leads to.
 */
export async function authoriseOwnFiles(
  parts: Pick<ServiceDependencies, 'registry'>,
  context: CallContext,
  files: readonly OwnFileRequest[],
): Promise<void> {
  const { role, databases, name } = context.caller;
  const isHeld = role === 'developer' && !databases.includes(everyDatabase);
  for (const [index, { location }] of files.entries()) {
    await atPlace(`${field}[${index}]`, async () => {
      await authoriseLocation(parts, context, location);
      if (!isHeld || location.type === 'url') return;
      throw new AppError('forbidden', {
        field: 'directory',
        message: `The file may hold data of any database, and user ${name} has grants on single ones only.`,
        hint: 'Name its place as a storage URL together with a credential of your own.',
      });
    });
  }
}

/** Names the entry in the field of an error. */
function atPlace<T>(place: string, work: () => T): T {
  const named = (error: unknown): never => {
    throw withField(error, `${place}.${toAppError(error).field ?? 'location'}`);
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(named) as T) : result;
  } catch (error) {
    return named(error);
  }
}
