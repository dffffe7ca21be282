import type { EngineTarget } from '../engine.ts';
import { type Address, addressText, isUnixSocket } from './client/address.ts';
import { connectionOptions, parseOptions, type RedisOptions, tlsOptions } from './url-options.ts';
import { decodePart, invalidUrl, wholeNumber } from './url-parts.ts';

/** Whom to be at a server. Secret. */
export interface Credentials {
  /** Null: the user `default`. */
  readonly user: string | null;
  /** Null: nobody authenticates. */
  readonly password: string | null;
}

/** Files are PEM; null: not given. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  /** `full`: certificate and host name are checked; `ca`: the certificate alone; `none`: encrypted, and nothing checked. */
  readonly verify: 'full' | 'ca' | 'none';
}

/** A server, a cluster or what Sentinels watch over, parsed from its URL. Plain JSON; it holds secrets. */
export interface RedisTarget extends Credentials, RedisOptions {
  /** The server; of a cluster any of its nodes, tried in this order; with `sentinel` the Sentinels. Never empty. */
  readonly nodes: readonly Address[];
  readonly tls: TlsFiles | null;
  /** Null: the nodes are servers themselves. */
  readonly sentinel: ({ readonly name: string } & Credentials) | null;
  /** Nothing but this logical database is meant; null: all of them. */
  readonly database: number | null;
}

/** The target of this engine: what {@link parseRedisUrl} made. */
export const redisTarget = (target: EngineTarget): RedisTarget => target as unknown as RedisTarget;

export const redisSchemes: readonly string[] = [
  'redis',
  'rediss',
  'valkey',
  'valkeys',
  'redis-sentinel',
  'rediss-sentinel',
  'redis+unix',
];
const encrypted: readonly string[] = ['rediss', 'valkeys', 'rediss-sentinel'];

const defaultPort = 6379;
const defaultSentinelPort = 26379;
/** `databases` of a server has no limit of its own; this one keeps a port from being taken for a database. */
export const largestDatabase = 65_535;

/**
 * `redis://user:password@host:port/database?option=value`, `rediss:` with TLS, `valkey:` and `valkeys:` likewise, several nodes of a cluster
 * with commas; `redis-sentinel://host1,host2:26379/master-name`, `rediss-sentinel:`; `redis+unix:///path/to.sock?db=0`.
 * Every part may be percent-encoded. Throws `url-invalid` naming the part that is wrong, and never quoting a password.
 */
export function parseRedisUrl(url: string): RedisTarget & EngineTarget {
  const match = /^([a-z+-]+):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/i.exec(url.trim());
  const scheme = match?.[1]?.toLowerCase() ?? '';
  if (match === null || !redisSchemes.includes(scheme)) {
    throw invalidUrl(
      'The database URL does not begin with redis:// or another scheme of Redis.',
      `Known schemes: ${redisSchemes.join(', ')}.`,
    );
  }
  const [, , authority = '', path = '', query = '', fragment] = match;
  if (fragment !== undefined) {
    throw invalidUrl(
      'The database URL has a # in it.',
      'Write %23 for a # in a password or name, %2F for /, %3F for ?, %40 for @.',
    );
  }
  const options = parseOptions(query);
  const at = authority.lastIndexOf('@');
  const credentials = parseCredentials(at === -1 ? '' : authority.slice(0, at));
  const places = authority.slice(at + 1);
  const place =
    scheme === 'redis+unix'
      ? unixPlace(places, path, options)
      : scheme.endsWith('-sentinel')
        ? sentinelPlace(places, path, options)
        : serverPlace(places, path, options);
  if (place.sentinel === null && (options.has('sentinel_user') || options.has('sentinel_password'))) {
    throw invalidUrl('The parameters sentinel_user and sentinel_password are for redis-sentinel:// only.');
  }
  return {
    ...credentials,
    ...place,
    tls: tlsOptions(options, encrypted.includes(scheme)),
    ...connectionOptions(options),
  };
}

