import path from 'node:path';
import { formatTable } from '../format.ts';
import { isUrl } from '../location.ts';
import type { CommandEnd, Session } from '../session.ts';

interface DirectoryView {
  readonly name: string;
  readonly url: string;
  readonly credential: string | null;
  readonly read_only: boolean;
  readonly shared: boolean;
}

/** `place`: a path, as seen from where the command runs, or a storage URL. */
export async function addDirectory(
  session: Session,
  name: string,
  place: string,
  {
    credential,
    readOnly,
    shared,
  }: { readonly credential?: string; readonly readOnly?: boolean; readonly shared?: boolean },
): Promise<CommandEnd> {
  const client = await session.client();
  const body = {
    name,
    path: isUrl(place) ? place : path.resolve(place),
    ...(credential === undefined ? {} : { credential }),
    ...(readOnly === undefined ? {} : { read_only: readOnly }),
    ...(shared === undefined ? {} : { shared }),
  };
  const directory = await client.json<DirectoryView>({ method: 'POST', path: '/api/v1/directories', body });
  session.show(
    directory,
    () =>
      `Directory ${directory.name} is ${directory.url}${directory.shared ? ', the same on every instance' : ''}${directory.read_only ? ', for reading only' : ''}.`,
  );
  return 'ok';
}

export async function listDirectories(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly DirectoryView[] }>({
    method: 'GET',
    path: '/api/v1/directories',
  });
  session.show(items, () =>
    formatTable(
      ['name', 'url', 'credential', 'access'],
      items.map(({ name, url, credential, read_only, shared }) => [
        name,
        url,
        credential ?? '',
        [...(read_only ? ['read-only'] : []), ...(shared ? ['shared'] : [])].join(', '),
      ]),
    ),
  );
  return 'ok';
}

export async function removeDirectory(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: `/api/v1/directories/${encodeURIComponent(name)}` });
  session.show({ removed: name }, () => `Removed ${name}; its files are untouched.`);
  return 'ok';
}
