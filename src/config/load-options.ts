import { join, resolve } from 'node:path';
import type { Secret } from '../base/secret.ts';
import { AppError, toAppError } from '../core/errors.ts';
import { checkNewName } from '../core/name.ts';
import type { Sealer } from '../core/sealer.ts';
import { type ConfigFolder, openConfigFolder } from './config-folder.ts';
import { locateDataFolder } from './data-folder.ts';
import { type OptionDeclaration, type OptionKey, type Options, optionList } from './options.ts';
import { fileVariableOf, secretFromFile } from './secret-file.ts';
import { parseOption } from './settings-file.ts';
import { openWallet } from './wallet.ts';

/** Where a value was taken from, strongest first. */
export type OptionSource =
  | 'flag'
  | 'environment'
  | 'config folder of the database'
  | 'config folder'
  | 'default';

/** What may be said about an option: secrets show as `[secret]`. */
export interface OptionReport {
  readonly name: string;
  readonly value: string;
  readonly source: OptionSource;
  readonly help: string;
}

export interface LoadedOptions {
  readonly values: Options;
  /** One for each option, in the order of the documentation. */
  readonly reports: readonly OptionReport[];
  /** The same for the options that can be set for a database alone, as they hold for that one. Throws `name-invalid`. */
  reportsOf(database: string): readonly OptionReport[];
  /** Secrets of the config folder that cannot be opened, and have their defaults: whoever needs them must not go on. */
  readonly problems: readonly AppError[];
}

