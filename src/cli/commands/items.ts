import { readFile } from 'node:fs/promises';
import type { WorkspaceItemKind } from '../../core/definition.ts';
import { AppError } from '../../core/errors.ts';
import type { ApiClient } from '../client.ts';
import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';
import { itemPath, type WorkspaceFlags, workspacePath } from '../workspace-path.ts';
import { type Body, given } from './job-flags.ts';

/* Scripts, resources and connections, and what definitions share with them. */

/** What lists tell of a thing. */
export interface ItemLine {
  readonly name: string;
  readonly version: number;
  readonly document_of: string | null;
  readonly updated_by: string;
  readonly updated_at: string;
}

type Item = ItemLine & Body;

/** All of a kind, page by page. */
export async function allItems(
  client: ApiClient,
  flags: WorkspaceFlags,
  kind: WorkspaceItemKind,
): Promise<readonly ItemLine[]> {
  const found: ItemLine[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { readonly items: readonly ItemLine[]; readonly next_cursor: string | null } =
      await client.json({
        method: 'GET',
        path: `${workspacePath(flags, `${kind}s`)}?limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      });
    found.push(...page.items);
    cursor = page.next_cursor;
  }
  return found;
}

export const getItem = (
  client: ApiClient,
  flags: WorkspaceFlags,
  kind: WorkspaceItemKind,
  name: string,
): Promise<Item> => client.json<Item>({ method: 'GET', path: itemPath(flags, kind, name) });

export async function addItem(
  session: Session,
  kind: WorkspaceItemKind,
  flags: WorkspaceFlags,
  body: Body & { readonly name: string },
): Promise<CommandEnd> {
  const client = await session.client();
  const item = await client.json<Item>({ method: 'POST', path: workspacePath(flags, `${kind}s`), body });
  session.show(item, () => `Added ${kind} ${item.name}.`);
  return 'ok';
}

/** Replaces all of a thing, or gives it another name. */
export async function putItem(
  session: Session,
  kind: WorkspaceItemKind,
  name: string,
  flags: WorkspaceFlags,
  body: Body,
): Promise<CommandEnd> {
  const client = await session.client();
  const item = await client.json<Item & { readonly dropped_document_of: string | null }>({
    method: 'PUT',
    path: itemPath(flags, kind, name),
    body,
  });
  const dropped = item.dropped_document_of;
  session.show(item, () =>
    [
      `Changed ${kind} ${item.name}.`,
      ...(dropped === null
        ? []
        : [
            `It came through the API ${dropped}, whose own document of it was dropped: that API tells it from its content now.`,
          ]),
    ].join('\n'),
  );
  return 'ok';
}

/** Changes what the flags name, and leaves the rest. */
async function changeItem(
  session: Session,
  kind: 'script' | 'resource' | 'connection',
  name: string,
  flags: WorkspaceFlags & { readonly rename?: string },
  change: Body,
): Promise<CommandEnd> {
  const old: Body = await getItem(await session.client(), flags, kind, name);
  const kept = Object.fromEntries(members[kind].map((member) => [member, old[member]]));
  return putItem(session, kind, name, flags, { name: flags.rename ?? name, ...kept, ...change });
}

const members = {
  script: ['type', 'content', 'connection', 'description'],
  resource: ['type', 'location', 'description'],
  connection: ['database', 'description'],
} as const;

export interface ScriptFlags extends WorkspaceFlags {
  readonly file?: string;
  readonly connection?: string;
  readonly type?: string;
  readonly description?: string;
  readonly rename?: string;
}

async function scriptBody({ file, connection, type, description }: ScriptFlags): Promise<Body> {
  return {
    ...given('type', type),
    ...given('content', file === undefined ? undefined : await readInput(file)),
    ...given('connection', connection === '' ? null : connection),
    ...given('description', description),
  };
}

export const addScript = async (session: Session, name: string, flags: ScriptFlags): Promise<CommandEnd> =>
  addItem(session, 'script', flags, { name, ...(await scriptBody(flags)) });

export const putScript = async (session: Session, name: string, flags: ScriptFlags): Promise<CommandEnd> =>
  changeItem(session, 'script', name, flags, await scriptBody(flags));

export interface ResourceFlags extends WorkspaceFlags {
  readonly type?: string;
  readonly location?: string;
  readonly description?: string;
  readonly rename?: string;
}

const resourceBody = ({ type, location, description }: ResourceFlags): Body => ({
  ...given('type', type),
  ...given('location', location),
  ...given('description', description),
});

export const addResource = (session: Session, name: string, flags: ResourceFlags): Promise<CommandEnd> =>
  addItem(session, 'resource', flags, { name, ...resourceBody(flags) });

export const putResource = (session: Session, name: string, flags: ResourceFlags): Promise<CommandEnd> =>
  changeItem(session, 'resource', name, flags, resourceBody(flags));

export interface ConnectionFlags extends WorkspaceFlags {
  readonly database?: string;
  readonly description?: string;
  readonly rename?: string;
}

const connectionBody = ({ database, description }: ConnectionFlags): Body => ({
  ...given('database', database),
  ...given('description', description),
});

export const addConnection = (session: Session, name: string, flags: ConnectionFlags): Promise<CommandEnd> =>
  addItem(session, 'connection', flags, { name, ...connectionBody(flags) });

export const putConnection = (session: Session, name: string, flags: ConnectionFlags): Promise<CommandEnd> =>
  changeItem(session, 'connection', name, flags, connectionBody(flags));

export async function listItems(
  session: Session,
  kind: WorkspaceItemKind,
  flags: WorkspaceFlags,
): Promise<CommandEnd> {
  const items = await allItems(await session.client(), flags, kind);
  const hasVersions = kind === 'definition';
  session.show(items, () =>
    items.length === 0
      ? `No ${kind}s yet: pumphouse ${kind} add NAME`
      : formatTable(
          ['name', ...(hasVersions ? ['version'] : []), 'changed', 'by', 'came through'],
          items.map(({ name, version, updated_at, updated_by, document_of }) => [
            name,
            ...(hasVersions ? [version === 0 ? 'draft' : String(version)] : []),
            updated_at,
            updated_by,
            document_of ?? '',
          ]),
        ),
  );
  return 'ok';
}

/** Of a script the text itself, so that it can be sent into a file. */
export async function showItem(
  session: Session,
  kind: 'script' | 'resource' | 'connection',
  name: string,
  flags: WorkspaceFlags,
): Promise<CommandEnd> {
  const item = await getItem(await session.client(), flags, kind, name);
  session.show(item, () => {
    if (kind === 'script') return String(item.content).replace(/\n$/, '');
    return ['name', ...members[kind]].map((member) => `${member}: ${String(item[member] ?? '')}`).join('\n');
  });
  return 'ok';
}

export async function removeItem(
  session: Session,
  kind: WorkspaceItemKind,
  name: string,
  flags: WorkspaceFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: itemPath(flags, kind, name) });
  session.show({ removed: name }, () => `Removed ${kind} ${name}.`);
  return 'ok';
}

/** A text file that the command line names. */
export async function readInput(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AppError('usage', {
      field: 'file',
      message: `The file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.`,
      hint: 'Give the path of a text file.',
      cause: error,
    });
  }
}
