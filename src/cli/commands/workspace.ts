import { AppError } from '../../core/errors.ts';
import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';

interface WorkspaceView {
  readonly id: string;
  readonly name: string;
  readonly is_default: boolean;
  readonly created_at: string;
}

const collection = '/api/v1/workspaces';
const addressOf = (name: string): string => `${collection}/${encodeURIComponent(name)}`;

export async function addWorkspace(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  const made = await client.json<WorkspaceView>({ method: 'POST', path: collection, body: { name } });
  session.show(
    made,
    () => `Made workspace ${made.name} (${made.id})${made.is_default ? ', the default' : ''}.`,
  );
  return 'ok';
}

export async function listWorkspaces(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly WorkspaceView[] }>({
    method: 'GET',
    path: collection,
  });
  session.show(items, () =>
    items.length === 0
      ? 'No workspaces yet: pumphouse workspace add NAME'
      : formatTable(
          ['name', 'id', 'created', 'default'],
          items.map(({ name, id, created_at, is_default }) => [
            name,
            id,
            created_at,
            is_default ? 'default' : '',
          ]),
        ),
  );
  return 'ok';
}

export async function removeWorkspace(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: addressOf(name) });
  session.show({ removed: name }, () => `Removed workspace ${name}.`);
  return 'ok';
}

/** Without a name, and without `--none`: which one it is. */
export async function defaultWorkspace(
  session: Session,
  name: string | undefined,
  { none = false }: { readonly none?: boolean },
): Promise<CommandEnd> {
  if (name !== undefined && none) {
    throw new AppError('usage', {
      message: 'A name and --none are both given.',
      hint: 'Give one of them.',
    });
  }
  const client = await session.client();
  if (name === undefined && !none) {
    const chosen = await client.json<WorkspaceView>({ method: 'GET', path: addressOf('-') });
    session.show(chosen, () => `${chosen.name} is the default workspace.`);
    return 'ok';
  }
  const workspace = name ?? null;
  await client.json({ method: 'PUT', path: '/api/v1/default-workspace', body: { workspace } });
  session.show({ workspace }, () =>
    workspace === null ? 'No workspace is the default now.' : `${workspace} is the default workspace.`,
  );
  return 'ok';
}