/** Settings in other words than those of settings.json, over it: values as text by option name. */
export interface GivenSettings {
  /** Where they stand, for errors. */
  readonly path: string;
  readonly service: ReadonlyMap<string, string>;
  readonly databases: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export interface OptionInputs {
  /** Flags of the command line by option key; undefined where not given. */
  readonly flags?: Partial<Record<OptionKey, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What relative folders are relative to; default the working directory. */
  readonly cwd?: string;
  readonly settings?: GivenSettings;
  /** Other defaults than the declared ones. */
  readonly defaults?: Partial<Record<OptionKey, string>>;
}

interface Found {
  readonly value: unknown;
  readonly source: OptionSource;
}

type FoundOptions = ReadonlyMap<OptionKey, Found>;

/**
 * The value of every option: flag before environment before config folder (there what is set for a database before what is set for all) before
 * default. `data` and `config` come back as full paths. An empty environment variable counts as not set.
 * @throws AppError option-invalid, option-unknown, naming the option as the user wrote it
 */
export async function loadOptions(inputs: OptionInputs = {}): Promise<LoadedOptions> {
  const found = new Map<OptionKey, Found>();
  for (const [key, declaration] of optionList)
    found.set(key, given(key, declaration, inputs) ?? initial(key, declaration, inputs));

  // The folders come first: one of them says where the settings of the others are.
  const cwd = inputs.cwd ?? process.cwd();
  const data = resolve(cwd, found.get('data')?.value as string);
  const config = found.get('config')?.value as string | null;
  const path = config === null ? join(data, 'config') : resolve(cwd, config);
  found.set('data', { value: data, source: found.get('data')?.source ?? 'default' });
  found.set('config', { value: path, source: found.get('config')?.source ?? 'default' });

  const folder = openConfigFolder(path);
  const kept = await readSettings(folder, inputs.settings, config === null);
  for (const [where, settings] of kept.service) applySettings(found, settings, where, 'config folder');
  const problems =
    kept.service.length === 0 ? [] : await applySecrets(found, folder, locateDataFolder(data).walletFile);

  const databases = new Map(
    [...kept.databases].map(([name, layers]) => {
      const own = new Map(found);
      for (const [where, settings] of layers)
        applySettings(own, settings, where, 'config folder of the database');
      return [name, own] as const;
    }),
  );
  const common = valuesOf(found);
  const own = new Map([...databases].map(([name, values]) => [name, valuesOf(values)]));
  return {
    values: { ...common, of: (database) => own.get(database) ?? common } as Options,
    reports: optionList.map(([key, declaration]) => report(declaration, found.get(key) as Found)),
    reportsOf(database) {
      const ofDatabase = databases.get(checkNewName(database, 'database')) ?? found;
      return optionList
        .filter(([, { perDatabase }]) => perDatabase)
        .map(([key, declaration]) => report(declaration, ofDatabase.get(key) as Found));
    },
    problems,
  };
}

const valuesOf = (found: FoundOptions): object =>
  Object.fromEntries([...found].map(([key, { value }]) => [key, value]));

/** Settings with the name of their file, the weakest first. */
type Layers = readonly (readonly [path: string, settings: ReadonlyMap<string, string>])[];

/** Where the data folder turns out to be a file there are no settings in it; whoever opens it says what is wrong. */
async function readSettings(
  folder: ConfigFolder,
  over: GivenSettings | undefined,
  isInDataFolder: boolean,
): Promise<{ readonly service: Layers; readonly databases: ReadonlyMap<string, Layers> }> {
  try {
    const databases = new Map<string, Layers>();
    for (const [name, settings] of await folder.readDatabases())
      databases.set(name, [[folder.database(name).path, settings]]);
    for (const [name, settings] of over?.databases ?? [])
      databases.set(name, [...(databases.get(name) ?? []), [over?.path ?? '', settings]]);
    const service: Layers = [[folder.path, await folder.read()]];
    return { service: over === undefined ? service : [...service, [over.path, over.service]], databases };
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (isInDataFolder && code === 'ENOTDIR') return { service: [], databases: new Map() };
    throw error;
  }
}

/** What a flag or the environment says stays. */
function applySettings(
  found: Map<OptionKey, Found>,
  settings: ReadonlyMap<string, string>,
  path: string,
  source: OptionSource,
): void {
  for (const [key, declaration] of optionList) {
    const text = settings.get(declaration.name);
    if (text === undefined) continue;
    // Checked even where a flag wins, so that a mistake in the file does not wait for the flag to go.
    const value = parseOption(declaration, text, `${declaration.name} in ${path}`);
    const before = found.get(key)?.source;
    if (before !== 'flag' && before !== 'environment') found.set(key, { value, source });
  }
}

/** Opens the secrets that nothing stronger gives; gives what is in the way. */
async function applySecrets(
  found: Map<OptionKey, Found>,
  folder: ConfigFolder,
  walletFile: string,
): Promise<readonly AppError[]> {
  const sealed = await folder.secrets.read();
  const problems: AppError[] = [];
  let wallet: Sealer | null = null;
  for (const [key, declaration] of optionList) {
    const text = sealed.get(declaration.name);
    if (text === undefined || !declaration.secret || found.get(key)?.source !== 'default') continue;
    try {
      wallet ??= await openWallet(
        walletFile,
        {
          key: found.get('walletKey')?.value as Secret | null,
          previous: found.get('walletKeyPrevious')?.value as Secret | null,
        },
        true,
      );
      const value = parseOption(
        declaration,
        wallet.unseal(text),
        `${declaration.name} in ${folder.secrets.path}`,
      );
      found.set(key, { value, source: 'config folder' });
    } catch (error) {
      problems.push(
        new AppError('option-invalid', {
          field: declaration.name,
          message: `The secret ${declaration.name} in ${folder.secrets.path} cannot be opened: ${toAppError(error).message}`,
          hint: `Put back the wallet key that it was sealed with, or give it again: pumphouse config secret ${declaration.name} --password-stdin.`,
          cause: error,
        }),
      );
    }
  }
  return problems;
}

const initial = (key: OptionKey, declaration: OptionDeclaration, { defaults }: OptionInputs): Found => {
  const text = defaults?.[key];
  return {
    value: text === undefined ? declaration.initial() : parseOption(declaration, text, declaration.name),
    source: 'default',
  };
};

function given(key: OptionKey, declaration: OptionDeclaration, inputs: OptionInputs): Found | null {
  const flag = inputs.flags?.[key];
  if (flag !== undefined) {
    return { value: parseOption(declaration, flag, declaration.flag ?? declaration.name), source: 'flag' };
  }
  const kept = secretFromFile(declaration, inputs.env ?? {});
  if (kept !== undefined) {
    return { value: parseOption(declaration, kept, fileVariableOf(declaration)), source: 'environment' };
  }
  const variable = inputs.env?.[declaration.env];
  if (variable === undefined || variable === '') return null;
  return { value: parseOption(declaration, variable, declaration.env), source: 'environment' };
}

function report(declaration: OptionDeclaration, { value, source }: Found): OptionReport {
  return { name: declaration.name, value: declaration.type.show(value), source, help: declaration.help };
}
