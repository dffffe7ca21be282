import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { isUnfinished } from '../file-name.ts';
import type { StoredFile } from '../storage.ts';
import { errnoOf } from './classify.ts';
import { checkInside } from './paths.ts';

/** So many characters of a file's name are in that of its part, whatever they are. */
const partNameKept = 25;

interface Entry {
  /** Relative to the base; folders end in `/`, so that sorting entries sorts the files below them. */
  readonly key: string;
  readonly dirent: Dirent;
}

/** All files below `base` whose name begins with `prefix`, in byte order of their names; unfinished ones only when asked for. */
export async function* listFiles(
  base: string,
  prefix: string,
  unfinished: boolean,
  signal: AbortSignal,
): AsyncGenerator<StoredFile & { readonly modifiedMs: number }> {
  yield* listFolder(base, '', prefix, unfinished, signal);
}

async function* listFolder(
  base: string,
  folder: string,
  prefix: string,
  unfinished: boolean,
  signal: AbortSignal,
): AsyncGenerator<StoredFile & { readonly modifiedMs: number }> {
  for (const { key, dirent } of await entriesOf(base, folder)) {
    signal.throwIfAborted();
    if (dirent.isDirectory()) {
      // Links to folders are not followed: they may lead out of the base, or in circles.
      if (key.startsWith(prefix) || prefix.startsWith(key)) {
        yield* listFolder(base, key, prefix, unfinished, signal);
      }
    } else if (
      isUnfinished(dirent.name) === unfinished &&
      (unfinished ? isPartBelow(key, prefix) : key.startsWith(prefix))
    ) {
      const file = await factsOf(base, key, dirent);
      if (file !== null) yield file;
    }
  }
}

/** A part is named after its file, with a dot in front, and cut where the name is long (see part-name.ts). */
function isPartBelow(key: string, prefix: string): boolean {
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const fileName = key.slice(folder.length + 1);
  return (folder + fileName).startsWith(prefix.slice(0, folder.length + partNameKept));
}

async function entriesOf(base: string, folder: string): Promise<Entry[]> {
  let dirents: Dirent[];
  try {
    dirents = await readdir(join(base, folder), { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
  const entries = dirents.map((dirent) => ({
    key: folder + dirent.name + (dirent.isDirectory() ? '/' : ''),
    dirent,
  }));
  return entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

/** Null for what is no regular file, has gone meanwhile, or is a link out of the base. */
async function factsOf(
  base: string,
  name: string,
  dirent: Dirent,
): Promise<(StoredFile & { readonly modifiedMs: number }) | null> {
  if (!dirent.isFile() && !dirent.isSymbolicLink()) return null;
  const path = join(base, name);
  try {
    if (dirent.isSymbolicLink()) await checkInside(base, path);
    const facts = await stat(path);
    return facts.isFile() ? { name, bytes: facts.size, modifiedMs: facts.mtimeMs } : null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return null;
    if (error instanceof AppError && error.code === 'file-name-invalid') return null;
    throw error;
  }
}
