import type { Argument } from '../client/encode-command.ts';
import { RedisError, type Reply, replyItems } from '../client/reply.ts';
import { partKey } from './part-key.ts';
import { partField, type Receipts } from './receipts.ts';
import { callForKey } from './routed-call.ts';
import type { TargetState } from './target-state.ts';
import { restoreError, type UnitOrder } from './unit-order.ts';

/** What became of a value that was written by itself; a failure is a sentence. */
export type ValueOutcome = 'written' | 'skipped' | 'expired' | { readonly failure: string };

/** Where a value is being built, as a receipt tells it. */
export interface PartPlace {
  readonly database: number;
  /** The key in base64. */
  readonly key: string;
}

/** How much is sent before the answers are waited for. */
const batchBytes = 256 * 1024;
const batchCommands = 1_000;

/**
 * Builds a value that is too large for one command under a name of this import's own, and gives it the name `key` when it is whole.
 * @param commands of the value; what they are about is put in their place by this function
 */
export async function writeInParts(
  state: TargetState,
  order: UnitOrder,
  entry: { readonly key: Uint8Array; readonly expireAt: number },
  commands: (part: Uint8Array) => AsyncIterable<readonly Argument[]>,
  signal: AbortSignal,
): Promise<ValueOutcome> {
  const { masters, receipts } = state;
  const { key, expireAt } = entry;
  const part = partKey(state.jobId, order.key, key, state.isCluster);
  const run = (some: readonly (readonly Argument[])[]): Promise<readonly Reply[]> =>
    callForKey(masters, key, order.database, some, signal);
  if (order.existing === 'skip' && (await run([['EXISTS', key]]))[0] === 1) return 'skipped';

  await registerPart(receipts, order, part, signal);
  await run([['DEL', part]]);
  let refusal = await runInBatches(run, commands(part));
  let isKept = true;
  if (refusal === null) {
    const replies = await run([
      ['MULTI'],
      ...(expireAt < 0 ? [] : [['PEXPIREAT', part, expireAt]]),
      order.existing === 'skip' ? ['RENAMENX', part, key] : ['RENAME', part, key],
      ['EXEC'],
    ]);
    const last = replyItems(replies.at(-1)).at(-1) ?? replies.at(-1);
    isKept = last !== 0;
    refusal = last instanceof RedisError ? last : null;
    if (refusal?.message.includes('no such key') === true) return 'expired';
  }
  if (refusal !== null || !isKept) await run([['DEL', part]]);
  await receipts.remove(partField(order.key), signal);
  if (refusal !== null) {
    if (refusal.code !== 'ERR') throw restoreError(refusal);
    return { failure: `The target refuses its value: ${refusal.message}` };
  }
  return isKept ? 'written' : 'skipped';
}

async function registerPart(
  receipts: Receipts,
  order: UnitOrder,
  part: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const place: PartPlace = { database: order.database, key: part.toString('base64') };
  await receipts.set(partField(order.key), JSON.stringify(place), signal);
}

/** The first refusal; null: there was none. */
async function runInBatches(
  run: (some: readonly (readonly Argument[])[]) => Promise<readonly Reply[]>,
  commands: AsyncIterable<readonly Argument[]>,
): Promise<RedisError | null> {
  let batch: (readonly Argument[])[] = [];
  let bytes = 0;
  const send = async (): Promise<RedisError | null> => {
    const replies = await run(batch);
    batch = [];
    bytes = 0;
    return replies.find((reply) => reply instanceof RedisError) ?? null;
  };
  for await (const command of commands) {
    batch.push(command);
    for (const argument of command) bytes += typeof argument === 'number' ? 8 : argument.length;
    if (bytes < batchBytes && batch.length < batchCommands) continue;
    const refusal = await send();
    if (refusal !== null) return refusal;
  }
  return batch.length === 0 ? null : await send();
}
