import { AppError } from '../../core/errors.ts';

/** A command line of the vendor's form: options stand before, between and behind the words. */
export interface OrdsArguments {
  /** The words of the command with what they are given: `config`, `set`, `jdbc.MaxLimit`, `40`. */
  readonly words: readonly string[];
  /** Values by option without its dashes; the empty text of one that takes none. In the order of the line. */
  readonly options: ReadonlyMap<string, string>;
}

const withValue = [
  'config',
  'db-pool',
  'port',
  'apex-images',
  'admin-user',
  'db-user',
  'gateway-user',
  'db-hostname',
  'db-port',
  'db-servicename',
  'db-sid',
  'wallet',
  'wallet-service-name',
  'feature-db-api',
  'feature-rest-enabled-sql',
  'feature-sdw',
  'log-folder',
];
const withoutValue = [
  'quiet',
  'version',
  'help',
  'include-defaults',
  'global',
  'password-stdin',
  'interactive',
  'secure',
  'db-only',
  'proxy-user',
];
const short: Readonly<Record<string, string>> = { '-i': '--interactive', '-h': '--help' };

/** Throws `usage` for an option that is none, or that lacks its value. */
export function parseOrdsArguments(argv: readonly string[]): OrdsArguments {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let at = 0; at < argv.length; at += 1) {
    const given = argv[at] as string;
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(short[given] ?? given) ?? [];
    if (name === '') {
      words.push(given);
    } else if (withoutValue.includes(name) && inline === undefined) {
      options.set(name, '');
    } else if (withValue.includes(name)) {
      if (inline === undefined) at += 1;
      const value = inline ?? argv[at];
      if (value === undefined) throw misused(`The option --${name} needs a value.`);
      options.set(name, value);
    } else {
      throw misused(`Unknown option ${given.split('=', 1)[0]}.`);
    }
  }
  return { words, options };
}

export const misused = (message: string): AppError =>
  new AppError('usage', { message, hint: 'See ords --help.' });
