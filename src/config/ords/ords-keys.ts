/** What the value of a key must be. */
export type OrdsValueKind = 'text' | 'boolean' | 'count' | 'port' | 'duration' | readonly string[];

/** A setting that the vendor documents. */
export interface OrdsKey {
  /** Whether it is one of the service, or of a pool: that is the key's own nature. */
  readonly scope: 'global' | 'pool';
  readonly kind: OrdsValueKind;
  /** What holds without it; null: nothing does. */
  readonly initial: string | null;
  readonly help: string;
  /** The option of ours that it sets; null: it is kept and shown, and nothing reads it. */
  readonly option: string | null;
}

const key = (
  scope: OrdsKey['scope'],
  kind: OrdsValueKind,
  initial: string | null,
  help: string,
  option: string | null = null,
): OrdsKey => ({ scope, kind, initial, help, option });

/** The keys that are known, with their nature; docs/guides/ords-operations.md has the same table. Others are kept in the pool's file. */
export const ordsKeys: Readonly<Record<string, OrdsKey>> = {
  'cache.metadata.timeout': key('global', 'duration', '5s', 'How long metadata is kept in memory.'),
  'database.api.enabled': key(
    'global',
    'boolean',
    'false',
    'Whether the Database API is served.',
    'ords.enabled',
  ),
  'db.connectionType': key(
    'pool',
    ['basic', 'tns', 'customurl'],
    null,
    'How the database of the pool is named.',
  ),
  'db.credentialsSource': key(
    'pool',
    ['pool', 'request', 'POOL', 'REQUEST'],
    'POOL',
    'Whose credentials connect.',
  ),
  'db.customURL': key(
    'pool',
    'text',
    null,
    'URL of the database: jdbc:postgresql://host:5432/name, or one of database add.',
  ),
  'db.hostname': key('pool', 'text', null, 'Host of the database.'),
  'db.invalidPoolTimeout': key(
    'global',
    'duration',
    '15m',
    'After how long an invalid pool is tried again.',
    'database-retry',
  ),
  'db.password': key('pool', 'text', null, 'Password of db.username: a secret.'),
  'db.poolDestroyTimeout': key('pool', 'duration', '5m', 'How long connections of a removed pool are kept.'),
  'db.port': key('pool', 'port', null, 'Port of the database.'),
  'db.servicename': key('pool', 'text', null, 'Name of the database on its server.'),
  'db.sid': key('pool', 'text', null, 'The same, in the older form.'),
  'db.url': key(
    'pool',
    'text',
    null,
    'URL of the database without its password, as database add takes it; a key of Pumphouse.',
  ),
  'db.username': key('pool', 'text', null, 'User that connects.'),
  'debug.printDebugToScreen': key('global', 'boolean', 'false', 'Adds traces to errors.'),
  'error.responseFormat': key(
    'global',
    ['auto', 'html', 'json', 'AUTO', 'HTML', 'JSON'],
    'AUTO',
    'How errors are written.',
  ),
  'feature.sdw': key('pool', 'boolean', 'false', 'Whether the web console of the vendor is on.'),
  'instance.api.enabled': key('global', 'boolean', 'false', 'Whether the Instance API is served.'),
  'jdbc.ConnectionWaitTimeout': key('pool', 'count', '3', 'Seconds to wait for a connection.'),
  'jdbc.InactivityTimeout': key('pool', 'count', '1800', 'Seconds until an idle connection is closed.'),
  'jdbc.InitialLimit': key('pool', 'count', '0', 'Connections at the start.'),
  'jdbc.MaxLimit': key(
    'pool',
    'count',
    '10',
    'Most connections of the pool: the most threads of one job.',
    'threads-max',
  ),
  'jdbc.MinLimit': key('pool', 'count', '2', 'Fewest connections.'),
  'jdbc.auth.admin.role': key('pool', 'text', null, 'Database role that gives SQL Administrator.'),
  'jdbc.auth.enabled': key('pool', 'boolean', 'false', 'Whether database users may sign in.'),
  'jdbc.statementTimeout': key('pool', 'duration', '900s', 'How long a statement may take.'),
  'misc.defaultPage': key('pool', 'text', 'apex', 'Where the root leads.'),
  'misc.pagination.maxRows': key('pool', 'count', '10000', 'Most items on a page.', 'ords.max-rows'),
  'plsql.gateway.mode': key('pool', ['disabled', 'direct', 'proxied'], null, 'Mode of the PL/SQL gateway.'),
  'request.traceHeaderName': key('global', 'text', 'Request-Id', 'Header that carries the id of a request.'),
  'restEnabledSql.active': key('pool', 'boolean', 'false', 'Whether SQL may be sent over REST.'),
  'security.credentials.attempts': key('global', 'text', '-1', 'Failed sign-ins until a user is locked.'),
  'security.credentials.lock.time': key('global', 'duration', '10m', 'How long a user is locked.'),
  'security.forceHTTPS': key('global', 'boolean', null, 'Whether plain HTTP is refused.'),
  'security.httpsHeaderCheck': key(
    'global',
    'text',
    null,
    'Header by which a proxy says that a request came over HTTPS.',
    'security.httpsHeaderCheck',
  ),
  'security.requestValidationFunction': key(
    'pool',
    'text',
    null,
    'Function that checks requests of the gateway.',
  ),
  'security.verifySSL': key('global', 'boolean', 'true', 'Whether HTTPS is demanded where it matters.'),
  'standalone.access.log': key('global', 'text', null, 'Folder for access logs.', 'access-log'),
  'standalone.access.log.retainDays': key(
    'global',
    'count',
    '90',
    'Days that access logs are kept.',
    'access-log-retention',
  ),
  'standalone.binds': key(
    'global',
    'text',
    '0.0.0.0',
    'Addresses to listen on; the first one counts.',
    'host',
  ),
  'standalone.context.path': key(
    'global',
    'text',
    '/ords',
    'Where the service is mounted; always /ords here.',
  ),
  'standalone.http.port': key('global', 'port', '8080', 'Port to listen on.', 'port'),
  'standalone.https.port': key('global', 'port', '8443', 'Port for HTTPS.'),
  'standalone.stop.timeout': key(
    'global',
    'duration',
    '10s',
    'How long requests get to finish at the end.',
    'shutdown-grace',
  ),
};

