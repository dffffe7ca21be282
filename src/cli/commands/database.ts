import path from 'node:path';
import { styleText } from 'node:util';
import { formatTable } from '../format.ts';
import { locationFields } from '../location.ts';
import { readSecretLine } from '../read-secret.ts';
import type { CommandEnd, Session } from '../session.ts';

interface DatabaseView {
  readonly name: string;
  readonly uid: number;
  readonly engine: string;
  readonly url: string;
  readonly shared: boolean;
}

interface Finding {
  readonly level: string;
  readonly check: string;
  readonly message: string;
  readonly remedy: string;
}

const resource = (name: string): string => `/api/v1/databases/${encodeURIComponent(name)}`;

export async function addDatabase(
  session: Session,
  name: string,
  url: string,
  flags: { readonly passwordStdin?: boolean; readonly shared?: boolean },
): Promise<CommandEnd> {
  const password = flags.passwordStdin === true ? await readSecretLine(session.host) : undefined;
  const client = await session.client();
  const body = {
    name,
    url: fromHere(url),
    ...(password === undefined ? {} : { password }),
    ...(flags.shared === undefined ? {} : { shared: flags.shared }),
  };
  const database = await client.json<DatabaseView>({ method: 'POST', path: '/api/v1/databases', body });
  session.show(database, () => `Registered ${database.name} (${database.engine}, ${database.url}).`);
  return 'ok';
}

/** A relative path in a URL (`sqlite:shop.db`) is meant from where the command runs, not from where the service does. */
function fromHere(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*:)([^/:].*)$/is.exec(url);
  if (match === null) return url;
  const [, scheme = '', relative = ''] = match;
  const folder = process.cwd().replaceAll(/[%?#]/g, (character) => encodeURIComponent(character));
  return scheme + path.join(folder, relative);
}

export async function listDatabases(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly DatabaseView[] }>({
    method: 'GET',
    path: '/api/v1/databases',
  });
  session.show(items, () =>
    items.length === 0
      ? 'No databases yet: pumphouse database add NAME URL'
      : formatTable(
          ['name', 'uid', 'engine', 'url', 'access'],
          items.map(({ name, uid, engine, url, shared }) => [
            ...[name, String(uid), engine, url],
            shared ? 'shared' : '',
          ]),
        ),
  );
  return 'ok';
}

/** Red findings make the exit code `unsupported`, so that scripts can ask. */
export async function testDatabase(
  session: Session,
  name: string,
  flags: { readonly for: string; readonly at?: string; readonly credential?: string },
): Promise<CommandEnd> {
  const client = await session.client();
  const result = await client.json<{
    readonly engine: string;
    readonly server_version: string;
    readonly findings: readonly Finding[];
  }>({
    method: 'POST',
    path: `${resource(name)}/test`,
    body: { purpose: flags.for, ...locationFields(flags.at, flags.credential) },
  });
  const widest = Math.max(0, ...result.findings.map(({ check }) => check.length));
  session.show(result, () =>
    [
      `${name} answers: ${result.engine} ${result.server_version}`,
      ...result.findings.map(({ level, check, message, remedy }) =>
        `${inColour(session, level)} ${check.padEnd(widest)} ${message} ${remedy}`.trimEnd(),
      ),
      verdict(flags.for, result.findings),
    ].join('\n'),
  );
  return result.findings.some(({ level }) => level === 'red') ? 'unsupported' : 'ok';
}

const colours: Readonly<Record<string, 'green' | 'yellow' | 'red'>> = {
  green: 'green',
  amber: 'yellow',
  red: 'red',
};

/** The word of a level, in its colour where the terminal has any. */
function inColour({ host }: Session, level: string): string {
  const word = level.padEnd(5);
  const colour = colours[level];
  const { stdout } = host;
  if (colour === undefined || stdout.isTTY !== true) return word;
  return styleText(colour, word, { stream: stdout });
}

function verdict(purpose: string, findings: readonly Finding[]): string {
  const count = (level: string): number => findings.filter((finding) => finding.level === level).length;
  const [red, amber] = [count('red'), count('amber')];
  if (red > 0) return `An ${purpose} would stop: ${red} red, ${amber} amber.`;
  return amber > 0 ? `An ${purpose} can run; mind the amber: ${amber}.` : `An ${purpose} can run.`;
}

export async function removeDatabase(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: resource(name) });
  session.show({ removed: name }, () => `Removed ${name}; the database itself is untouched.`);
  return 'ok';
}
