import { type Caller, localAdministrator } from '../core/permission.ts';
import type { Registry } from '../registry/registry.ts';

/** A user with the role and the grants of now, for work that goes on in his name; null: the user is gone. */
export async function presentCaller(
  registry: Pick<Registry, 'getUser'>,
  name: string,
): Promise<Caller | null> {
  if (name === localAdministrator.name) return localAdministrator;
  const user = await registry.getUser(name);
  return user === null ? null : { name: user.name, role: user.role, databases: user.databases };
}
