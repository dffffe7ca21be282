import type { LoadedOptions } from '../config/load-options.ts';
import { type OptionKey, optionList } from '../config/options.ts';
import { type ApiClient, connect } from './client.ts';
import type { ExitCodeName } from './exit-codes.ts';
import type { CliHost } from './host.ts';

/** What a command works with. */
export interface Session {
  readonly host: CliHost;
  readonly options: LoadedOptions;
  /** Print JSON instead of text. */
  readonly json: boolean;
  /** The native API; opened on first use, closed when the command ends. */
  client(): Promise<ApiClient>;
  /** A line on standard output. */
  print(text: string): void;
  /** The value as JSON when `--json` was given, else the text. */
  show(value: unknown, text: () => string): void;
}

/** How a command ended; undefined is `ok`. */
export type CommandEnd = ExitCodeName | undefined;

/**
 * Runs `work` with a session made of the command's flags.
 * @param mends it works although a secret of the config folder cannot be opened
 */
export async function withSession(
  host: CliHost,
  flags: Readonly<Record<string, unknown>>,
  mends: boolean,
  work: (session: Session) => Promise<CommandEnd>,
): Promise<ExitCodeName> {
  const options = await host.loadOptions({ flags: optionFlags(flags) });
  const [problem] = options.problems;
  if (problem !== undefined && !mends) throw problem;
  const json = flags.json === true;
  let client: Promise<ApiClient> | null = null;
  const print = (text: string) => void host.stdout.write(`${text}\n`);
  const session: Session = {
    host,
    options,
    json,
    client: () => {
      client ??= connect(host, options.values);
      return client;
    },
    print,
    show: (value, text) => print(json ? JSON.stringify(value, null, 2) : text()),
  };
  try {
    return (await work(session)) ?? 'ok';
  } finally {
    // A client that could not be opened has thrown already; there is nothing of it to close.
    const opened = await (client as Promise<ApiClient> | null)?.catch(() => null);
    await opened?.[Symbol.asyncDispose]();
  }
}

/** The configuration options among a command's flags, by option key. Commander gives `--log-level` as `logLevel`. */
function optionFlags(flags: Readonly<Record<string, unknown>>): Partial<Record<OptionKey, string>> {
  const found = optionList.flatMap(([key, { flag }]) => {
    const name = flag?.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = name === undefined ? undefined : flags[name];
    return typeof value === 'string' ? [[key, value] as const] : [];
  });
  return Object.fromEntries(found);
}
