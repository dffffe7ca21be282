import { hashPassword } from '../base/password.ts';
import { AppError } from '../core/errors.ts';
import { checkNewUserName } from '../core/name.ts';
import { everyDatabase, localAdministrator, type Role, roleOfWord, roles } from '../core/permission.ts';
import type { UserRecord } from '../registry/registry.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { refuseWhileBackupsNeed } from './backup-uses.ts';
import { refuseWhileJobsUse } from './credentials.ts';
import { unknownDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readObject, readText, readTexts, spell } from './input.ts';
import type { Service, UserView } from './service.ts';

type UserFunctions = Pick<Service, 'addUser' | 'getUser' | 'listUsers' | 'removeUser'>;

const passwordHint = 'Give a password of 1 to 256 characters.';

/** Users: commands and queries. */
export function createUsers(parts: ServiceDependencies): UserFunctions {
  const { registry } = parts;

  /** Checks the grants of a new user and gives them as stored. */
  async function readGrants(value: unknown, role: Role): Promise<readonly string[]> {
    const hint = 'Give the names of registered databases, or leave the field out for all of them.';
    const databases = [...new Set(readTexts(value, 'databases', hint, 63))];
    if (role !== 'developer') {
      if (databases.length === 0) return [];
      throw fieldInvalid(
        'databases',
        `cannot be given to the role ${role}`,
        'Only developers are held to databases.',
      );
    }
    if (value === undefined || value === null) return [everyDatabase];
    for (const name of databases) {
      if (name !== everyDatabase && (await registry.getDatabase(name)) === null) throw unknownDatabase(name);
    }
    return databases;
  }

  return {
    async addUser(context, rawInput) {
      const input = readObject(rawInput);
      const name = checkNewUserName(input.name, 'name');
      await authoriseCommand(parts, context, { name: 'user:add', subject: name }, () =>
        authorise(context, 'user:manage'),
      );
      if (name === localAdministrator.name) {
        throw new AppError('name-invalid', {
          field: 'name',
          message: `The name ${name} stands for the command line on the data folder.`,
          hint: 'Choose another name.',
        });
      }
      const role = readRole(input.role);
      const password = readText(input.password, 'password', passwordHint, 256);
      const databases = await readGrants(input.databases, role);
      const passwordHash = await hashPassword(password);
      return viewOf(await registry.addUser({ name, role, passwordHash, databases }));
    },

    async getUser(context, name) {
      authorise(context, 'user:manage');
      const record = await registry.getUser(name);
      if (record !== null) return viewOf(record);
      throw unknownUser(name);
    },

    async listUsers(context) {
      authorise(context, 'user:manage');
      return (await registry.listUsers()).map(viewOf);
    },

    async removeUser(context, name) {
      await authoriseCommand(parts, context, { name: 'user:remove', subject: name }, () =>
        authorise(context, 'user:manage'),
      );
      if ((await registry.getUser(name)) === null) throw unknownUser(name);
      // A user who comes later by the same name must not find them.
      const own = (await registry.listCredentials()).filter(({ owner }) => owner === name);
      for (const { name: credential } of own) {
        await refuseWhileJobsUse(parts, credential);
        await refuseWhileBackupsNeed(parts, 'credential', credential);
      }
      for (const credential of own) await registry.removeCredential(credential.name);
      await registry.removeUser(name);
    },
  };
}

export const unknownUser = (name: string): AppError =>
  new AppError('user-unknown', { field: 'user', message: `There is no user ${JSON.stringify(name)}.` });

function readRole(value: unknown): Role {
  const role = typeof value === 'string' ? roleOfWord(value) : null;
  if (role !== null) return role;
  const words = [...roles, 'SQL Administrator', 'SQL Developer'].join(', ');
  throw fieldInvalid('role', `must be one of ${words}, not ${spell(value)}`, `Use one of ${words}.`);
}

const viewOf = ({ name, role, databases, createdAt }: UserRecord): UserView => ({
  name,
  role,
  databases,
  createdAt,
});
