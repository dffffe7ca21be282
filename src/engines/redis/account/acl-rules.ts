import { isAtLeast, type ServerFacts } from '../client/server-facts.ts';

type Version = Pick<ServerFacts, 'family' | 'version' | 'mode'>;

const common = ['info', 'select', 'scan', 'dump', 'pttl', 'type', 'dbsize', 'client|setname'];
const reading = ['sync', 'psync', 'replconf'];
const cluster = ['cluster|slots', 'cluster|nodes', 'asking', 'readonly'];

/** Keys and receipts; values that are written by commands, since the target does not know their type or they are too large for one; emptying. */
const writing = [
  ['restore', 'del', 'unlink', 'exists', 'rename', 'renamenx', 'pexpireat'],
  ['multi', 'exec', 'discard', 'hget', 'hgetall', 'hdel', 'hset'],
  ['set', 'append', 'rpush', 'sadd', 'zadd', 'xadd', 'xsetid', 'xclaim', 'xgroup'],
  ['flushdb', 'flushall'],
].flat();

/** The commands that exports, and imports unless `readOnly`, use; a server refuses those that it does not know. */
export function neededCommands(facts: Version, readOnly: boolean): readonly string[] {
  const hasFunctions = isAtLeast(facts, { redis: [7, 0], valkey: [7, 0] });
  const hasFieldTimes = isAtLeast(facts, { redis: [7, 4], valkey: [9, 0] });
  return [
    ...common,
    ...reading,
    ...(hasFunctions ? ['pexpiretime', 'function|list'] : []),
    ...(facts.mode === 'cluster' ? cluster : []),
    ...(readOnly ? [] : writing),
    ...(readOnly || !hasFunctions ? [] : ['function|load', 'function|flush']),
    ...(readOnly || !hasFieldTimes ? [] : ['hpexpireat']),
  ];
}

/** A channel that nobody uses, and that the user could not without commands for it: by it a later installation knows a user that it made. */
export const markOf = (label: string): string => `pumphouse:installed:${label}`;

/** What a user of ours may do, without its password, in the place of whatever it might. */
export const rulesOf = (commands: readonly string[], label: string): readonly string[] => [
  'on',
  'resetkeys',
  '~*',
  'resetchannels',
  `&${markOf(label)}`,
  '-@all',
  ...commands.map((command) => `+${command}`),
];

/** What a user of somebody else's is given on top of what it has, which stays; it gets no mark. */
export const addedRulesOf = (commands: readonly string[]): readonly string[] => [
  '~*',
  ...commands.map((command) => `+${command}`),
];
