import { setTimeout as sleep } from 'node:timers/promises';
import { abortError, untilAborted } from '../../../core/abort-error.ts';
import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import { type Address, addressText } from '../client/address.ts';
import type { RedisConnection } from '../client/connection.ts';
import type { Argument } from '../client/encode-command.ts';
import { RedisError, type Reply } from '../client/reply.ts';
import { type Masters, masterOf } from './masters.ts';

/** How long slots may be on their way from one master to another. */
const patienceMs = 60_000;
const pauseMs = 100;

const redirecting: ReadonlySet<string> = new Set(['MOVED', 'ASK', 'TRYAGAIN']);

/** Whether an answer says that another server must be asked, or this one again. */
export const isRedirect = (reply: Reply | undefined): boolean =>
  reply instanceof RedisError && redirecting.has(reply.code);

/**
 * Sends commands about one key directly after each other, so that MULTI ... EXEC may be among them, and gives all the answers; errors are
 * answers. Follows a slot to its new master.
 */
export async function callForKey(
  masters: Masters,
  key: Uint8Array,
  database: number,
  commands: readonly (readonly Argument[])[],
  signal: AbortSignal,
): Promise<readonly Reply[]> {
  const until = performance.now() + patienceMs;
  let asked: Address | null = null;
  for (;;) {
    const connection = await masters.control(asked ?? masterOf(masters.route, key), database, signal);
    const sent = asked === null ? commands : commands.flatMap((command) => [['ASKING'], command]);
    const replies = await callAll(connection, sent, signal);
    const redirect = replies.find((reply): reply is RedisError => isRedirect(reply));
    if (redirect === undefined)
      return asked === null ? replies : replies.filter((_, index) => index % 2 === 1);
    if (performance.now() > until)
      throw classifyRedisError(redirect, 'write keys', addressText(connection.address));
    asked = redirect.code === 'ASK' && commands.length === 1 ? addressOf(redirect, connection.address) : null;
    if (asked !== null) continue;
    if (redirect.code === 'MOVED') await masters.refresh(signal);
    await sleep(pauseMs, undefined, { signal }).catch(() => {
      throw abortError(signal);
    });
  }
}

/** One command about a key; throws what the server refuses. */
export async function callKey(
  masters: Masters,
  key: Uint8Array,
  database: number,
  command: readonly Argument[],
  signal: AbortSignal,
): Promise<Reply> {
  const [reply] = await callForKey(masters, key, database, [command], signal);
  if (reply instanceof RedisError) throw classifyRedisError(reply, `run ${String(command[0])}`);
  return reply ?? null;
}

/** The answers to commands that are sent directly after each other. Rejects only when the connection ends. */
export async function callAll(
  connection: RedisConnection,
  commands: readonly (readonly Argument[])[],
  signal: AbortSignal,
): Promise<readonly Reply[]> {
  const calls = commands.map((command) =>
    connection.call(command).catch((error: unknown) => {
      if (error instanceof RedisError) return error;
      throw error;
    }),
  );
  return await untilAborted(signal, Promise.all(calls));
}

/** One command; throws what the server refuses. */
export async function callOne(
  connection: RedisConnection,
  command: readonly Argument[],
  signal: AbortSignal,
): Promise<Reply> {
  const [reply] = await callAll(connection, [command], signal);
  if (reply instanceof RedisError) {
    throw classifyRedisError(reply, `run ${String(command[0])}`, addressText(connection.address));
  }
  return reply ?? null;
}

/** `ASK 3999 127.0.0.1:6381`; without a host it is the one that answered. */
function addressOf(redirect: RedisError, here: Address): Address {
  const match = /^\S+ \d+ (.*):(\d+)$/.exec(redirect.message);
  if (match === null) {
    throw new AppError('database-statement', {
      message: `The server ${addressText(here)} redirects to nowhere: ${redirect.message}`,
      operation: 'write keys',
    });
  }
  const host = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return { host: host === '' ? here.host : host, port: Number(match[2]) };
}
