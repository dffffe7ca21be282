import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';

/** Where a shared store is, in the words of the client `pg`. */
export interface StoreAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Not enumerable, so that it does not show where the address is printed; undefined: none. */
  readonly password?: string;
  readonly database: string;
  readonly ssl: boolean | ConnectionOptions;
}

const sslModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof sslModes)[number];

const knownParameters = ['host', 'port', 'sslmode', 'sslrootcert'];

const shape = 'postgres://user:password@host:port/database?sslmode=verify-full';

/**
 * Reads `postgres://user:password@host:port/database`; `?host=/folder` for a Unix socket, `sslmode` (disable, require, verify-ca, verify-full; disable by
 * default) and `sslrootcert` (a file, PEM). Throws `store-refused`, which names the part that is wrong and never quotes the URL.
 */
export function readStoreUrl(url: Secret): StoreAddress {
  const parsed = URL.parse(url.reveal());
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw refused(
      `PUMPHOUSE_STORE is no URL of PostgreSQL.`,
      `Write ${shape}, with special characters percent-encoded.`,
    );
  }
  const parameters = parsed.searchParams;
  for (const name of parameters.keys()) {
    if (knownParameters.includes(name)) continue;
    throw refused(
      `The URL of the store has a parameter ${JSON.stringify(name)} that is not known.`,
      `Known parameters: ${knownParameters.join(', ')}.`,
    );
  }
  const user = decoded(parsed.username, 'user');
  const database = decoded(parsed.pathname.slice(1), 'database');
  if (user === '') throw refused('The URL of the store names no user.', `Write ${shape}.`);
  if (database === '') throw refused('The URL of the store names no database.', `Write ${shape}.`);
  const host = parameters.get('host') ?? parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(parameters.get('port') ?? (parsed.port || '5432'));
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw refused('The port of the store is no port.');
  const address = { host: host === '' ? 'localhost' : host, port, user, database, ssl: readSsl(parameters) };
  const password = decoded(parsed.password, 'password');
  return password === '' ? address : Object.defineProperty(address, 'password', { value: password });
}

/** The address without its password, as people read it. */
export const describeStore = ({ user, host, port, database }: StoreAddress): string =>
  host.startsWith('/')
    ? `postgres://${encodeURIComponent(user)}@/${encodeURIComponent(database)}?host=${host}&port=${port}`
    : `postgres://${encodeURIComponent(user)}@${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`;

function readSsl(parameters: URLSearchParams): boolean | ConnectionOptions {
  const mode = (parameters.get('sslmode') ?? 'disable') as SslMode;
  if (!sslModes.includes(mode)) {
    throw refused('The sslmode of the store is not known.', `Choose one of ${sslModes.join(', ')}.`);
  }
  if (mode === 'disable') return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  const file = parameters.get('sslrootcert');
  const ca = file === null ? {} : { ca: readCertificate(file) };
  // The name in the certificate is what verify-full looks at besides.
  return mode === 'verify-full' ? ca : { ...ca, checkServerIdentity: () => undefined };
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw refused(
      `The sslrootcert of the store, ${file}, cannot be read.`,
      'Name a file with the certificate of the authority, in PEM.',
      cause,
    );
  }
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(
      `The ${part} in the URL of the store has a % that begins no percent-encoded character.`,
      'Write %25 for a percent sign.',
    );
  }
}

const refused = (message: string, hint?: string, cause?: unknown): AppError =>
  new AppError('store-refused', {
    message,
    operation: 'read PUMPHOUSE_STORE',
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
