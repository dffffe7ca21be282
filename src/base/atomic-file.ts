import { randomBytes } from 'node:crypto';
import { link, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces `path` by `text`: a reader sees the old file or the new one, whole, also after a crash. The folder must exist.
 * @param mode permissions of the new file, `0o600` for secrets
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await withTemporary(path, text, mode, (temporary) => rename(temporary, path));
}

/**
 * Creates `path` with `text`, whole or not at all, and never over an existing file.
 * @returns false when the file was there already
 */
export async function createFile(path: string, text: string, mode: number): Promise<boolean> {
  try {
    await withTemporary(path, text, mode, async (temporary) => {
      await link(temporary, path);
      await unlink(temporary);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Writes and syncs a file beside `path`, lets `publish` give it its name, and syncs the folder. */
async function withTemporary(
  path: string,
  text: string,
  mode: number,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(temporary);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  const parent = await open(folder, 'r');
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
