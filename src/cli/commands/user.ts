import { formatTable } from '../format.ts';
import { askSecret, readSecretLine } from '../read-secret.ts';
import type { CommandEnd, Session } from '../session.ts';

interface UserView {
  readonly name: string;
  readonly role: string;
  readonly databases: readonly string[];
}

interface AddUserFlags {
  readonly role: string;
  readonly passwordStdin?: boolean;
  readonly database?: readonly string[];
}

export async function addUser(
  session: Session,
  name: string,
  { role, passwordStdin, database }: AddUserFlags,
): Promise<CommandEnd> {
  const password =
    passwordStdin === true
      ? await readSecretLine(session.host)
      : await askSecret(session.host, `Password for ${name}: `);
  const client = await session.client();
  const user = await client.json<UserView>({
    method: 'POST',
    path: '/api/v1/users',
    body: { name, role, password, ...(database === undefined ? {} : { databases: database }) },
  });
  const granted = user.databases.length > 0 ? ` on ${user.databases.join(', ')}` : '';
  session.show(user, () => `Added ${user.name}, ${user.role}${granted}.`);
  return 'ok';
}

export async function listUsers(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly UserView[] }>({
    method: 'GET',
    path: '/api/v1/users',
  });
  session.show(items, () =>
    items.length === 0
      ? 'No users yet: pumphouse user add NAME --role ROLE'
      : formatTable(
          ['name', 'role', 'databases'],
          items.map(({ name, role, databases }) => [name, role, databases.join(', ')]),
        ),
  );
  return 'ok';
}

export async function removeUser(session: Session, name: string): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: `/api/v1/users/${encodeURIComponent(name)}` });
  session.show({ removed: name }, () => `Removed ${name}.`);
  return 'ok';
}
