import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { makeFolders } from '../../base/make-folders.ts';
import { AppError } from '../../core/errors.ts';
import { checkNewName } from '../../core/name.ts';
import { type ConfigSecrets, openConfigSecrets } from '../config-secrets.ts';
import { formatProperties, parseProperties } from './properties-xml.ts';

/** A settings file of the vendor's with the secrets beside it. Writes replace the whole file at once; the last of several writers wins. */
export interface OrdsSettings {
  readonly path: string;
  /** Empty when there is no file. Throws `option-invalid` naming it. */
  read(): Promise<ReadonlyMap<string, string>>;
  set(values: Readonly<Record<string, string>>): Promise<void>;
  /** Returns false when there was no such key. */
  delete(key: string): Promise<boolean>;
  readonly secrets: ConfigSecrets;
  /** Whether there is a wallet of the vendor's own, which only its program can open. */
  hasForeignWallet(): Promise<boolean>;
}

/**
 * A folder as the vendor's program lays it out:
 *
 *     global/settings.xml              what holds for the service
 *     global/wallet/secrets.json       secrets of it, sealed by our wallet
 *     global/credentials               users, see ords-users.ts
 *     databases/<pool>/pool.xml        what holds for a pool
 *     databases/<pool>/wallet/secrets.json
 */
export interface OrdsFolder {
  readonly path: string;
  readonly global: OrdsSettings;
  /** `global/credentials` */
  readonly credentialsFile: string;
  /** `global/doc_root` */
  readonly documentRoot: string;
  /** `databases` */
  readonly poolsPath: string;
  /** Throws `name-invalid` for what no database can be called: names become parts of paths. */
  pool(name: string): OrdsSettings;
  /** The pools that have a folder, by name. */
  poolNames(): Promise<readonly string[]>;
}

export function openOrdsFolder(path: string): OrdsFolder {
  const global = join(path, 'global');
  const poolsPath = join(path, 'databases');
  return {
    path,
    global: openSettings(join(global, 'settings.xml')),
    credentialsFile: join(global, 'credentials'),
    documentRoot: join(global, 'doc_root'),
    poolsPath,
    pool: (name) => openSettings(join(poolsPath, checkNewName(name, 'db-pool'), 'pool.xml')),
    async poolNames() {
      const entries = await readdir(poolsPath, { withFileTypes: true }).catch(absent);
      return (entries ?? [])
        .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
        .map(({ name }) => name)
        .sort();
    },
  };
}

/** Whether a pool can be called so here: its name is that of a database of ours, too. */
export function isPoolName(name: string): boolean {
  try {
    return checkNewName(name, 'db-pool') === name;
  } catch {
    return false;
  }
}

function openSettings(path: string): OrdsSettings {
  const wallet = join(dirname(path), 'wallet');
  async function read(): Promise<ReadonlyMap<string, string>> {
    const text = await readFile(path, 'utf8').catch(absent);
    return text === null ? new Map() : parseProperties(text, path);
  }
  async function write(entries: ReadonlyMap<string, string>): Promise<void> {
    await writeOrdsFile(path, formatProperties(entries, new Date()));
  }
  return {
    path,
    read,
    set: async (values) => write(new Map([...(await read()), ...Object.entries(values)])),
    async delete(key) {
      const entries = new Map(await read());
      if (!entries.delete(key)) return false;
      await write(entries);
      return true;
    },
    secrets: openConfigSecrets(join(wallet, 'secrets.json')),
    hasForeignWallet: async () =>
      ((await readdir(wallet).catch(absent)) ?? []).some((name) => /^[ce]wallet\./.test(name)),
  };
}

/** Replaces a file of the folder as a whole, for its owner alone. Throws `option-invalid` naming it. */
export async function writeOrdsFile(path: string, text: string): Promise<void> {
  try {
    await makeFolders(dirname(path), 0o700);
    await replaceFile(path, text, 0o600);
  } catch (error) {
    throw new AppError('option-invalid', {
      message: `${path} cannot be written: ${(error as Error).message}.`,
      hint: 'Make the folder writable, or name another one with --config.',
      cause: error,
    });
  }
}

/** The answer of a read whose file or folder is not there. */
export function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw new AppError('option-invalid', {
    message: `The config folder cannot be read: ${error.message}.`,
    hint: 'Make it readable, or name another one with --config.',
    cause: error,
  });
}
