import type { Finding } from '../../../core/catalogue.ts';
import { addressText } from '../client/address.ts';
import type { RedisConnection } from '../client/connection.ts';
import type { Argument } from '../client/encode-command.ts';
import { RedisError, type Reply } from '../client/reply.ts';
import { ownPrefix } from './receipts.ts';
import { callAll } from './routed-call.ts';

const probeKey = `${ownPrefix}probe`;

interface Right {
  readonly rule: string;
  readonly command: readonly Argument[];
  /** Red: nothing goes without it. */
  readonly level: 'amber' | 'red';
  /** What it is needed for. */
  readonly use: string;
}

const needed = (command: readonly Argument[], use: string): Right => ({
  rule: `+${String(command[0]).toLowerCase()}`,
  command,
  level: 'red',
  use,
});
const useful = (command: readonly Argument[], use: string, rule?: string): Right => ({
  rule: rule ?? `+${String(command[0]).toLowerCase()}`,
  command,
  level: 'amber',
  use,
});

const rights: readonly Right[] = [
  needed(['RESTORE', probeKey, '0', 'value'], 'to write keys'),
  needed(['HSET', probeKey, 'field', 'value'], 'for receipts'),
  needed(['HGET', probeKey, 'field'], 'for receipts'),
  needed(['HGETALL', probeKey], 'for receipts'),
  needed(['HDEL', probeKey, 'field'], 'for receipts'),
  needed(['DEL', probeKey], 'to remove the receipts'),
  needed(['DBSIZE'], 'to see what is there'),
  needed(['SCAN', '0'], 'to see and compare what is there'),
  useful(['DUMP', probeKey], 'to learn the RDB version of the target, which is guessed from INFO otherwise'),
  useful(['PTTL', probeKey], 'to compare keys with an expiry'),
  useful(['UNLINK', probeKey], 'to remove keys whose successors have expired (replace)'),
  useful(['PEXPIREAT', probeKey, '1'], 'for the expiry of values that are written by commands'),
  useful(['FLUSHDB', 'ASYNC'], 'to empty logical databases first (truncate)'),
  useful(['FLUSHALL', 'ASYNC'], 'to erase everything first; FLUSHDB for each logical database does it, too'),
  useful(['FUNCTION', 'LOAD', 'library'], 'to bring functions', '+function|load'),
];

/**
 * Asks for each right within a transaction that is dropped: a server checks rights when it takes a command, and runs none of these.
 * @param connection of the caller's own, which nobody else may use: what others sent would be dropped, too
 */
export async function rightFindings(
  connection: RedisConnection,
  user: string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const [begun] = await callAll(connection, [['MULTI']], signal);
  if (begun !== 'OK') {
    return [
      lack(
        user,
        'amber',
        'MULTI',
        'to empty databases, and to write values of types that the target does not know',
        '+multi +exec +discard',
      ),
    ];
  }
  const commands = [...rights.map(({ command }) => command), ['DISCARD']];
  const replies = await callAll(connection, commands, signal);
  return [...lackingRights(user, replies), ...unsaved(connection, replies)];
}

function lackingRights(user: string, replies: readonly Reply[]): readonly Finding[] {
  let lacksKeys = false;
  const findings = rights.flatMap(({ command, rule, level, use }, at): Finding[] => {
    const reply = replies[at];
    if (!(reply instanceof RedisError) || reply.code !== 'NOPERM') return [];
    if (isAboutKeys(reply)) {
      lacksKeys = true;
      return [];
    }
    const name = command.slice(0, rule.includes('|') ? 2 : 1).join(' ');
    return [lack(user, level, name, use, rule)];
  });
  if (!lacksKeys) return findings;
  const keys: Finding = {
    level: 'red',
    check: 'privilege',
    message: `The user ${user} of the target may not write the keys ${ownPrefix}*, where the receipts of imports are.`,
    remedy: `ACL SETUSER ${user} ~*, or ~${ownPrefix}* beside the patterns of the keys that are imported`,
  };
  return [keys, ...findings];
}

/** `No permissions to access a key`, and not `... to run the 'get' command`. */
const isAboutKeys = ({ message }: RedisError): boolean =>
  /\bkeys?\b/i.test(message) && !/\brun\b/i.test(message);

const lack = (user: string, level: Finding['level'], name: string, use: string, rule: string): Finding => ({
  level,
  check: 'privilege',
  message: `The user ${user} of the target may not run ${name}, which is needed ${use}.`,
  remedy: `ACL SETUSER ${user} ${rule}`,
});

function unsaved({ address }: RedisConnection, replies: readonly Reply[]): readonly Finding[] {
  if (!replies.some((reply) => reply instanceof RedisError && reply.code === 'MISCONF')) return [];
  return [
    {
      level: 'red',
      check: 'persistence',
      message: `The target ${addressText(address)} takes no writes, since it cannot save its data to its disk.`,
      remedy:
        'Make room on its disk, and look at its log; with CONFIG SET stop-writes-on-bgsave-error no it goes on without saving.',
    },
  ];
}
