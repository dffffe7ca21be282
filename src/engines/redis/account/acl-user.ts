import type { RedisConnection } from '../client/connection.ts';
import { type Reply, replyItems, replyText } from '../client/reply.ts';

/** A user as ACL GETUSER tells it. */
export interface AclUser {
  readonly isOn: boolean;
  /** SHA-256 of each password, in hex. */
  readonly passwords: readonly string[];
  /** Those that it may run: `get`, `client|setname`; `@all` stands for all but what is told apart, as `-debug`. */
  readonly commands: ReadonlySet<string>;
  readonly channels: readonly string[];
  readonly readsAllKeys: boolean;
}

/** Null: there is none of that name. */
export async function readAclUser(
  connection: RedisConnection,
  name: string,
  signal: AbortSignal,
): Promise<AclUser | null> {
  const reply = replyItems(await connection.call(['ACL', 'GETUSER', name], signal));
  if (reply.length === 0) return null;
  const members = new Map(
    reply.flatMap((key, index) => (index % 2 === 0 ? [[replyText(key), reply[index + 1]] as const] : [])),
  );
  return {
    isOn: replyItems(members.get('flags')).map(replyText).includes('on'),
    passwords: replyItems(members.get('passwords')).map(replyText),
    commands: await expand(connection, replyText(members.get('commands')).split(' '), signal),
    channels: patterns(members.get('channels')),
    readsAllKeys: patterns(members.get('keys')).includes('*'),
  };
}

/** Whether the user may run a command, or the part of one: `get`, `client|setname`. */
export function mayRun({ commands }: Pick<AclUser, 'commands'>, command: string): boolean {
  const names = [command, command.split('|', 1)[0] as string];
  if (names.some((name) => commands.has(name))) return true;
  return commands.has('@all') && !names.some((name) => commands.has(`-${name}`));
}

/** Servers before 7.2 sum rules up by categories: `+@transaction -watch` for what was `+multi +exec +discard`. */
async function expand(
  connection: RedisConnection,
  rules: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const allowed = new Set<string>();
  for (const rule of rules) {
    const name = rule.slice(1);
    const isAll = name === '@all';
    if (isAll) allowed.clear();
    const names =
      name.startsWith('@') && !isAll
        ? replyItems(await connection.call(['ACL', 'CAT', name.slice(1)], signal)).map(replyText)
        : [name];
    for (const each of names) {
      if (rule.startsWith('+')) {
        allowed.add(each);
        allowed.delete(`-${each}`);
      } else {
        allowed.delete(each);
        if (allowed.has('@all')) allowed.add(`-${each}`);
      }
    }
  }
  return allowed;
}

/** Before Redis 7.0 a list of patterns, since then one text with `~` or `&` before each. */
function patterns(reply: Reply | undefined): readonly string[] {
  const items = replyItems(reply).map(replyText);
  return items.length > 0
    ? items
    : replyText(reply)
        .split(' ')
        .map((word) => word.replace(/^(?:[~&]|allkeys$)/, (sign) => (sign === 'allkeys' ? '*' : '')));
}
