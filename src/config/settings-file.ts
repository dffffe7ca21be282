import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from '../base/atomic-file.ts';
import { makeFolders } from '../base/make-folders.ts';
import { AppError } from '../core/errors.ts';
import { findOption, type OptionDeclaration } from './options.ts';

/**
 * A file of option names with their values as text. Several instances may share it, without a lock: each write replaces the whole file at once, the last
 * one wins, and a reader sees the old file or the new one.
 */
export interface SettingsFile {
  /** Full name of the file. */
  readonly path: string;
  /** Empty when the file does not exist. Throws `option-invalid` naming the file, `option-unknown` for a name in it that is none. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** Keeps a value after checking it; the folder is made where it is missing. Throws `option-unknown`, `option-invalid`. */
  set(name: string, text: string): Promise<void>;
  /** Forgets a value. Returns false when there was none. Throws `option-unknown`. */
  delete(name: string): Promise<boolean>;
}

/** What a settings file is about: the service as a whole, or one database. */
export type SettingsScope = 'service' | 'database';

export function openSettingsFile(path: string, scope: SettingsScope): SettingsFile {
  const read = async (): Promise<ReadonlyMap<string, string>> => {
    const settings = await readTextMap(path);
    for (const name of settings.keys()) refuseMisplaced(name, path, scope);
    return settings;
  };
  return {
    path,
    read,
    async set(name, text) {
      const declaration = settable(name, scope);
      const value = parseOption(declaration, text, declaration.name);
      await writeTextMap(path, new Map([...(await read()), [name, declaration.type.show(value)]]));
    },
    async delete(name) {
      settable(name, scope);
      const settings = new Map(await read());
      if (!settings.delete(name)) return false;
      await writeTextMap(path, settings);
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

/** The declaration of an option. Throws `option-unknown`. */
export function declarationOf(name: string): OptionDeclaration {
  const found = findOption(name);
  if (found !== undefined) return found[1];
  throw new AppError('option-unknown', {
    field: name,
    message: `There is no option ${JSON.stringify(name)}.`,
  });
}

/** The declaration of an option that may stand in the config folder, secret or not. Throws `option-unknown`, `option-invalid`. */
export function keptOption(name: string): OptionDeclaration {
  const declaration = declarationOf(name);
  if (declaration.settable) return declaration;
  const other = declaration.flag === null ? declaration.env : `${declaration.flag} or ${declaration.env}`;
  throw new AppError('option-invalid', {
    field: name,
    message: `The option ${name} cannot stand in the config folder.`,
    hint: `Give it as ${other}.`,
  });
}

function settable(name: string, scope: SettingsScope): OptionDeclaration {
  const declaration = keptOption(name);
  if (declaration.secret) {
    throw new AppError('option-invalid', {
      field: name,
      message: `The option ${name} is a secret, which no command line should show.`,
      hint: `Give it by standard input: pumphouse config secret ${name} --password-stdin.`,
    });
  }
  if (scope === 'service' || declaration.perDatabase) return declaration;
  throw new AppError('option-invalid', {
    field: name,
    message: `The option ${name} is one of the service as a whole, and cannot be set for a database.`,
    hint: `Leave --database out: pumphouse config set ${name} VALUE.`,
  });
}

function refuseMisplaced(name: string, path: string, scope: SettingsScope): void {
  const declaration = findOption(name)?.[1];
  const isKept = declaration?.settable === true && !declaration.secret;
  if (isKept && (scope === 'service' || declaration.perDatabase)) return;
  throw new AppError('option-unknown', {
    field: name,
    message: `${path} sets ${JSON.stringify(name)}, which is not an option of ${scope === 'service' ? 'the config folder' : 'a database'}.`,
    hint: 'Remove it from the file; docs/options.md lists the options.',
  });
}

/** The members of a JSON object of texts; empty when the file does not exist. Throws `option-invalid` naming the file. */
export async function readTextMap(path: string): Promise<ReadonlyMap<string, string>> {
  const text = await textOf(path);
  if (text === null) return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw fileError(`is not valid JSON: ${(error as Error).message}`, path, error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw fileError('is not a JSON object of option names and values', path);
  }
  return new Map(
    Object.entries(parsed).map(([name, value]) => {
      if (typeof value === 'string' || typeof value === 'number') return [name, String(value)];
      // A name that is none is told as such; what it is set to does not matter.
      if (findOption(name) === undefined) return [name, ''];
      throw fileError(`sets ${name} to something that is neither text nor number`, path);
    }),
  );
}

/** Replaces the file as a whole, for its owner alone. Throws `option-invalid` naming the file. */
export async function writeTextMap(path: string, texts: ReadonlyMap<string, string>): Promise<void> {
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  try {
    await makeFolders(dirname(path), 0o700);
    await replaceFile(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`, 0o600);
  } catch (error) {
    throw fileError(`cannot be written: ${(error as Error).message}`, path, error);
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw fileError(`cannot be read: ${(error as Error).message}`, path, error);
  }
}

const fileError = (problem: string, path: string, cause?: unknown): AppError =>
  new AppError('option-invalid', {
    message: `${path} ${problem}.`,
    hint: 'Correct the file, or name another config folder with --config.',
    cause,
  });
