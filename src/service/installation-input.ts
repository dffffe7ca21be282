import { AppError, withField } from '../core/errors.ts';
import { checkNewName } from '../core/name.ts';
import type { Accounts } from '../engines/accounts.ts';
import type { Engine, EngineTarget } from '../engines/engine.ts';
import type { Environment } from '../operations/environment.ts';
import { parseTarget, withPassword } from './database-url.ts';
import { fieldInvalid, readFlag, readObject, readText, readTexts } from './input.ts';

/** Where and as whom an installation works. */
export interface AskedAdministrator {
  readonly name: string;
  readonly dryRun: boolean;
  readonly engine: Engine;
  readonly accounts: Accounts;
  /** Secret. */
  readonly administrator: EngineTarget;
}

/** What an installation was asked for; undefined: as it is, or the default. */
export interface AskedUser {
  readonly user: string | undefined;
  readonly userPassword: string | undefined;
  readonly readOnly: boolean | undefined;
  readonly schemas: readonly string[] | undefined;
  readonly owners: readonly string[] | undefined;
}

const longestUser = 63;
const longestPassword = 1024;
const urlHint =
  'Give the URL with the administrator as user and without password, such as postgres://postgres@host:5432/database.';
const passwordHint =
  'Give the password apart from the URL: on a command line by --password-stdin, in the native API as admin_password.';

/** The name alone: what is audited. */
export const readDatabaseName = (rawInput: unknown): string =>
  checkNewName(readObject(rawInput).name, 'name');

export function readAdministrator(environment: Environment, rawInput: unknown): AskedAdministrator {
  const input = readObject(rawInput);
  const url = readText(input.adminUrl, 'admin_url', urlHint);
  refuseSecrets(url);
  const engine = inField(() => environment.engineForUrl(url));
  const { accounts } = engine;
  if (accounts === undefined) {
    throw new AppError('unsupported', {
      field: 'admin_url',
      message: `Databases of ${engine.title} have no users: there is nothing to install.`,
      hint: 'Register the database with pumphouse database add NAME URL.',
    });
  }
  const password = optional(input.adminPassword, (value) =>
    readText(value, 'admin_password', passwordHint, longestPassword),
  );
  const administrator = inField(() =>
    parseTarget(engine, password === undefined ? url : withPassword(url, password)),
  );
  const name = readDatabaseName(rawInput);
  return { name, dryRun: readFlag(input.dryRun, 'dry_run'), engine, accounts, administrator };
}

export function readUser(rawInput: unknown): AskedUser {
  const input = readObject(rawInput);
  const names = (value: unknown, field: string, what: string): readonly string[] | undefined =>
    optional(value, (given) => readTexts(given, field, `Give names of ${what}.`, longestUser));
  const schemas = names(input.schemas, 'schemas', 'schemas');
  return {
    user: optional(input.user, (value) => readText(value, 'user', 'Give the name of a user.', longestUser)),
    userPassword: optional(input.userPassword, (value) =>
      readText(value, 'user_password', 'Leave it out to have one made.', longestPassword),
    ),
    readOnly: optional(input.readOnly, (value) => readFlag(value, 'read_only')),
    schemas: schemas?.length === 0 ? undefined : schemas,
    owners: names(input.owners, 'owners', 'roles'),
  };
}

const optional = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  value === undefined || value === null ? undefined : read(value);

/** A URL stands on command lines, in lists of processes and in histories of shells. */
function refuseSecrets(url: string): void {
  const authority = /^[^:]*:\/\/(.*)@/s.exec(url)?.[1] ?? '';
  const inAuthority = authority.slice(authority.indexOf(':') + 1) !== '' && authority.includes(':');
  if (!inAuthority && !/[?&][^=&#]*password=/i.test(url)) return;
  throw fieldInvalid('admin_url', 'holds a password, and is shown where passwords must not be', passwordHint);
}

function inField<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { field } = error as { readonly field?: string };
    throw withField(error, field === 'password' ? 'admin_password' : 'admin_url');
  }
}
