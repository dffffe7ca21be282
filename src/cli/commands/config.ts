import { openConfigFolder } from '../../config/config-folder.ts';
import type { OptionReport } from '../../config/load-options.ts';
import type { OptionDeclaration } from '../../config/options.ts';
import { openSecretsWallet } from '../../config/secrets-wallet.ts';
import { declarationOf, keptOption, parseOption, type SettingsFile } from '../../config/settings-file.ts';
import { AppError } from '../../core/errors.ts';
import { formatTable } from '../format.ts';
import { askSecret, readSecretLine } from '../read-secret.ts';
import type { CommandEnd, Session } from '../session.ts';

interface Scope {
  /** The database that is meant alone; absent: the service. */
  readonly database?: string;
}

const folderOf = ({ options }: Session) => openConfigFolder(options.values.config);

const fileOf = (session: Session, { database }: Scope): SettingsFile =>
  database === undefined ? folderOf(session) : folderOf(session).database(database);

const reportsOf = ({ options }: Session, { database }: Scope): readonly OptionReport[] =>
  database === undefined ? options.reports : options.reportsOf(database);

export async function listConfig(
  session: Session,
  { includeDefaults = false, ...scope }: Scope & { readonly includeDefaults?: boolean },
): Promise<CommandEnd> {
  const reports = reportsOf(session, scope).filter(({ source }) => includeDefaults || source !== 'default');
  session.show(reports, () =>
    reports.length === 0
      ? 'Every option has its default; --include-defaults shows them.'
      : formatTable(
          ['option', 'value', 'source'],
          reports.map(({ name, value, source }) => [name, value, source]),
        ),
  );
  return 'ok';
}

export async function getConfig(session: Session, name: string, scope: Scope): Promise<CommandEnd> {
  const { perDatabase } = declarationOf(name);
  const { database } = scope;
  const report = reportsOf(session, perDatabase ? scope : {}).find((each) => each.name === name);
  if (report === undefined) throw new Error(`The option ${name} has no report.`);
  if (database !== undefined && !perDatabase) {
    session.host.stderr.write(`${name} is an option of the service as a whole, the same for ${database}.\n`);
  }
  session.show(report, () => report.value);
  return 'ok';
}

export async function setConfig(
  session: Session,
  name: string,
  value: string,
  scope: Scope,
): Promise<CommandEnd> {
  const file = fileOf(session, scope);
  await file.set(name, value);
  session.show(
    { name, value, ...scope, file: file.path },
    () => `${name} is set in ${file.path}. ${whenRead(declarationOf(name))}`,
  );
  return 'ok';
}

export async function deleteConfig(session: Session, name: string, scope: Scope): Promise<CommandEnd> {
  const { secrets } = folderOf(session);
  const isSecret = declarationOf(name).secret && scope.database === undefined;
  const file = isSecret ? secrets : fileOf(session, scope);
  if (!(await file.delete(name))) {
    throw new AppError('option-unknown', {
      message: `${name} is not set in ${file.path}.`,
      hint: 'See pumphouse config list for what is set where.',
    });
  }
  session.show({ deleted: name, ...scope }, () => `${name} is no longer set in ${file.path}.`);
  return 'ok';
}

/** Takes a secret from standard input, or from the terminal, and keeps it sealed. */
export async function setSecret(
  session: Session,
  name: string,
  { passwordStdin = false }: { readonly passwordStdin?: boolean },
): Promise<CommandEnd> {
  const declaration = keptOption(name);
  if (!declaration.secret) {
    throw new AppError('option-invalid', {
      field: name,
      message: `The option ${name} is no secret.`,
      hint: `Set it with pumphouse config set ${name} VALUE.`,
    });
  }
  const { secrets } = folderOf(session);
  const text = passwordStdin
    ? await readSecretLine(session.host)
    : await askSecret(session.host, `Value of ${name}: `);
  parseOption(declaration, text, name);
  await secrets.set(name, text, await openSecretsWallet(session.options.values, secrets));
  session.show(
    { name, value: '[secret]', file: secrets.path },
    () => `${name} is sealed in ${secrets.path}. ${whenRead(declaration)}`,
  );
  return 'ok';
}

export async function explainOption(session: Session, name: string): Promise<CommandEnd> {
  const declaration = declarationOf(name);
  const { help, type, defaultText, flag, env, settable, secret, perDatabase } = declaration;
  const kept = settable ? (secret ? 'sealed, by config secret' : 'yes') : 'no';
  const facts: readonly (readonly [string, string])[] = [
    ['what it is', help],
    ['value', type.describe],
    ['default', defaultText],
    ['flag', flag ?? 'none: it is a secret'],
    ['environment', env],
    ['config folder', perDatabase ? `${kept}, also for a database alone (--database NAME)` : kept],
    ['read', whenRead(declaration)],
  ];
  session.show(
    {
      name,
      help,
      type: type.describe,
      default: defaultText,
      flag,
      environment: env,
      config_folder: settable,
      secret,
      per_database: perDatabase,
    },
    () => facts.map(([label, text]) => `${label.padEnd(13)}  ${text}`).join('\n'),
  );
  return 'ok';
}

/** Everything is read once, at the start of a process. */
const whenRead = ({ readBy }: OptionDeclaration): string =>
  readBy === 'serve'
    ? 'A service that runs (each instance of it) reads it at its next start.'
    : 'A service that runs (each instance of it) reads it at its next start; a command that works by itself reads it at once.';
