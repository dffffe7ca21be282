import { randomBytes } from 'node:crypto';
import { isOrdsSecret, ordsKey, withoutPassword } from '../../config/ords/ords-keys.ts';
import { hidden } from '../../config/ords/ords-listing.ts';
import { urlOfPool } from '../../config/ords/ords-pools.ts';
import { openSecretsWallet } from '../../config/secrets-wallet.ts';
import { AppError } from '../../core/errors.ts';
import { connect } from '../client.ts';
import type { ExitCodeName } from '../exit-codes.ts';
import { readSecretLines } from '../read-secret.ts';
import { misused } from './ords-arguments.ts';
import { setReply } from './ords-config.ts';
import type { OrdsSession } from './ords-session.ts';
import { logLine } from './ords-text.ts';

/** What the vendor calls the user that its pool connects as, where the command line names none. */
const usualUser = 'ords_public_user';

/** What the native API reports of an installation, as far as it is told of here. */
interface Report {
  readonly outcome: string;
  readonly user: string;
  readonly notes: readonly string[];
}

/**
 * `install`, `repair` and `uninstall` of the vendor's command, with what `pumphouse database install` does: the user that jobs work as is made in the database of
 * the pool, and the settings of the pool lead there. Passwords come by standard input, a line for each user in the order of the flags.
 */
export async function runOrdsInstall(
  session: OrdsSession,
  command: 'install' | 'repair' | 'uninstall',
  words: readonly string[],
): Promise<ExitCodeName> {
  const [kind, ...more] = words;
  if (more.length > 0 || (kind !== undefined && (kind !== 'adb' || command !== 'install'))) {
    throw misused(`${command} takes no ${JSON.stringify(words.join(' '))}.`);
  }
  const { options } = session;
  if (options.has('interactive') || !options.has('admin-user')) {
    throw misused(`${command} asks no questions here: give --admin-user and --password-stdin.`);
  }
  if (!options.has('password-stdin')) throw misused('Passwords come by standard input: --password-stdin.');
  return command === 'install'
    ? install(session, kind === 'adb')
    : change(session, command, await passwords(session));
}

/** The lines of standard input, by the flag of the user that each is of. */
async function passwords({ host, options }: OrdsSession): Promise<ReadonlyMap<string, string>> {
  const users = [...options.keys()].filter((name) =>
    ['admin-user', 'db-user', 'proxy-user', 'gateway-user'].includes(name),
  );
  const lines = await readSecretLines(host, users.length);
  return new Map(users.map((user, at) => [user, lines[at] as string]));
}

async function install(session: OrdsSession, isManaged: boolean): Promise<ExitCodeName> {
  const { host, folder, options, pool, print } = session;
  const begun = performance.now();
  const admin = options.get('admin-user') as string;
  const place = await settingsOf(session);
  const { url, problem } = urlOfPool(place);
  if (url === null) {
    throw new AppError('unsupported', {
      field: 'db-hostname',
      message: `The pool ${pool} cannot be installed: ${problem}.`,
      hint: `Say where the PostgreSQL database is: --db-hostname, --db-port and --db-servicename, or ords config --db-pool ${pool} set db.url URL.`,
    });
  }
  const service = options.get('wallet-service-name');
  const named = service === undefined ? `url: ${withoutPassword(url)}` : `TNS Service: ${service}`;
  const gateway = options.get('gateway-user');
  print(
    isManaged
      ? 'Oracle REST Data Services - Non-Interactive Customer Managed ORDS for Autonomous Database'
      : 'Oracle REST Data Services - Non-Interactive Install',
  );
  print(`Connecting to ${isManaged ? 'Autonomous database' : 'database'} user: ${admin} ${named}`);

  const given = await passwords(session);
  const user = options.get('db-user') ?? place.get('db.username') ?? usualUser;
  const password = given.get('db-user') ?? given.get('proxy-user') ?? randomBytes(24).toString('base64url');
  const report = await call(session, 'install', admin, url, {
    admin_password: given.get('admin-user'),
    user,
    user_password: password,
  });
  print('Retrieving information');
  if (gateway !== undefined) print(`Checking Autonomous database user: ${gateway} ${named}`);
  for (const note of report.notes) print(logLine('INFO', note));

  if (!options.has('db-only')) {
    const settings = poolSettings(session, place, user);
    await folder
      .pool(pool)
      .set(Object.fromEntries(settings.filter(([key]) => ordsKey(key)?.scope !== 'global')));
    if (options.has('db-hostname')) for (const key of addresses) await folder.pool(pool).delete(key);
    const globals = settings.filter(([key]) => ordsKey(key)?.scope === 'global');
    if (globals.length > 0) await folder.global.set(Object.fromEntries(globals));
    const { secrets } = folder.pool(pool);
    await secrets.set(
      'db.password',
      password,
      await openSecretsWallet((await session.loadOptions()).values, secrets),
    );
    for (const [key, value] of [...settings.slice(0, passwordAt(settings)), ['db.password', hidden] as const])
      print(setReply(key, value, pool));
    for (const [key, value] of settings.slice(passwordAt(settings)))
      print(setReply(key, value, ordsKey(key)?.scope === 'global' ? null : pool));
  }
  print(`Release    : Pumphouse ${host.version}`);
  if (gateway !== undefined) {
    print(
      logLine(
        'WARNING',
        `There is no PL/SQL gateway here: the user ${gateway} is not made, nothing reads its settings.`,
      ),
    );
  }
  const elapsed = new Date(Math.round(performance.now() - begun)).toISOString().slice(11, 23);
  print(
    logLine(
      'INFO',
      `Completed ${isManaged ? 'configuring for Customer Managed' : 'installation for'} Oracle REST Data Services version ${host.version}. Elapsed time: ${elapsed}`,
    ),
  );
  print(logLine('INFO', `ords --config ${folder.path} serve`));
  return 'ok';
}

