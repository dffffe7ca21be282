import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes `folder` and what is missing above it, with the permissions `mode`. Resolves to the topmost folder that it made, undefined when all
 * were there. Rejects with the system's error: `EEXIST` or `ENOTDIR` for a file in the place of a folder. Node's own recursive mkdir does
 * the same, but never ends where the system says that the folder to make does not exist, as it does below /proc.
 */
export async function makeFolders(folder: string, mode: number): Promise<string | undefined> {
  try {
    return await makeOne(folder, mode);
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
    const first = await makeFolders(parent, mode);
    const own = await makeOne(folder, mode);
    return first ?? own;
  }
}

async function makeOne(folder: string, mode: number): Promise<string | undefined> {
  try {
    await mkdir(folder, { mode });
    return folder;
  } catch (error) {
    const found = await stat(folder).catch(() => null);
    if (found?.isDirectory() === true) return undefined;
    throw error;
  }
}
