import { folderOf } from '../blocks/folder-location.ts';
import { isDenied } from './classify.ts';
import type { FtpConnection } from './connect.ts';
import { FtpRefusal } from './reply.ts';

/** The bytes of a file; null when there is none. Folders are none. */
export async function sizeOf({ control }: FtpConnection, path: string): Promise<number | null> {
  try {
    const { code, words } = await control.request(`SIZE ${path}`);
    const size = /^\d+/.exec(words)?.[0];
    if (size === undefined) throw new FtpRefusal({ code, words }, 'SIZE');
    return Number(size);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** The server has no code of its own for what is missing: it is what is not refused for other reasons. */
const isAbsent = (error: unknown): boolean =>
  error instanceof FtpRefusal && (error.code === 550 || error.code === 450) && !isDenied(error.words);

/** Removes a file; a missing one is no error. */
export async function removeFile(connection: FtpConnection, path: string): Promise<void> {
  try {
    await connection.control.request(`DELE ${path}`);
  } catch (error) {
    if (!(error instanceof FtpRefusal) || (await sizeOf(connection, path)) !== null) throw error;
  }
}

/** Makes `folder` and what is missing above it, as far as the server lets. Resolves to what it said to the folder itself, if that was a no. */
export async function makeFolder(connection: FtpConnection, folder: string): Promise<FtpRefusal | null> {
  if (folder === '' || folder === '.') return null;
  const make = async (): Promise<FtpRefusal | null> => {
    try {
      await connection.control.request(`MKD ${folder}`);
      return null;
    } catch (error) {
      if (error instanceof FtpRefusal) return error;
      throw error;
    }
  };
  if ((await make()) === null) return null;
  // One that exists is refused in the same words as one whose parent is missing.
  await makeFolder(connection, folderOf(folder));
  return await make();
}

/** Removes `folder` and those above it, up to but without `base`, as far as they are empty. */
export async function removeEmptyFolders(
  { control }: FtpConnection,
  base: string,
  folder: string,
): Promise<void> {
  for (let at = folder; at !== base && at.startsWith(base); at = folderOf(at)) {
    try {
      await control.request(`RMD ${at}`);
    } catch (error) {
      // Not empty, gone, or not ours to remove: all the same here.
      if (error instanceof FtpRefusal) return;
      throw error;
    }
  }
}
