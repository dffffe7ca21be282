import { hashPassword } from '../../base/password.ts';
import type { OrdsSettings } from '../../config/ords/ords-folder.ts';
import { isOrdsSecret, ordsKey, takesValue, withoutPassword } from '../../config/ords/ords-keys.ts';
import { formatOrdsListing, hidden, listOrdsSettings } from '../../config/ords/ords-listing.ts';
import { putOrdsUser, rolesOf } from '../../config/ords/ords-users.ts';
import { openSecretsWallet } from '../../config/secrets-wallet.ts';
import { checkNewUserName } from '../../core/name.ts';
import type { ExitCodeName } from '../exit-codes.ts';
import { askSecret, readSecretLine } from '../read-secret.ts';
import { misused } from './ords-arguments.ts';
import type { OrdsSession } from './ords-session.ts';

/** `config ...` of the vendor's command. */
export async function runOrdsConfig(session: OrdsSession, words: readonly string[]): Promise<ExitCodeName> {
  const [verb, ...rest] = words;
  if (verb === 'user' && rest[0] === 'add')
    return addUser(session, ...given(rest.slice(1), 2, 'NAME "ROLE, ROLE"'));
  switch (verb) {
    case 'list':
      return list(session);
    case 'get':
      return get(session, ...given(rest, 1, 'KEY'));
    case 'set':
      return set(session, ...given(rest, 2, 'KEY VALUE'));
    case 'secret':
      return setSecret(session, ...given(rest, 1, 'KEY'));
    case 'delete':
      return remove(session, ...given(rest, 1, 'KEY'));
    case 'info':
      return explain(session, ...given(rest, 1, 'KEY'));
    default:
      throw misused(
        `config takes list, get, set, secret, delete, info or user add, not ${JSON.stringify(verb ?? '')}.`,
      );
  }
}

/** Exactly so many words. */
function given<const N extends 1 | 2>(
  words: readonly string[],
  count: N,
  form: string,
): N extends 1 ? [string] : [string, string] {
  if (words.length === count) return words as unknown as N extends 1 ? [string] : [string, string];
  throw misused(`The command takes ${form}.`);
}

/** Whether a key is a global one is its own nature; `--global` makes any other one such. */
const isGlobal = ({ options }: OrdsSession, key: string): boolean =>
  options.has('global') || ordsKey(key)?.scope === 'global';

const settingsFor = (session: OrdsSession, key: string): OrdsSettings =>
  isGlobal(session, key) ? session.folder.global : session.folder.pool(session.pool);

/** The published reply of everything that sets something. */
export function setReply(key: string, value: string, pool: string | null): string {
  const shown = isOrdsSecret(key) ? hidden : value;
  return pool === null
    ? `The global setting named: ${key} was set to: ${shown}`
    : `The setting named: ${key} was set to: ${shown} in configuration: ${pool}`;
}

async function list({ folder, pool, options, print }: OrdsSession): Promise<ExitCodeName> {
  print(formatOrdsListing(pool, await listOrdsSettings(folder, pool, options.has('include-defaults'))));
  return 'ok';
}

async function get({ folder, pool, print }: OrdsSession, key: string): Promise<ExitCodeName> {
  const { settings } = await listOrdsSettings(folder, pool);
  const found = settings.find((setting) => setting.key === key);
  print(found === undefined ? `Cannot get setting ${key}` : found.value);
  return found === undefined ? 'notFound' : 'ok';
}

async function set(session: OrdsSession, key: string, value: string): Promise<ExitCodeName> {
  const { print, pool } = session;
  const secret = isOrdsSecret(key) ? key : withoutPassword(value) === value ? null : 'db.password';
  if (secret !== null) {
    // A command line can be read by every user of the machine; the value is not repeated either.
    print(`Invalid VALUE argument ${hidden} for KEY ${key}.`);
    print(`A secret comes by standard input: ords config secret ${secret} --password-stdin`);
    return 'usage';
  }
  if (!takesValue(key, value)) {
    print(`Invalid VALUE argument ${value} for KEY ${key}.`);
    return 'usage';
  }
  await settingsFor(session, key).set({ [key]: value });
  print(setReply(key, value, isGlobal(session, key) ? null : pool));
  return 'ok';
}

async function setSecret(session: OrdsSession, key: string): Promise<ExitCodeName> {
  const { host, options, pool, print } = session;
  const secret = options.has('password-stdin')
    ? await readSecretLine(host)
    : await askSecret(host, `Enter the value of ${key}: `);
  const { secrets } = settingsFor(session, key);
  await secrets.set(key, secret, await openSecretsWallet((await session.loadOptions()).values, secrets));
  print(
    isGlobal(session, key)
      ? `The global setting named: ${key} was set to: ${hidden}`
      : `The setting named: ${key} was set to: ${hidden} in configuration: ${pool}`,
  );
  return 'ok';
}

async function remove(session: OrdsSession, key: string): Promise<ExitCodeName> {
  const { pool, print } = session;
  const settings = settingsFor(session, key);
  const wasKept = [await settings.delete(key), await settings.secrets.delete(key)].includes(true);
  if (!wasKept) {
    print(`Cannot get setting ${key}`);
    return 'notFound';
  }
  print(
    isGlobal(session, key)
      ? `The global setting named: ${key} was removed`
      : `The setting named: ${key} was removed from configuration: ${pool}`,
  );
  return 'ok';
}

async function explain({ print }: OrdsSession, key: string): Promise<ExitCodeName> {
  const known = ordsKey(key);
  if (known === undefined) {
    print(`Cannot get setting ${key}`);
    print('It is none that Pumphouse knows; it would be kept in the file of the pool.');
    return 'notFound';
  }
  const { scope, kind, initial, help, option } = known;
  print(`${key}: ${help}`);
  print(`Scope: ${scope === 'global' ? 'global' : 'pool'}`);
  print(`Value: ${typeof kind === 'string' ? kind : kind.join(', ')}`);
  print(`Default: ${initial ?? 'none'}`);
  print(option === null ? 'Pumphouse keeps it and shows it.' : `Pumphouse reads it as its option ${option}.`);
  return 'ok';
}

async function addUser(session: OrdsSession, name: string, roles: string): Promise<ExitCodeName> {
  const { host, options, folder, print } = session;
  checkNewUserName(name, 'name');
  if (/[;\r\n]/.test(roles)) throw misused('The roles stand between commas.');
  const password = options.has('password-stdin')
    ? await readSecretLine(host)
    : await askSecret(host, `Enter the password for user ${name}: `);
  await putOrdsUser(folder.credentialsFile, {
    name,
    passwordHash: await hashPassword(password),
    roles: rolesOf(roles),
  });
  print(`Created user ${name} in file ${folder.credentialsFile}`);
  return 'ok';
}
