import type { Secret } from '../../base/secret.ts';

/** What a pool says about its database. */
export interface OrdsPool {
  readonly name: string;
  /** As `database add` takes it, without the password; null: the pool does not say enough. */
  readonly url: string | null;
  readonly password: Secret | null;
  /** Why it cannot be used, in a few words; null: nothing is known that speaks against it. */
  readonly problem: string | null;
}

/** Port of a PostgreSQL server where the pool names none. */
const usualPort = '5432';

/** The database of a pool's settings: a URL of ours, a JDBC URL of PostgreSQL, or host, port and name of one. */
export function urlOfPool(settings: ReadonlyMap<string, string>): Pick<OrdsPool, 'url' | 'problem'> {
  const username = settings.get('db.username');
  const given = settings.get('db.url') ?? settings.get('db.customURL');
  if (given !== undefined) {
    const url = given.replace(/^jdbc:/i, '');
    if (/^oracle:/i.test(url)) return unusable('db.customURL names an Oracle database');
    return { url: withUser(url, username), problem: null };
  }
  if (settings.has('db.wallet.zip.path') || settings.get('db.connectionType') === 'tns') {
    return unusable('it names its database by TNS, which leads to Oracle databases alone; set db.url');
  }
  const host = settings.get('db.hostname');
  if (host === undefined) return unusable('it names no database: set db.hostname or db.url');
  const database = settings.get('db.servicename') ?? settings.get('db.sid') ?? 'postgres';
  const authority = `${host.includes(':') ? `[${host}]` : host}:${settings.get('db.port') ?? usualPort}`;
  return {
    url: withUser(`postgres://${authority}/${encodeURIComponent(database)}`, username),
    problem: null,
  };
}

/** The URL with the user in it, where it names none itself and has a place for one. */
function withUser(url: string, username: string | undefined): string {
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)([^/].*)$/s.exec(url) ?? [];
  if (username === undefined || scheme === undefined || /^[^/?#]*@/.test(rest)) return url;
  return `${scheme}${encodeURIComponent(username)}@${rest}`;
}

const unusable = (problem: string): Pick<OrdsPool, 'url' | 'problem'> => ({ url: null, problem });