export const ordsKey = (name: string): OrdsKey | undefined =>
  Object.hasOwn(ordsKeys, name) ? ordsKeys[name] : undefined;

/** Keys whose values are secrets, known or not. */
export const isOrdsSecret = (name: string): boolean => /(?:^|[.])(?:password|secret)$/i.test(name);

/** A value that may be a URL, with `******` in the place of a password in it. */
export const withoutPassword = (value: string): string =>
  value
    // Up to the last @ of the authority: a password may hold one; where it holds a slash too, up to the first.
    .replace(/(\/\/[^:@/?#]*:)(?:[^/?#]*|[^@]*)@/, '$1******@')
    // jdbc:oracle:thin:user/password@host
    .replace(/(:(?:thin|oci\d?):[^/@:]*\/)[^@]+@/i, '$1******@')
    .replaceAll(/([?&;][a-z]*password=)[^&;]*/gi, '$1******');

/** Whether a known key takes the value; any other key takes all. */
export function takesValue(name: string, value: string): boolean {
  const kind = ordsKey(name)?.kind ?? 'text';
  if (typeof kind !== 'string') return kind.includes(value);
  switch (kind) {
    case 'text':
      return true;
    case 'boolean':
      return value === 'true' || value === 'false';
    case 'count':
      return /^\d{1,9}$/.test(value);
    case 'port':
      return /^\d{1,5}$/.test(value) && Number(value) <= 65_535;
    case 'duration':
      return secondsOf(value) !== null;
    default:
      return kind satisfies never;
  }
}

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** `15m`, `900s`, `10`: seconds, whole; null where it is none. */
export function secondsOf(value: string): number | null {
  const [, figure, unit = 's'] = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(value) ?? [];
  return figure === undefined ? null : Math.ceil(Number(figure) * (unitSeconds[unit] ?? 1));
}
