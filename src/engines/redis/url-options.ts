import type { TlsFiles } from './database-url.ts';
import { decodePart, invalidUrl, wholeNumber } from './url-parts.ts';

/** What the parameters of a database URL decide. */
export interface RedisOptions {
  /** How a whole database is read: over the replication protocol, key by key, or (`auto`) by the first where the server allows it. */
  readonly snapshot: 'auto' | 'sync' | 'scan';
  /** What Valkey 9 sends: RDB 11, which Redis reads, or its own; `auto`: its own only where the other cannot hold the data. */
  readonly format: 'auto' | 'portable' | 'native';
  /** `auto`: from a replica in a cluster and behind Sentinels; otherwise from the server of the URL. */
  readonly readFrom: 'auto' | 'replica' | 'master';
  /** What an import compares afterwards: the names of all keys, or (`auto`) of very many their number alone. */
  readonly compare: 'auto' | 'names';
  /** How long connecting, TLS and authenticating may take. */
  readonly connectTimeoutMs: number;
  /** A server that owes something and sends no byte for so long counts as gone. */
  readonly silenceMs: number;
}

const names = [
  'db',
  'tls_ca',
  'tls_cert',
  'tls_key',
  'tls_verify',
  'sentinel_user',
  'sentinel_password',
  'snapshot',
  'format',
  'read_from',
  'compare',
  'connect_timeout',
  'timeout',
];

/** The parameters of a URL, decoded. Throws `url-invalid` for unknown, doubled and empty ones. */
export function parseOptions(query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodePart(equals === -1 ? pair : pair.slice(0, equals), 'query');
    if (!names.includes(name)) {
      throw invalidUrl(
        `The database URL has an unknown parameter ${JSON.stringify(name)}.`,
        `Known parameters: ${names.join(', ')}.`,
      );
    }
    const value = equals === -1 ? '' : decodePart(pair.slice(equals + 1), `parameter ${name}`);
    if (value === '') throw invalidUrl(`The parameter ${name} of the database URL has no value.`);
    if (options.has(name)) throw invalidUrl(`The parameter ${name} stands twice in the database URL.`);
    options.set(name, value);
  }
  return options;
}

export function connectionOptions(options: ReadonlyMap<string, string>): RedisOptions {
  return {
    snapshot: choice(options, 'snapshot', ['auto', 'sync', 'scan']),
    format: choice(options, 'format', ['auto', 'portable', 'native']),
    readFrom: choice(options, 'read_from', ['auto', 'replica', 'master']),
    compare: choice(options, 'compare', ['auto', 'names']),
    connectTimeoutMs: seconds(options, 'connect_timeout', 10) * 1000,
    silenceMs: seconds(options, 'timeout', 60) * 1000,
  };
}

/** Null without TLS. */
export function tlsOptions(options: ReadonlyMap<string, string>, isEncrypted: boolean): TlsFiles | null {
  const given = ['tls_ca', 'tls_cert', 'tls_key', 'tls_verify'].filter((name) => options.has(name));
  if (!isEncrypted) {
    if (given.length === 0) return null;
    throw invalidUrl(
      `The parameter ${given[0]} of the database URL is for connections with TLS only.`,
      'Begin the URL with rediss://, valkeys:// or rediss-sentinel://.',
    );
  }
  if (options.has('tls_cert') !== options.has('tls_key')) {
    throw invalidUrl(
      'The parameters tls_cert and tls_key of the database URL belong together; one is missing.',
    );
  }
  return {
    ca: options.get('tls_ca') ?? null,
    certificate: options.get('tls_cert') ?? null,
    key: options.get('tls_key') ?? null,
    verify: choice(options, 'tls_verify', ['full', 'ca', 'none']),
  };
}

/** The first choice is the default. */
function choice<T extends string>(
  options: ReadonlyMap<string, string>,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const value = options.get(name) ?? choices[0];
  const found = choices.find((each) => each === value);
  if (found !== undefined) return found;
  throw invalidUrl(
    `The ${name} ${JSON.stringify(value)} of the database URL is unknown.`,
    `Choose one of ${choices.join(', ')}.`,
  );
}

function seconds(options: ReadonlyMap<string, string>, name: string, otherwise: number): number {
  const text = options.get(name);
  return text === undefined ? otherwise : wholeNumber(text, `parameter ${name}`, 1, 3_600);
}
