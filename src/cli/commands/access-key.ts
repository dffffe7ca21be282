import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';

interface AccessKeyView {
  readonly id: string;
  readonly user: string;
  readonly created_at: string;
}

const keysOf = (name: string): string => `/api/v1/users/${encodeURIComponent(name)}/access-keys`;

export async function addAccessKey(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  const key = await client.json<AccessKeyView & { readonly secret: string }>({
    method: 'POST',
    path: keysOf(name),
  });
  session.show(key, () =>
    [
      `Access key: ${key.id}`,
      `Secret:     ${key.secret}`,
      'The secret is shown this once: keep it, or make another key.',
    ].join('\n'),
  );
  return 'ok';
}

export async function listAccessKeys(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly AccessKeyView[] }>({
    method: 'GET',
    path: keysOf(name),
  });
  session.show(items, () =>
    items.length === 0
      ? `${name} has no access keys: pumphouse user key add ${name}`
      : formatTable(
          ['id', 'made'],
          items.map(({ id, created_at }) => [id, created_at]),
        ),
  );
  return 'ok';
}

export async function removeAccessKey(session: Session, id: string): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: `/api/v1/access-keys/${encodeURIComponent(id)}` });
  session.show({ removed: id }, () => `Removed ${id}.`);
  return 'ok';
}
