import { intoBlocks } from '../../base/blocks.ts';
import { createKeyedSerial } from '../../base/serial.ts';
import { AppError } from '../../core/errors.ts';
import { folderOf } from '../blocks/folder-location.ts';
import { partName, writerEnded } from '../blocks/part-name.ts';
import type { PutProgress, PutTarget } from '../blocks/served-folder.ts';
import type { ByteSource, PutOptions } from '../storage.ts';
import { isDenied } from './classify.ts';
import type { FtpConnection } from './connect.ts';
import { makeFolder, sizeOf } from './files.ts';
import { FtpRefusal } from './reply.ts';
import { upload } from './transfer.ts';

const writeBytes = 256 * 1024;

/** Writers of one name in this process, by subject: FTP has no step that fails when the name is taken, so they look one after the other. */
const publishing = createKeyedSerial();

/**
 * Writes `source` to a part file beside the path and gives it its name. Of two processes that write one name with `fail` at the same instant
 * the later one wins, whole. Throws `FtpRefusal`, `file-exists`, what a
 * connection throws that breaks, and what the source throws.
 */
export async function putFile(
  connection: FtpConnection,
  target: PutTarget,
  source: ByteSource,
  options: PutOptions,
  signal: AbortSignal,
  progress: PutProgress,
): Promise<{ readonly bytes: number }> {
  const { path, subject } = target;
  const isNew = options.ifExists === 'fail';
  if (isNew && (await sizeOf(connection, path)) !== null) throw fileExists(subject);
  const folder = folderOf(path);
  const part = `${folder}/${partName(path.slice(folder.length + 1))}`;
  progress.part = part;
  try {
    const bytes = await send(connection, folder, part, source, signal);
    const held = await sizeOf(connection, part);
    if (held !== bytes) {
      throw new AppError('storage-failed', {
        message: `${subject} was sent ${bytes} bytes, and the server holds ${held ?? 'none'} of them.`,
        operation: 'put',
      });
    }
    signal.throwIfAborted();
    await publishing(subject, async () => {
      if (isNew && (await sizeOf(connection, path)) !== null) throw fileExists(subject);
      await publish(connection, part, path, isNew, subject);
    });
    progress.part = null;
    return { bytes };
  } finally {
    writerEnded(part);
  }
}

/** Sends the file, with its folder. Nothing of the source is read before the server has agreed. */
async function send(
  connection: FtpConnection,
  folder: string,
  part: string,
  source: ByteSource,
  signal: AbortSignal,
): Promise<number> {
  const store = (): Promise<number> =>
    upload(connection, `STOR ${part}`, () => intoBlocks(source.open(signal), writeBytes), signal);
  let refusal: FtpRefusal | null = null;
  // Another call may just be tidying an empty folder away: then once more.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store();
    } catch (error) {
      if (!(error instanceof FtpRefusal) || ![550, 553].includes(error.code)) throw error;
      if (refusal !== null && isDenied(refusal.words)) throw refusal;
      if (isDenied(error.words) || attempt === 5) throw error;
      refusal = await makeFolder(connection, folder);
    }
  }
}

async function publish(
  connection: FtpConnection,
  part: string,
  path: string,
  isNew: boolean,
  subject: string,
): Promise<void> {
  const rename = async (from: string, to: string): Promise<void> => {
    await connection.control.request(`RNFR ${from}`, { isCommit: true });
    await connection.control.request(`RNTO ${to}`, { isCommit: true });
  };
  try {
    await rename(part, path);
    return;
  } catch (error) {
    if (!(error instanceof FtpRefusal)) throw error;
    if ((await sizeOf(connection, path)) === null) throw error;
    if (isNew) throw fileExists(subject);
  }
  // This server does not rename over a file: for a moment there is none of the name, but never half a one.
  const folder = folderOf(path);
  const aside = `${folder}/${partName(path.slice(folder.length + 1))}`;
  await rename(path, aside);
  try {
    await rename(part, path);
  } catch (error) {
    await rename(aside, path);
    throw error;
  }
  await connection.control.request(`DELE ${aside}`, { isCommit: true });
  writerEnded(aside);
}

const fileExists = (subject: string): AppError =>
  new AppError('file-exists', { message: `${subject} exists already.`, operation: 'put' });
