import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { checkNewName } from '../core/name.ts';
import { type ConfigSecrets, openConfigSecrets } from './config-secrets.ts';
import { openSettingsFile, type SettingsFile } from './settings-file.ts';

/**
 * The config folder, which several instances may share:
 *
 *     settings.json                     what holds for the service
 *     secrets.json                      secrets of it, sealed by the wallet
 *     databases/<name>/settings.json    what holds for jobs of one database
 */
export interface ConfigFolder extends SettingsFile {
  readonly secrets: ConfigSecrets;
  /** The settings of one database, registered or not. Throws `name-invalid` for what no database can be called. */
  database(name: string): SettingsFile;
  /** The settings of every database that has some, by name. Throws as {@link SettingsFile.read}. */
  readDatabases(): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
}

/** The config folder at `folder`; it is made by the first `set`. */
export function openConfigFolder(folder: string): ConfigFolder {
  const databases = join(folder, 'databases');
  // The name is checked before it becomes a part of a path: it has no dot and no slash.
  const database = (name: string): SettingsFile =>
    openSettingsFile(join(databases, checkNewName(name, 'database'), 'settings.json'), 'database');
  return {
    ...openSettingsFile(join(folder, 'settings.json'), 'service'),
    secrets: openConfigSecrets(join(folder, 'secrets.json')),
    database,
    async readDatabases() {
      const found = new Map<string, ReadonlyMap<string, string>>();
      for (const name of await namesIn(databases)) {
        const settings = await database(name).read();
        if (settings.size > 0) found.set(name, settings);
      }
      return found;
    },
  };
}

/** The folders there that are called as databases can be; others are somebody else's. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isFile() && isName(entry.name)).map(({ name }) => name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new AppError('option-invalid', {
      message: `${folder} cannot be read: ${message}.`,
      hint: 'Make it readable, or name another config folder with --config.',
      cause: error,
    });
  }
}

function isName(name: string): boolean {
  try {
    return checkNewName(name, 'database') === name;
  } catch {
    return false;
  }
}
