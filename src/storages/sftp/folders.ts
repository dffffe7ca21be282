import type { Stats } from 'ssh2';
import type { FolderEntry } from '../blocks/folder-list.ts';
import { asPath, folderOf } from '../blocks/folder-location.ts';
import type { SftpSession } from './session.ts';
import { isMissing, SftpStatus, status } from './status.ts';

/** Facts of what lies at a path, links followed; null when there is nothing. */
export async function statPath(session: SftpSession, path: string): Promise<Stats | null> {
  try {
    return await session.request<Stats>((sftp, done) => sftp.stat(path, done));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Makes `folder` and what is missing above it. Throws `SftpStatus`. */
export async function makeFolder(session: SftpSession, folder: string): Promise<void> {
  const make = (): Promise<void> =>
    session.request((sftp, done) => sftp.mkdir(asPath(folder), { mode: 0o750 }, done));
  try {
    await make();
  } catch (error) {
    if (!(error instanceof SftpStatus)) throw error;
    // Which status an existing folder leads to differs from server to server.
    const found = await statPath(session, asPath(folder));
    if (found?.isDirectory() === true) return;
    if (found !== null) throw new SftpStatus(status.notADirectory, `${asPath(folder)} is a file`);
    if (!isMissing(error) || folder === '' || folder === '.') throw error;
    await makeFolder(session, folderOf(folder));
    // Another call may have made it meanwhile, or be tidying folders away: the caller tries again.
    await make().catch((again: unknown) => {
      if (!(again instanceof SftpStatus)) throw again;
    });
  }
}

/** Removes `folder` and those above it, up to but without `base`, as far as they are empty. Throws only when the connection breaks. */
export async function removeEmptyFolders(session: SftpSession, base: string, folder: string): Promise<void> {
  for (let at = folder; at !== base && at.startsWith(base); at = folderOf(at)) {
    try {
      await session.request((sftp, done) => sftp.rmdir(at, done));
    } catch (error) {
      // Not empty, gone, or not ours to remove: all the same here.
      if (error instanceof SftpStatus) return;
      throw error;
    }
  }
}

/** Removes a file; a missing one is no error. */
export async function removeFile(session: SftpSession, path: string): Promise<void> {
  try {
    await session.request((sftp, done) => sftp.unlink(path, done));
  } catch (error) {
    if (isMissing(error) || (await statPath(session, path)) === null) return;
    throw error;
  }
}

type NamedEntry = { readonly filename: string; readonly attrs: Stats };

/** What lies in a folder; nothing when it does not exist. `later` runs a request after the reading, when the session may be another one. */
export async function readFolder(
  session: SftpSession,
  folder: string,
  later: <T>(work: (session: SftpSession) => Promise<T>) => Promise<T>,
): Promise<readonly FolderEntry[]> {
  let entries: readonly NamedEntry[];
  try {
    entries = await session.request<NamedEntry[]>((sftp, done) =>
      sftp.readdir(asPath(folder), done as Parameters<typeof sftp.readdir>[1]),
    );
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  return entries.map(({ filename, attrs }) => ({
    name: filename,
    // Links to folders are not followed: they may lead in circles.
    isFolder: attrs.isDirectory(),
    async facts() {
      // Servers need not tell everything in lists, and tell it of links themselves.
      const known = attrs.isFile() && attrs.size !== undefined && attrs.mtime !== undefined;
      const facts = known ? attrs : await later((other) => statPath(other, `${folder}/${filename}`));
      return facts?.isFile() === true ? { bytes: facts.size, modifiedMs: facts.mtime * 1000 } : null;
    },
  }));
}

/** Bytes free in the file system of `folder`, or where it would be made; null when the server does not tell. */
export async function freeBytesAt(session: SftpSession, folder: string): Promise<number | null> {
  interface Space {
    readonly f_bavail: number;
    readonly f_frsize: number;
  }
  try {
    const space = await session.request<Space>((sftp, done) =>
      sftp.ext_openssh_statvfs(asPath(folder), done),
    );
    return space.f_bavail * space.f_frsize;
  } catch (error) {
    if (!(error instanceof SftpStatus)) throw error;
    if (isMissing(error) && folder !== '' && folder !== '.')
      return await freeBytesAt(session, folderOf(folder));
    return null;
  }
}
