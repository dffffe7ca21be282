import { intoBlocks } from '../../base/blocks.ts';
import { releaseChunk } from '../../base/release-chunk.ts';
import { AppError } from '../../core/errors.ts';
import { folderOf } from '../blocks/folder-location.ts';
import { partName, writerEnded } from '../blocks/part-name.ts';
import type { PutProgress, PutTarget } from '../blocks/served-folder.ts';
import type { ByteSource, PutOptions } from '../storage.ts';
import { freeBytesAt, makeFolder, statPath } from './folders.ts';
import type { SftpSession } from './session.ts';
import { isMissing, SftpStatus, status } from './status.ts';

/** With its header it fits into one SSH packet of 32 KiB; larger ones are cut in two, and not every server takes them. */
const writeBytes = 32_000;
const writesInFlight = 64;

/**
 * Writes `source` to a part file beside the path and gives it its name in one step. Throws `SftpStatus`, `file-exists`, `storage-full`, what the session and what the source throw.
 */
export async function putFile(
  session: SftpSession,
  target: PutTarget,
  source: ByteSource,
  options: PutOptions,
  signal: AbortSignal,
  progress: PutProgress,
): Promise<{ readonly bytes: number }> {
  const { path, subject } = target;
  if (options.ifExists === 'fail' && (await statPath(session, path)) !== null) throw fileExists(subject);
  const folder = folderOf(path);
  const part = `${folder}/${partName(path.slice(folder.length + 1))}`;
  progress.part = part;
  try {
    const handle = await createPart(session, folder, part);
    const close = (): Promise<void> => session.request((sftp, done) => sftp.close(handle, done));
    let bytes: number;
    try {
      bytes = await writeAll(session, handle, target, source, signal);
      await sync(session, handle);
      const { size } = await session.request<{ readonly size: number }>((sftp, done) =>
        sftp.fstat(handle, done),
      );
      if (size !== bytes) {
        throw new AppError('storage-failed', {
          message: `${subject} was sent ${bytes} bytes, and the server holds ${size} of them.`,
          operation: 'put',
        });
      }
    } catch (error) {
      await close().catch(() => undefined);
      throw error;
    }
    await close();
    signal.throwIfAborted();
    if (options.ifExists === 'fail') await publishNew(session, part, path, subject);
    else await publishOver(session, part, path, subject);
    progress.part = null;
    return { bytes };
  } finally {
    writerEnded(part);
  }
}

/** Opens the part file, with its folder. Another call may just be tidying an empty folder away: then once more. */
async function createPart(session: SftpSession, folder: string, part: string): Promise<Buffer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await session.request<Buffer>((sftp, done) => sftp.open(part, 'wx', { mode: 0o640 }, done));
    } catch (error) {
      if (!isMissing(error) || attempt === 5) throw error;
      await makeFolder(session, folder);
    }
  }
}

async function writeAll(
  session: SftpSession,
  handle: Buffer,
  target: PutTarget,
  source: ByteSource,
  signal: AbortSignal,
): Promise<number> {
  const writes: Promise<void>[] = [];
  let bytes = 0;
  for await (const block of intoBlocks(source.open(signal), writeBytes)) {
    const view = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    for (let start = 0; start < view.length; start += writeBytes) {
      signal.throwIfAborted();
      const length = Math.min(writeBytes, view.length - start);
      const at = bytes + start;
      const writing = session.request((sftp, done) => sftp.write(handle, view, start, length, at, done));
      // Those after a failed one are not waited for.
      writing.catch(() => undefined);
      writes.push(writing);
      if (writes.length >= writesInFlight) await written(session, target, writes.shift());
    }
    bytes += view.length;
    // ssh2 has copied it into its packets.
    releaseChunk(block);
  }
  for (const writing of writes) await written(session, target, writing);
  return bytes;
}

/** OpenSSH says no more than "Failure" where the disk is full. */
async function written(
  session: SftpSession,
  { base, subject }: PutTarget,
  writing?: Promise<void>,
): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!(error instanceof SftpStatus) || error.status !== status.failure) throw error;
    const free = await freeBytesAt(session, base);
    if (free === null || free >= writeBytes) throw error;
    throw new AppError('storage-full', {
      message: `${subject} cannot be written: the disk of the server has ${free} bytes left (SFTP status ${error.status}: ${error.message}).`,
      operation: 'put',
      cause: error,
    });
  }
}

/** Where the server offers it: the file survives a power cut from then on. */
async function sync(session: SftpSession, handle: Buffer): Promise<void> {
  try {
    await session.request((sftp, done) => sftp.ext_openssh_fsync(handle, done));
  } catch (error) {
    if (!(error instanceof SftpStatus) || error.status !== status.unsupported) throw error;
  }
}

/** A hard link fails when the name is taken. Without them RENAME does so by its definition, but not at every server: so look first. */
async function publishNew(session: SftpSession, part: string, path: string, subject: string): Promise<void> {
  try {
    await session.commit((sftp, done) => sftp.ext_openssh_hardlink(part, path, done));
  } catch (error) {
    if (!(error instanceof SftpStatus)) throw error;
    if ((await statPath(session, path)) !== null) throw fileExists(subject);
    try {
      await session.commit((sftp, done) => sftp.rename(part, path, done));
      return;
    } catch (refusal) {
      if (refusal instanceof SftpStatus && (await statPath(session, path)) !== null)
        throw fileExists(subject);
      throw refusal;
    }
  }
  await session.commit((sftp, done) => sftp.unlink(part, done));
}

async function publishOver(session: SftpSession, part: string, path: string, subject: string): Promise<void> {
  const rename = (from: string, to: string): Promise<void> =>
    session.commit((sftp, done) => sftp.rename(from, to, done));
  try {
    await session.commit((sftp, done) => sftp.ext_openssh_rename(part, path, done));
    return;
  } catch (error) {
    if (!(error instanceof SftpStatus)) throw error;
    const found = await statPath(session, path);
    if (found?.isDirectory() === true) throw fileExists(subject);
    if (error.status !== status.unsupported) throw error;
    if (found === null) return await rename(part, path);
  }
  // Plain RENAME does not replace: for a moment there is no file of the name, but never half a one.
  const folder = folderOf(path);
  const aside = `${folder}/${partName(path.slice(folder.length + 1))}`;
  await rename(path, aside);
  try {
    await rename(part, path);
  } catch (error) {
    await rename(aside, path);
    throw error;
  }
  await session.commit((sftp, done) => sftp.unlink(aside, done));
  writerEnded(aside);
}

const fileExists = (subject: string): AppError =>
  new AppError('file-exists', { message: `${subject} exists already.`, operation: 'put' });
