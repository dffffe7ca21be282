import { readFile } from 'node:fs/promises';
import { AppError } from '../../core/errors.ts';
import { formatTable } from '../format.ts';
import type { CliHost } from '../host.ts';
import { askSecret, isTerminal, readSecretText, withoutLastLineEnd } from '../read-secret.ts';
import type { CommandEnd, Session } from '../session.ts';

interface CredentialView {
  readonly name: string;
  readonly type: string;
  readonly owner: string;
  readonly created_at: string;
}

export interface AddCredentialFlags {
  readonly type: string;
  readonly id?: string;
  readonly secretStdin?: boolean;
  readonly secretFile?: string;
  readonly option?: readonly string[];
  readonly owner?: string;
}

export async function addCredential(
  session: Session,
  name: string,
  flags: AddCredentialFlags,
): Promise<CommandEnd> {
  const { type, id, owner } = flags;
  const options = parseOptions(flags.option ?? []);
  const secret = await readSecret(session.host, name, flags);
  const client = await session.client();
  const credential = await client.json<CredentialView>({
    method: 'POST',
    path: '/api/v1/credentials',
    body: {
      name,
      type,
      ...(id === undefined ? {} : { id }),
      ...(secret === null ? {} : { secret }),
      ...(owner === undefined ? {} : { owner }),
      options,
    },
  });
  session.show(
    credential,
    () => `Added ${credential.name}, a credential of the type ${credential.type}, for ${credential.owner}.`,
  );
  return 'ok';
}

/** Never from the command line itself, which every user of the machine can read. Null: none is given. */
async function readSecret(host: CliHost, name: string, flags: AddCredentialFlags): Promise<string | null> {
  const { secretStdin = false, secretFile } = flags;
  if (secretStdin && secretFile !== undefined) {
    throw new AppError('usage', {
      message: '--secret-stdin and --secret-file are both given.',
      hint: 'Leave one of them out.',
    });
  }
  if (secretFile !== undefined) return readSecretFile(secretFile);
  if (secretStdin) return readSecretText(host);
  if (!isTerminal(host)) return null;
  const typed = await askSecret(host, `Secret of ${name} (none: Enter): `);
  return typed === '' ? null : typed;
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return withoutLastLineEnd(await readFile(path, 'utf8'));
  } catch (error) {
    throw new AppError('usage', {
      field: 'secret-file',
      message: `The file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}.`,
      hint: 'Name a file that holds the secret alone.',
      cause: error,
    });
  }
}

/** `KEY=VALUE` each; what has no `=` is not repeated, since it may be a secret. */
function parseOptions(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new AppError('usage', {
        field: 'option',
        message: '--option takes KEY=VALUE.',
        hint: 'For example: --option endpoint=https://minio.example.net',
      });
    }),
  );
}

export async function listCredentials(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly CredentialView[] }>({
    method: 'GET',
    path: '/api/v1/credentials',
  });
  session.show(items, () =>
    items.length === 0
      ? 'No credentials yet: pumphouse credential add NAME --type TYPE'
      : formatTable(
          ['name', 'type', 'owner', 'created'],
          items.map((each) => [each.name, each.type, each.owner, each.created_at]),
        ),
  );
  return 'ok';
}

export async function removeCredential(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: `/api/v1/credentials/${encodeURIComponent(name)}` });
  session.show({ removed: name }, () => `Removed ${name}.`);
  return 'ok';
}
