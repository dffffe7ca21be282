import { AppError } from '../../core/errors.ts';
import type { EngineTarget } from '../engine.ts';

export const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
/** As in libpq, without `allow`. */
export type SslMode = (typeof sslModes)[number];

/** A PostgreSQL database, parsed from its URL. */
export interface PostgresTarget {
  /** Name or address; of a Unix socket the folder, beginning with `/`. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Secret; null: none is sent. Never taken from the environment or a password file. */
  readonly password: string | null;
  readonly sslMode: SslMode;
  /** File of the certificates to trust, or `system`; null: those of Node. */
  readonly sslRootCertificate: string | null;
  /** Null: the engine's default. */
  readonly connectTimeoutSeconds: number | null;
  readonly applicationName: string;
  /** Of a database that we made: the one that it was made beside, to connect to while this one is dropped. Never of a URL. */
  readonly beside?: string;
}

/** What sessions are called where the URL says nothing. */
export const defaultName = 'pumphouse';
const parameters = ['sslmode', 'sslrootcert', 'connect_timeout', 'application_name', 'host', 'port'];

const invalid = (message: string, hint?: string): AppError =>
  new AppError('url-invalid', {
    message,
    field: 'url',
    operation: 'parse database URL',
    hint: hint ?? 'Use postgres://user:password@host:port/database?sslmode=require.',
  });

/**
 * `postgres://user:password@host:port/database?sslmode=...`; for a Unix socket `postgres://user@/database?host=/folder`.
 * Every part may be percent-encoded. Throws `url-invalid` naming the part that is wrong, and never quoting the password.
 */
export function parsePostgresUrl(url: string): PostgresTarget & EngineTarget {
  const match = /^postgres(?:ql)?:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/is.exec(url.trim());
  if (match === null) throw invalid('The database URL does not begin with postgres://.');
  const [, authority = '', path = '', query = '', fragment] = match;
  if (fragment !== undefined) {
    throw invalid(
      'The database URL has a # in it.',
      'Write %23 for a # in a password or name, %2F for /, %3F for ?, %40 for @.',
    );
  }
  const options = parseQuery(query);
  const at = authority.lastIndexOf('@');
  const credentials = at === -1 ? '' : authority.slice(0, at);
  const colon = credentials.indexOf(':');
  const user = decode(colon === -1 ? credentials : credentials.slice(0, colon), 'user');
  const password = colon === -1 ? null : decode(credentials.slice(colon + 1), 'password');
  if (user === '') throw invalid('The database URL names no user.');
  const database = decode(path, 'database');
  if (database === '') throw invalid('The database URL names no database after the host.');
  const place = parsePlace(authority.slice(at + 1));
  const host = options.get('host') ?? place.host;
  if (host === '') throw invalid('The database URL names no host.');
  if (host.includes(',')) throw invalid('The database URL names several hosts; only one can be used.');
  const portText = options.get('port') ?? place.port;
  return {
    host,
    port: portText === '' ? 5432 : wholeNumber(portText, 'port', 1, 65_535),
    database,
    user,
    password,
    sslMode: sslMode(options.get('sslmode'), host),
    sslRootCertificate: options.get('sslrootcert') ?? null,
    connectTimeoutSeconds: options.has('connect_timeout')
      ? wholeNumber(options.get('connect_timeout') as string, 'connect_timeout', 1, 3_600)
      : null,
    applicationName: options.get('application_name') ?? defaultName,
  };
}

/** The URL again, without the password. */
export function describePostgresTarget(target: PostgresTarget): string {
  const encode = (text: string): string => encodeURIComponent(text).replaceAll('%2C', ',');
  const socket = target.host.startsWith('/');
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const options: string[] = [];
  if (socket) options.push(`host=${encode(target.host).replaceAll('%2F', '/')}`);
  if (socket && target.port !== 5432) options.push(`port=${target.port}`);
  if (!socket && target.sslMode !== 'prefer') options.push(`sslmode=${target.sslMode}`);
  const place = socket ? '' : `${host}:${target.port}`;
  const query = options.length === 0 ? '' : `?${options.join('&')}`;
  return `postgres://${encode(target.user)}@${place}/${encode(target.database)}${query}`;
}

function parseQuery(query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals), 'query');
    if (!parameters.includes(name)) {
      throw invalid(
        `The database URL has an unknown parameter ${JSON.stringify(name)}.`,
        `Known parameters: ${parameters.join(', ')}.`,
      );
    }
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1), name);
    if (value === '') throw invalid(`The parameter ${name} of the database URL has no value.`);
    if (options.has(name)) throw invalid(`The parameter ${name} stands twice in the database URL.`);
    options.set(name, value);
  }
  return options;
}

function parsePlace(text: string): { readonly host: string; readonly port: string } {
  const match = /^(?:\[([0-9a-f:.]+(?:%25[^\]]+)?)\]|([^:[\]]*))(?::(.*))?$/i.exec(text);
  if (match === null) {
    throw invalid(
      'The host of the database URL cannot be understood.',
      'Write an IPv6 address in brackets: postgres://user@[::1]:5432/database.',
    );
  }
  return { host: decode(match[1] ?? match[2] ?? '', 'host'), port: match[3] ?? '' };
}

function sslMode(value: string | undefined, host: string): SslMode {
  if (value === undefined) return host.startsWith('/') ? 'disable' : 'prefer';
  if (!(sslModes as readonly string[]).includes(value)) {
    throw invalid(
      `The sslmode ${JSON.stringify(value)} of the database URL is unknown.`,
      `Choose one of ${sslModes.join(', ')}.`,
    );
  }
  return value as SslMode;
}

function wholeNumber(text: string, part: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw invalid(`The ${part} of the database URL is not a whole number from ${least} to ${most}.`);
}

function decode(text: string, part: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw invalid(
      `The ${part} of the database URL has a % that does not begin a percent-encoded character.`,
      'Write %25 for a percent sign.',
    );
  }
  if (decoded.includes('\0')) throw invalid(`The ${part} of the database URL holds a zero byte.`);
  return decoded;
}
