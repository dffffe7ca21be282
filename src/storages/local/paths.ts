import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { makeFolders } from '../../base/make-folders.ts';
import { AppError } from '../../core/errors.ts';
import { checkFileName } from '../file-name.ts';
import { errnoOf } from './classify.ts';

/** The path of a file below `base`; throws `file-name-invalid`. Looks at the name alone. */
export function pathOf(base: string, name: string): string {
  checkFileName(name);
  return join(base, ...name.split('/'));
}

/**
 * Refuses `path` when symbolic links lead from it out of `base`. What does not exist yet is judged by its nearest folder that does.
 * `base` itself may be reached through links.
 */
export async function checkInside(base: string, path: string): Promise<void> {
  const realBase = await realpathOrNull(base);
  if (realBase === null) return;
  let existing = path;
  let real = await realpathOrNull(existing);
  while (real === null && existing !== base) {
    existing = dirname(existing);
    real = await realpathOrNull(existing);
  }
  if (
    real === null ||
    real === realBase ||
    real.startsWith(realBase.endsWith(sep) ? realBase : realBase + sep)
  )
    return;
  throw new AppError('file-name-invalid', {
    message: `${path} leads out of ${base} through a symbolic link.`,
    hint: 'Replace the link by the file or folder itself, or use a location that holds it.',
  });
}

async function realpathOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw error;
  }
}

/** Makes `folder` and what is missing above it. Resolves to the folders that must be synced for it to survive a power cut, deepest first. */
export async function makeFolder(folder: string): Promise<readonly string[]> {
  const first = await makeFolders(folder, 0o750).catch((error: unknown) => {
    // "Exists" is said only of a file in the place of a folder.
    throw errnoOf(error) === 'EEXIST' ? Object.assign(error as Error, { code: 'ENOTDIR' }) : error;
  });
  if (first === undefined) return [];
  const changed: string[] = [];
  for (let at = dirname(folder); ; at = dirname(at)) {
    changed.push(at);
    if (at === dirname(first) || at === dirname(at)) return changed;
  }
}
