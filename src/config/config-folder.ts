import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../base/atomic-file.ts';
import { makeFolders } from '../base/make-folders.ts';
import { AppError } from '../core/errors.ts';
import { findOption, type OptionDeclaration } from './options.ts';

/** The settings of a config folder: option names with their values as text. */
export interface ConfigFolder {
  /** Full name of settings.json. */
  readonly path: string;
  /** Empty when the file does not exist. Throws `option-invalid` naming the file, `option-unknown` for a name in it that is none. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** Keeps a value after checking it. Throws `option-unknown`, `option-invalid`. */
  set(name: string, text: string): Promise<void>;
  /** Forgets a value. Returns false when there was none. Throws `option-unknown`. */
  delete(name: string): Promise<boolean>;
}

/** The config folder at `folder`; it is made by the first `set`. */
export function openConfigFolder(folder: string): ConfigFolder {
  const path = join(folder, 'settings.json');

  async function read(): Promise<ReadonlyMap<string, string>> {
    const text = await textOf(path);
    return text === null ? new Map() : parseSettings(text, path);
  }

  async function write(settings: ReadonlyMap<string, string>): Promise<void> {
    const sorted = [...settings].sort(([a], [b]) => (a < b ? -1 : 1));
    try {
      await makeFolders(folder, 0o700);
      await replaceFile(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`, 0o600);
    } catch (error) {
      throw folderError(`cannot be written: ${(error as Error).message}`, path, error);
    }
  }

  return {
    path,
    read,
    async set(name, text) {
      const declaration = settable(name);
      const value = parseOption(declaration, text, declaration.name);
      await write(new Map([...(await read()), [name, declaration.type.show(value)]]));
    },
    async delete(name) {
      settable(name);
      const settings = new Map(await read());
      if (!settings.delete(name)) return false;
      await write(settings);
      return true;
    },
  };
}

/**
 * The value of an option's text.
 * @param spelling how the user wrote the option: `--port`, `PUMPHOUSE_PORT`
 * @throws AppError option-invalid; a secret's text is not repeated
 */
export function parseOption(declaration: OptionDeclaration, text: string, spelling: string): unknown {
  const value = declaration.type.parse(text);
  if (value !== undefined) return value;
  const given =
    declaration.secret || declaration.type.mayHoldSecret === true ? 'the value given' : JSON.stringify(text);
  throw new AppError('option-invalid', {
    field: declaration.name,
    message: `${spelling} takes ${declaration.type.describe}, not ${given}.`,
    hint: `${declaration.help} Default: ${declaration.defaultText}.`,
  });
}

function settable(name: string): OptionDeclaration {
  const found = findOption(name);
  if (found === undefined) {
    throw new AppError('option-unknown', {
      field: name,
      message: `There is no option ${JSON.stringify(name)}.`,
    });
  }
  const [, declaration] = found;
  if (declaration.settable) return declaration;
  const other = declaration.flag === null ? declaration.env : `${declaration.flag} or ${declaration.env}`;
  throw new AppError('option-invalid', {
    field: name,
    message: `The option ${name} cannot stand in the config folder.`,
    hint: `Give it as ${other}.`,
  });
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw folderError(`cannot be read: ${(error as Error).message}`, path, error);
  }
}

function parseSettings(text: string, path: string): ReadonlyMap<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw folderError(`is not valid JSON: ${(error as Error).message}`, path, error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw folderError('is not a JSON object of option names and values', path);
  }
  const settings = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    const found = findOption(name);
    if (found?.[1].settable !== true) {
      throw new AppError('option-unknown', {
        field: name,
        message: `${path} sets ${JSON.stringify(name)}, which is not an option of the config folder.`,
        hint: 'Remove it from the file; docs/options.md lists the options.',
      });
    }
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw folderError(`sets ${name} to something that is neither text nor number`, path);
    }
    settings.set(name, String(value));
  }
  return settings;
}

const folderError = (problem: string, path: string, cause?: unknown): AppError =>
  new AppError('option-invalid', {
    message: `${path} ${problem}.`,
    hint: 'Correct the file, or name another config folder with --config.',
    cause,
  });
