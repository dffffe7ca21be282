import { AppError } from '../../../core/errors.ts';
import type { Argument } from '../client/encode-command.ts';
import { RedisError, type Reply, replyItems } from '../client/reply.ts';
import { commandsOf, lossByCommands } from '../rdb/commands.ts';
import type { RdbEntry } from '../rdb/read-rdb.ts';
import { createNameCrc } from './key-sum.ts';
import { partKey } from './part-key.ts';
import { callForKey } from './routed-call.ts';
import type { Tally } from './tally.ts';
import type { TargetState } from './target-state.ts';
import { restoreError, type UnitOrder } from './unit-order.ts';

/**
 * Writes a value that the target does not take as it is by commands, all in one transaction: nobody sees half of it. What cannot be written
 * at all is a failure of the tally, by its name.
 */
export async function rewriteValue(
  state: TargetState,
  order: UnitOrder,
  tally: Tally,
  entry: RdbEntry,
  signal: AbortSignal,
): Promise<void> {
  const { key, expireAt } = entry;
  const { masters, traits, isCluster } = state;
  const part = order.existing === 'skip' ? partKey(state.jobId, order.key, key, isCluster) : null;
  const place = part ?? key;
  let commands: readonly (readonly Argument[])[];
  try {
    commands = [...commandsOf({ ...entry, key: place }, order.format, traits)];
  } catch (error) {
    if (!(error instanceof AppError) || error.kind === 'corrupt') throw error;
    tally.keyFailed(order.database, key, `${error.message} ${error.hint}`);
    return;
  }
  const replies = await callForKey(
    masters,
    key,
    order.database,
    [
      ['MULTI'],
      ['DEL', place],
      ...commands,
      ...(expireAt < 0 ? [] : [['PEXPIREAT', place, expireAt]]),
      ...(part === null
        ? []
        : [
            ['RENAMENX', part, key],
            ['DEL', part],
          ]),
      ['EXEC'],
    ],
    signal,
  );
  const failure = failureOf(replies);
  if (failure !== null) {
    if (!failure.message.startsWith('ERR')) throw restoreError(failure);
    await callForKey(masters, key, order.database, [['DEL', place]], signal);
    tally.keyFailed(order.database, key, `The target refuses its value: ${failure.message}`);
    return;
  }
  if (part !== null && replyItems(replies.at(-1)).at(-2) === 0) {
    tally.skipped += 1;
    return;
  }
  const loss = lossByCommands(entry.type, order.format, traits);
  if (loss !== null) tally.lost(order, entry, loss);
  const crc = createNameCrc();
  crc.of(key);
  tally.sumOf(expireAt).add(crc);
}

/** What went wrong in a transaction: before it was run, which then was not done, or while it was. */
function failureOf(replies: readonly Reply[]): RedisError | null {
  const errors = [...replies, ...replyItems(replies.at(-1))].filter((reply) => reply instanceof RedisError);
  return errors.find(({ code }) => code !== 'EXECABORT') ?? errors[0] ?? null;
}