/** The password is told of behind the user that it is of. */
const passwordAt = (settings: readonly (readonly [string, string])[]): number =>
  settings.findIndex(([key]) => key === 'db.username') + 1;

const addresses = ['db.url', 'db.customURL'];

/** What the pool says, with what the command line says over it. */
async function settingsOf({ folder, pool, options }: OrdsSession): Promise<ReadonlyMap<string, string>> {
  const settings = new Map(await folder.pool(pool).read());
  // Said anew, where the database is: an address of before must not win.
  if (options.has('db-hostname')) for (const key of addresses) settings.delete(key);
  for (const [flag, key] of [
    ['db-hostname', 'db.hostname'],
    ['db-port', 'db.port'],
    ['db-servicename', 'db.servicename'],
    ['db-sid', 'db.sid'],
  ] as const) {
    const value = options.get(flag);
    if (value !== undefined) settings.set(key, value);
  }
  return settings;
}

/** What an installation sets, in the published order. */
function poolSettings(
  { options }: OrdsSession,
  place: ReadonlyMap<string, string>,
  user: string,
): readonly (readonly [string, string])[] {
  const flag = (name: string, key: string) => {
    const value = options.get(name);
    return value === undefined ? [] : [[key, value] as const];
  };
  const placed = (key: string) => {
    const value = place.get(key);
    return value === undefined || !options.has('db-hostname') ? [] : [[key, value] as const];
  };
  const hasGateway = options.has('gateway-user');
  const settings = [
    ...flag('wallet', 'db.wallet.zip.path'),
    ...flag('wallet-service-name', 'db.wallet.zip.service'),
    ...(options.has('db-hostname') ? [['db.connectionType', 'basic'] as const] : []),
    ...['db.hostname', 'db.port', 'db.servicename', 'db.sid'].flatMap(placed),
    ['db.username', user] as const,
    ...(hasGateway ? [['plsql.gateway.mode', 'proxied'] as const] : []),
    ...flag('feature-sdw', 'feature.sdw'),
    ...flag('feature-db-api', 'database.api.enabled'),
    ...flag('feature-rest-enabled-sql', 'restEnabledSql.active'),
    ...(hasGateway
      ? [['security.requestValidationFunction', 'ords_util.authorize_plsql_gateway'] as const]
      : []),
  ];
  const secret = settings.find(([key]) => isOrdsSecret(key));
  if (secret !== undefined) throw misused(`${secret[0]} is a secret.`);
  return settings;
}

/** `repair` and `uninstall`: the database is the one of the pool. */
async function change(
  session: OrdsSession,
  command: 'repair' | 'uninstall',
  given: ReadonlyMap<string, string>,
): Promise<ExitCodeName> {
  const { options, pool, print } = session;
  const { url, problem } = urlOfPool(await settingsOf(session));
  if (url === null) {
    throw new AppError('unsupported', { message: `The pool ${pool} leads nowhere: ${problem}.` });
  }
  const admin = options.get('admin-user') as string;
  const { outcome, user, notes } = await call(session, command, admin, url, {
    admin_password: given.get('admin-user'),
  });
  print(logLine('INFO', `The pool ${pool}, user ${user}: ${outcome}`));
  for (const note of notes) print(logLine('INFO', note));
  return 'ok';
}

/** Asks the service of the data folder, or does it in this process. */
async function call(
  session: OrdsSession,
  verb: 'install' | 'repair' | 'uninstall',
  admin: string,
  url: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Report> {
  const { values } = await session.loadOptions();
  await using client = await connect(session.host, values);
  const authority = url.replace(
    /^([a-z][a-z0-9+.-]*:\/\/)(?:[^@/?#]*@)?/i,
    (_whole, scheme: string) => `${scheme}${encodeURIComponent(admin)}@`,
  );
  return await client.json<Report>({
    method: 'POST',
    path: `/api/v1/databases/${encodeURIComponent(session.pool)}/${verb}`,
    body: { admin_url: authority, ...body },
  });
}
