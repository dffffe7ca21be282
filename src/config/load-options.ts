import { join, resolve } from 'node:path';
import { type ConfigFolder, openConfigFolder, parseOption } from './config-folder.ts';
import { type OptionDeclaration, type OptionKey, type Options, optionList } from './options.ts';

/** Where a value was taken from, strongest first. */
export type OptionSource = 'flag' | 'environment' | 'config folder' | 'default';

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
}

export interface OptionInputs {
  /** Flags of the command line by option key; undefined where not given. */
  readonly flags?: Partial<Record<OptionKey, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What relative folders are relative to; default the working directory. */
  readonly cwd?: string;
}

interface Found {
  readonly value: unknown;
  readonly source: OptionSource;
}

/**
 * The value of every option: flag before environment before config folder before default. `data` and `config` come back as full paths.
 * An empty environment variable counts as not set.
 * @throws AppError option-invalid, option-unknown, naming the option as the user wrote it
 */
export async function loadOptions(inputs: OptionInputs = {}): Promise<LoadedOptions> {
  const found = new Map<OptionKey, Found>();
  for (const [key, declaration] of optionList)
    found.set(key, given(key, declaration, inputs) ?? initial(declaration));

  // The folders come first: one of them says where the settings of the others are.
  const cwd = inputs.cwd ?? process.cwd();
  const data = resolve(cwd, found.get('data')?.value as string);
  const config = found.get('config')?.value as string | null;
  const configFolder = config === null ? join(data, 'config') : resolve(cwd, config);
  found.set('data', { value: data, source: found.get('data')?.source ?? 'default' });
  found.set('config', { value: configFolder, source: found.get('config')?.source ?? 'default' });

  const folder = openConfigFolder(configFolder);
  const settings = await readSettings(folder, config === null);
  for (const [key, declaration] of optionList) {
    const text = settings.get(declaration.name);
    if (text === undefined) continue;
    // Checked even where a flag wins, so that a mistake in the file does not wait for the flag to go.
    const value = parseOption(declaration, text, `${declaration.name} in ${folder.path}`);
    if (found.get(key)?.source === 'default') found.set(key, { value, source: 'config folder' });
  }

  return {
    values: Object.fromEntries([...found].map(([key, { value }]) => [key, value])) as unknown as Options,
    reports: optionList.map(([key, declaration]) =>
      report(declaration, found.get(key) ?? initial(declaration)),
    ),
  };
}

/** Where the data folder turns out to be a file there are no settings in it; whoever opens it says what is wrong. */
async function readSettings(
  folder: ConfigFolder,
  isInDataFolder: boolean,
): Promise<ReadonlyMap<string, string>> {
  try {
    return await folder.read();
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (isInDataFolder && code === 'ENOTDIR') return new Map();
    throw error;
  }
}

const initial = (declaration: OptionDeclaration): Found => ({
  value: declaration.initial(),
  source: 'default',
});

function given(key: OptionKey, declaration: OptionDeclaration, inputs: OptionInputs): Found | null {
  const flag = inputs.flags?.[key];
  if (flag !== undefined) {
    return { value: parseOption(declaration, flag, declaration.flag ?? declaration.name), source: 'flag' };
  }
  const variable = inputs.env?.[declaration.env];
  if (variable === undefined || variable === '') return null;
  return { value: parseOption(declaration, variable, declaration.env), source: 'environment' };
}

function report(declaration: OptionDeclaration, { value, source }: Found): OptionReport {
  return { name: declaration.name, value: declaration.type.show(value), source, help: declaration.help };
}
