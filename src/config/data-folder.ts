import { randomBytes } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolders } from '../base/make-folders.ts';
import { AppError } from '../core/errors.ts';

/** The places in a data folder, as full paths. */
export interface DataFolder {
  readonly path: string;
  /** Database file of the embedded job store. */
  readonly storeFile: string;
  readonly walletFile: string;
  /** Key and certificate that were made here for ports over TLS. */
  readonly tlsFile: string;
  /** Where the directory DATA_PUMP_DIR points at first. */
  readonly dumpFolder: string;
  /** Tells the command line where the running service is; see service-file.ts. */
  readonly serviceFile: string;
}

/** The places in the data folder at `path`. Does no I/O. */
export function locateDataFolder(path: string): DataFolder {
  const full = resolve(path);
  return {
    path: full,
    storeFile: join(full, 'store.sqlite'),
    walletFile: join(full, 'wallet.key'),
    tlsFile: join(full, 'tls.pem'),
    dumpFolder: join(full, 'dumps'),
    serviceFile: join(full, 'service.json'),
  };
}

/**
 * Makes the folders that are missing and tries a write.
 * @throws AppError data-folder-unwritable
 */
export async function prepareDataFolder(folder: DataFolder): Promise<void> {
  try {
    await makeFolders(folder.path, 0o700);
    await makeFolders(folder.dumpFolder, 0o700);
    // Asking for permissions says yes to root on a read-only file system; a write knows.
    const probe = join(folder.path, `.probe.${randomBytes(6).toString('hex')}`);
    await (await open(probe, 'wx', 0o600)).close();
    await unlink(probe);
  } catch (error) {
    throw new AppError('data-folder-unwritable', {
      field: 'data',
      message: `The data folder ${folder.path} cannot be ${reasonOf(error as NodeJS.ErrnoException)}.`,
      cause: error,
    });
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return 'written: permission denied';
    case 'EROFS':
      return 'written: the file system is read-only';
    case 'ENOSPC':
      return 'written: no space is left';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'made: a file is in the way';
    case 'ENOENT':
      return 'made: the file system takes no folders there';
    default:
      return `written: ${error.code ?? error.message}`;
  }
}
