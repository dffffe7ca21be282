import { formatTable } from '../format.ts';
import { readSecretLines } from '../read-secret.ts';
import type { CommandEnd, Session } from '../session.ts';
import { type Body, given } from './job-flags.ts';

/** Flags of all three commands. */
export interface AdministratorFlags {
  readonly adminUrl: string;
  readonly passwordStdin?: boolean;
  readonly dryRun?: boolean;
}

export interface InstallFlags extends AdministratorFlags {
  readonly user?: string;
  readonly userPasswordStdin?: boolean;
  readonly readOnly?: boolean;
  readonly schema?: readonly string[];
  readonly owner?: readonly string[];
}

interface Report {
  readonly outcome: 'installed' | 'upgraded' | 'unchanged' | 'repaired' | 'uninstalled' | 'planned';
  readonly database: string;
  readonly server_version: string;
  readonly user: string;
  readonly from: number | null;
  readonly to: number;
  readonly settings: readonly {
    readonly setting: string;
    readonly value: string | null;
    readonly place: 'store' | 'target';
  }[];
  readonly changes: readonly { readonly title: string; readonly statement: string }[];
  readonly notes: readonly string[];
}

export async function installDatabase(
  session: Session,
  name: string,
  flags: InstallFlags,
): Promise<CommandEnd> {
  const { user, readOnly, schema, owner } = flags;
  const body = {
    ...(await administratorBody(session, flags, flags.userPasswordStdin === true)),
    ...given('user', user),
    ...given('read_only', readOnly),
    ...given('schemas', schema),
    ...given('owners', owner),
  };
  return send(session, name, 'install', body);
}

export const repairDatabase = async (
  session: Session,
  name: string,
  flags: AdministratorFlags,
): Promise<CommandEnd> => send(session, name, 'repair', await administratorBody(session, flags));

export const uninstallDatabase = async (
  session: Session,
  name: string,
  flags: AdministratorFlags,
): Promise<CommandEnd> => send(session, name, 'uninstall', await administratorBody(session, flags));

/** Passwords come by standard input, a line each in the order of the flags. */
async function administratorBody(
  { host }: Session,
  { adminUrl, passwordStdin = false, dryRun }: AdministratorFlags,
  withUser = false,
): Promise<Body> {
  const wanted = [...(passwordStdin ? ['admin_password'] : []), ...(withUser ? ['user_password'] : [])];
  const lines = await readSecretLines(host, wanted.length);
  return {
    admin_url: adminUrl,
    ...Object.fromEntries(wanted.map((field, index) => [field, lines[index]])),
    ...given('dry_run', dryRun),
  };
}

async function send(session: Session, name: string, verb: string, body: Body): Promise<CommandEnd> {
  const client = await session.client();
  const path = `/api/v1/databases/${encodeURIComponent(name)}/${verb}`;
  const report = await client.json<Report>({ method: 'POST', path, body });
  session.show(report, () => render(report));
  return 'ok';
}

const masked = '******';

function render(report: Report): string {
  const { settings, changes, notes } = report;
  const table = formatTable(
    ['setting', 'value', 'place'],
    settings.map(({ setting, value, place }) => [setting, value ?? masked, places[place]]),
  );
  return [
    headline(report),
    ...changes.map(({ title, statement }) => `  ${title}: ${statement}`),
    ...(settings.length === 0 ? [] : [table]),
    ...notes.map((note) => `Note: ${note}`),
  ].join('\n');
}

const places = { store: 'store, sealed', target: 'database server' } as const;

function headline({ outcome, database, server_version: version, user, from, to }: Report): string {
  switch (outcome) {
    case 'installed':
      return `Installed ${database}: its jobs work as ${user} (server ${version}, installation version ${to}).`;
    case 'upgraded':
      return from === to
        ? `Brought ${database} up to date (installation version ${to}).`
        : `Upgraded ${database} from installation version ${from} to ${to}.`;
    case 'repaired':
      return `Repaired ${database}; this was wrong:`;
    case 'uninstalled':
      return `Uninstalled ${database}: the user ${user} is not needed any more; the data stays.`;
    case 'planned':
      return `Would be done for ${database}:`;
    case 'unchanged':
      return `Nothing to do for ${database}.`;
    default:
      return outcome satisfies never;
  }
}
