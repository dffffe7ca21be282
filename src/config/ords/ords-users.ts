import { readFile } from 'node:fs/promises';
import { type Role, roleOfWord } from '../../core/permission.ts';
import { absent, writeOrdsFile } from './ords-folder.ts';

/** A user of the credentials file. */
export interface OrdsUser {
  readonly name: string;
  /** As the file has it: argon2id, PHC string, where we wrote it. */
  readonly passwordHash: string;
  /** As the file has them. */
  readonly roles: readonly string[];
}

/*
 * The file has a line for each user: name, hash and roles between semicolons. The vendor's hashes are of another kind, and stay as they are.
 */

/** The users of the file; empty when there is none. */
export async function readOrdsUsers(path: string): Promise<readonly OrdsUser[]> {
  const text = (await readFile(path, 'utf8').catch(absent)) ?? '';
  return text.split(/\r?\n/).flatMap((line) => {
    const [name = '', passwordHash, roles] = line.split(';');
    if (name === '' || name.startsWith('#') || passwordHash === undefined) return [];
    return [{ name, passwordHash, roles: rolesOf(roles ?? '') }];
  });
}

/** Adds a user, or replaces the one of that name. */
export async function putOrdsUser(path: string, user: OrdsUser): Promise<void> {
  const others = (await readOrdsUsers(path)).filter(({ name }) => name !== user.name);
  const lines = [...others, user].map(
    ({ name, passwordHash, roles }) => `${name};${passwordHash};${roles.join(',')}\n`,
  );
  await writeOrdsFile(path, lines.join(''));
}

export const rolesOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '');

/** The strongest role of ours among the words; null: none of them is one. */
export function strongestRole(words: readonly string[]): Role | null {
  const order: readonly Role[] = ['administrator', 'operator', 'developer', 'viewer'];
  const found = words.map((word) => roleOfWord(word === 'System Administrator' ? 'administrator' : word));
  return order.find((role) => found.includes(role)) ?? null;
}

/** Whether the hash is one that we can check a password against. */
export const isOwnHash = (hash: string): boolean => hash.startsWith('$argon2id$');
