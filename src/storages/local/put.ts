import { type FileHandle, link, open, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { intoBlocks } from '../../base/blocks.ts';
import { releaseChunk } from '../../base/release-chunk.ts';
import { AppError } from '../../core/errors.ts';
import { partName, writerEnded } from '../blocks/part-name.ts';
import type { ByteSource, PutOptions } from '../storage.ts';
import { errnoOf } from './classify.ts';
import { checkInside, makeFolder } from './paths.ts';

/** Each call is a trip to the thread pool, and much larger ones are no faster. */
const writeBytes = 256 * 1024;

/**
 * Writes `source` to a part file beside `path`, syncs it and gives it its name in one step; then syncs the folder. Whatever goes wrong,
 * the file is removed. Throws system errors, `file-exists`, and what the source throws.
 */
export async function putFile(
  base: string,
  path: string,
  source: ByteSource,
  options: PutOptions,
  signal: AbortSignal,
): Promise<{ readonly bytes: number }> {
  if (options.ifExists === 'fail' && (await exists(path))) throw fileExists(path);
  await checkInside(base, path);
  const folder = dirname(path);
  const part = join(folder, partName(basename(path)));
  let published = false;
  try {
    const { file, changed } = await createPart(folder, part);
    let bytes: number;
    try {
      bytes = await writeAll(file, source, signal);
      await file.sync();
    } finally {
      await file.close();
    }
    signal.throwIfAborted();
    await publish(part, path, options.ifExists);
    published = true;
    for (const each of [folder, ...changed]) await syncFolder(each);
    return { bytes };
  } catch (error) {
    await unlink(published ? path : part).catch(() => undefined);
    await removeEmptyFolders(base, folder);
    throw error;
  } finally {
    writerEnded(part);
  }
}

/** Opens the part file, with its folder. Another call may just be tidying an empty folder away: then once more. */
async function createPart(
  folder: string,
  part: string,
): Promise<{ readonly file: FileHandle; readonly changed: readonly string[] }> {
  for (let attempt = 1; ; attempt += 1) {
    const changed = await makeFolder(folder);
    try {
      return { file: await open(part, 'wx', 0o640), changed };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt === 5) throw error;
    }
  }
}

async function writeAll(file: FileHandle, source: ByteSource, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const block of intoBlocks(source.open(signal), writeBytes)) {
    for (let start = 0; start < block.length; ) {
      signal.throwIfAborted();
      const { bytesWritten } = await file.write(block, start, Math.min(writeBytes, block.length - start));
      start += bytesWritten;
    }
    bytes += block.length;
    releaseChunk(block);
  }
  return bytes;
}

async function publish(part: string, path: string, ifExists: PutOptions['ifExists']): Promise<void> {
  if (ifExists === 'replace') return await rename(part, path);
  try {
    await link(part, path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') {
      // Over NFS the answer to a link may get lost: asked again, the server finds its own work in the way.
      if (!(await isSameFile(part, path))) throw fileExists(path);
      return await unlink(part);
    }
    if (!withoutHardLinks.includes(errno)) throw error;
    // No exclusive step here: look, then rename. Of two writers at the same instant the later one wins, whole.
    if (await exists(path)) throw fileExists(path);
    return await rename(part, path);
  }
  await unlink(part);
}

/** How file systems without hard links (FAT, many FUSE and SMB mounts) refuse one. */
const withoutHardLinks: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];

async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    // One of them has gone meanwhile.
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

const fileExists = (path: string): AppError =>
  new AppError('file-exists', { message: `${path} exists already.`, operation: 'put' });

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync folders, and a parent may be unreadable; the file itself is safe.
    if (!['EINVAL', 'ENOTSUP', 'EACCES', 'EPERM', 'EISDIR', 'EBADF'].includes(errnoOf(error))) throw error;
  } finally {
    await handle?.close();
  }
}

/** Removes `folder` and those above it, up to but without `base`, as far as they are empty. */
export async function removeEmptyFolders(base: string, folder: string): Promise<void> {
  for (let at = folder; at !== base && at.startsWith(base); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      // Not empty, gone, or not ours to remove: all the same here.
      return;
    }
  }
}