/** The URL again, without passwords, with all that tells one target from another. */
export function describeRedisTarget(target: RedisTarget): string {
  const { nodes, sentinel, database, tls, user } = target;
  const first = nodes[0] as Address;
  const who = user === null ? '' : `${encodeURIComponent(user)}@`;
  if (isUnixSocket(first)) {
    const path = encodeURIComponent(first.host).replaceAll('%2F', '/');
    return `redis+unix://${who}${path}${database === null ? '' : `?db=${database}`}`;
  }
  const places = nodes.map(addressText).join(',');
  const secure = tls === null ? '' : 's';
  if (sentinel !== null) {
    const name = encodeURIComponent(sentinel.name);
    return `redis${secure}-sentinel://${who}${places}/${name}${database === null ? '' : `?db=${database}`}`;
  }
  return `redis${secure}://${who}${places}${database === null ? '' : `/${database}`}`;
}

type Place = Pick<RedisTarget, 'nodes' | 'sentinel' | 'database'>;
type Options = ReadonlyMap<string, string>;

function serverPlace(places: string, path: string, options: Options): Place {
  if (options.has('db')) {
    throw invalidUrl(
      'The parameter db of the database URL is for sockets and Sentinel; write /N after the host.',
    );
  }
  const name = decodePart(path.replace(/^\//, ''), 'database');
  return {
    nodes: parseNodes(places, defaultPort),
    sentinel: null,
    database: name === '' ? null : wholeNumber(name, 'database', 0, largestDatabase),
  };
}

function sentinelPlace(places: string, path: string, options: Options): Place {
  const name = decodePart(path.replace(/^\//, ''), 'master name');
  if (name === '') {
    throw invalidUrl(
      'The database URL names no master.',
      'Write redis-sentinel://host1:26379,host2:26379/master-name, as in the line "sentinel monitor" of the configuration.',
    );
  }
  if (/[\s/]/.test(name)) throw invalidUrl('The master name of the database URL has a space or slash in it.');
  const user = options.get('sentinel_user') ?? null;
  const password = options.get('sentinel_password') ?? null;
  if (user !== null && password === null) {
    throw invalidUrl('The database URL has a sentinel_user, and no sentinel_password.');
  }
  return {
    nodes: parseNodes(places, defaultSentinelPort),
    sentinel: { name, user, password },
    database: databaseOption(options),
  };
}

function unixPlace(places: string, path: string, options: Options): Place {
  if (places !== '') {
    throw invalidUrl(
      'The database URL of a Unix socket names a host.',
      'Write redis+unix:///path/to.sock, with three slashes; user:password@ go before the third.',
    );
  }
  const socket = decodePart(path, 'path');
  if (socket.length < 2) throw invalidUrl('The database URL names no path of a Unix socket.');
  return { nodes: [{ host: socket, port: 0 }], sentinel: null, database: databaseOption(options) };
}

function databaseOption(options: Options): number | null {
  const text = options.get('db');
  return text === undefined ? null : wholeNumber(text, 'parameter db', 0, largestDatabase);
}

function parseCredentials(text: string): Credentials {
  if (text === '') return { user: null, password: null };
  const colon = text.indexOf(':');
  const user = decodePart(colon === -1 ? text : text.slice(0, colon), 'user');
  if (colon === -1) {
    throw invalidUrl(
      'The database URL names a user, and no password.',
      'Write redis://user:password@host, or redis://user:@host for a user without one, or redis://:password@host.',
    );
  }
  return { user: user === '' ? null : user, password: decodePart(text.slice(colon + 1), 'password') };
}

function parseNodes(text: string, port: number): readonly Address[] {
  const nodes = text.split(',').map((place) => parseNode(place, port));
  const texts = nodes.map(addressText);
  const twice = texts.find((each, index) => texts.indexOf(each) !== index);
  if (twice !== undefined) throw invalidUrl(`The database URL names ${twice} twice.`);
  return nodes;
}

function parseNode(text: string, port: number): Address {
  const match = /^(?:\[([0-9a-f:.]+(?:%25[^\]]+)?)\]|([^:[\]]*))(?::([^:]*))?$/i.exec(text);
  if (match === null) {
    throw invalidUrl(
      'The host of the database URL cannot be understood.',
      'Write an IPv6 address in brackets: redis://[::1]:6379.',
    );
  }
  const host = decodePart(match[1] ?? match[2] ?? '', 'host');
  if (host === '') throw invalidUrl('The database URL names no host.');
  if (/[\s/]/.test(host)) throw invalidUrl('The host of the database URL has a space or slash in it.');
  return { host, port: match[3] === undefined ? port : wholeNumber(match[3], 'port', 1, 65_535) };
}
