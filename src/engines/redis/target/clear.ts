import { setTimeout as sleep } from 'node:timers/promises';
import { abortError } from '../../../core/abort-error.ts';
import type { Logger } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import { type Address, addressText } from '../client/address.ts';
import type { Argument } from '../client/encode-command.ts';
import { RedisError, type Reply, replyItems, replyText } from '../client/reply.ts';
import { askFacts } from '../client/server-facts.ts';
import { masterOf } from './masters.ts';
import { clearField, receiptDatabase } from './receipts.ts';
import { callAll, callOne } from './routed-call.ts';
import type { TargetState } from './target-state.ts';

/** Memory is freed in the background; how often it is asked whether that is done, and how long without progress. */
const freeingPollMs = 100;
const freeingPatienceMs = 60_000;

/** Removes all keys of these logical databases, of every master, once: the receipt `key` comes with the last of them. */
export async function flushDatabases(
  state: TargetState,
  key: string,
  databases: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  await once(state, key, signal, (address, receipt) => flushEach(state, address, databases, receipt, signal));
}

/**
 * Removes everything: keys of all logical databases, and functions.
 * @param only of the database URL, which means nothing but this logical database then
 */
export async function eraseEverything(
  state: TargetState,
  key: string,
  only: number | null,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<void> {
  if (only !== null) {
    await flushDatabases(state, key, [only], signal);
    return;
  }
  await once(state, key, signal, async (address, receipt) => {
    const connection = await state.masters.control(address, receiptDatabase, signal);
    await flushFunctions(state, address, log, signal);
    const error = await transaction(state, address, [['FLUSHALL', 'ASYNC'], ...receipt], signal);
    if (error === null) return;
    if (error.code !== 'NOPERM') throw classifyRedisError(error, 'erase the target', addressText(address));
    // FLUSHDB is a right of its own, and the narrower one.
    const { databases } = await askFacts(connection, signal);
    await flushEach(
      state,
      address,
      databases.map(({ database }) => database),
      receipt,
      signal,
    );
  });
}

/** Calls `flush` for each master, for the one with the receipts last and with the commands that write them anew. */
async function once(
  state: TargetState,
  key: string,
  signal: AbortSignal,
  flush: (address: Address, receipt: readonly (readonly Argument[])[]) => Promise<void>,
): Promise<void> {
  const { receipts, masters } = state;
  const known = await receipts.all(signal);
  if (known.has(clearField(key))) return;
  const kept = new Map(known).set(clearField(key), 'done');
  const own = masterOf(masters.route, receipts.key);
  const others = masters.route.addresses.filter((address) => address !== own);
  for (const address of others) await flush(address, []);
  const receipt = [['HSET', receipts.key, ...[...kept].flat()]];
  try {
    await flush(own, receipt);
  } catch (error) {
    if (!isFull(error)) throw error;
    // No receipt fits before there is room. Without one nothing has been written yet that emptying again would take away.
    await flush(own, []);
    await waitForFreeing(state, own, signal);
    await flush(own, receipt);
  }
  for (const address of [...others, own]) await waitForFreeing(state, address, signal);
}

/** Whether a server refused a command for want of memory. */
export const isFull = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'database-full';

async function flushEach(
  state: TargetState,
  address: Address,
  databases: readonly number[],
  receipt: readonly (readonly Argument[])[],
  signal: AbortSignal,
): Promise<void> {
  // A SELECT that fails within a transaction would have the wrong database emptied: each is tried before.
  for (const database of databases) {
    const connection = await state.masters.control(address, database, signal);
    if (receipt.length === 0) await callOne(connection, ['FLUSHDB', 'ASYNC'], signal);
  }
  if (receipt.length === 0) return;
  const commands = databases.flatMap((database) => [
    ['SELECT', database],
    ['FLUSHDB', 'ASYNC'],
  ]);
  const error = await transaction(
    state,
    address,
    [...commands, ['SELECT', receiptDatabase], ...receipt],
    signal,
  );
  if (error !== null) throw classifyRedisError(error, 'empty the target', addressText(address));
}

/**
 * All or nothing, as far as the server knows the commands and allows them. The first refusal; null: none. A single command goes without a
 * transaction, in which a server without memory takes nothing.
 */
async function transaction(
  { masters }: TargetState,
  address: Address,
  commands: readonly (readonly Argument[])[],
  signal: AbortSignal,
): Promise<RedisError | null> {
  const connection = await masters.control(address, receiptDatabase, signal);
  const sent = commands.length === 1 ? commands : [['MULTI'], ...commands, ['EXEC']];
  const replies = await callAll(connection, sent, signal);
  const errors = [...replies, ...replyItems(replies.at(-1))].filter(
    (reply: Reply) => reply instanceof RedisError,
  );
  return errors[0] ?? null;
}

async function flushFunctions(
  { masters }: TargetState,
  address: Address,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const connection = await masters.control(address, receiptDatabase, signal);
  const [reply] = await callAll(connection, [['FUNCTION', 'FLUSH']], signal);
  if (!(reply instanceof RedisError) || /unknown command/i.test(reply.message)) return;
  if (reply.code !== 'NOPERM') throw classifyRedisError(reply, 'erase the functions', addressText(address));
  log.warn('The functions of the target stay: its user may not remove them (+function|flush).');
}

/** What is flushed counts against maxmemory until it is freed. */
async function waitForFreeing(
  { masters }: TargetState,
  address: Address,
  signal: AbortSignal,
): Promise<void> {
  const connection = await masters.control(address, receiptDatabase, signal);
  let last = Number.POSITIVE_INFINITY;
  let since = performance.now();
  for (;;) {
    const [reply] = await callAll(connection, [['INFO', 'memory']], signal);
    const pending = Number(/^lazyfree_pending_objects:(\d+)/m.exec(replyText(reply))?.[1] ?? 0);
    if (pending === 0) return;
    if (pending !== last) since = performance.now();
    else if (performance.now() - since > freeingPatienceMs) return;
    last = pending;
    await sleep(freeingPollMs, undefined, { signal }).catch(() => {
      throw abortError(signal);
    });
  }
}

/** Removes the keys that an import made for itself. */
export async function removeOwnKeys(
  state: Pick<TargetState, 'masters'>,
  keys: readonly { readonly database: number; readonly key: Uint8Array }[],
  signal: AbortSignal,
): Promise<void> {
  const { masters } = state;
  for (const { database, key } of keys) {
    const connection = await masters.control(masterOf(masters.route, key), database, signal);
    await callOne(connection, ['DEL', key], signal);
  }
}
