import { AppError } from '../../../../core/errors.ts';
import { shownKey } from '../../shown-key.ts';
import type { TargetTraits } from '../commands.ts';
import { knowsFieldExpiry } from '../field-expiry.ts';
import type { RdbFormat } from '../format.ts';
import { damaged } from '../rdb-error.ts';
import { hasFieldExpiry, valueType, valueTypeName } from '../value-types.ts';
import { ascii } from './ascii.ts';
import { type BodyCursor, type Decoding, stringOf } from './body-cursor.ts';
import { CommandBatch } from './command-batch.ts';
import { elementsOf } from './elements.ts';
import { hashWithExpiry } from './hash-with-expiry.ts';
import { streamCommands } from './stream.ts';

/** Commands that make a value of `type` out of its body; null where the cursor needs more bytes. */
export function decodeValue(
  key: Uint8Array,
  type: number,
  cursor: BodyCursor,
  source: RdbFormat,
  target: TargetTraits,
): Decoding<readonly Uint8Array[]> {
  const word = valueTypeName(type);
  if (hasFieldExpiry(type, source.family)) return hashWithExpiry(key, type, cursor, knowsFieldExpiry(target));
  if (type === valueType.string) return setCommand(key, cursor);
  if (word === 'stream') return streamCommands(key, type, cursor, target);
  const command = adders[word];
  if (command === undefined || type >= valueType.hashWithExpiry) throw noCommands(type, key);
  return collection(new CommandBatch(ascii(command), key), type, cursor);
}

const adders: Readonly<Record<string, string>> = { list: 'RPUSH', set: 'SADD', zset: 'ZADD', hash: 'HSET' };

const noCommands = (type: number, key: Uint8Array): AppError =>
  new AppError('unsupported', {
    message: `The value of the key ${shownKey(key)} (type ${type}, ${valueTypeName(type)}) cannot be written by commands.`,
    hint: 'Load the module that it belongs to in the target, at the same version, or leave the key out.',
    operation: 'write a value by commands',
    context: { type },
  });

function* setCommand(key: Uint8Array, cursor: BodyCursor): Decoding<readonly Uint8Array[]> {
  yield [ascii('SET'), key, yield* stringOf(cursor)];
}

function* collection(batch: CommandBatch, type: number, cursor: BodyCursor): Decoding<readonly Uint8Array[]> {
  const word = valueTypeName(type);
  const isPaired = word === 'zset' || word === 'hash';
  let first: Uint8Array | null = null;
  for (const element of elementsOf(type, cursor)) {
    if (element === null) {
      yield null;
    } else if (isPaired && first === null) {
      first = element;
    } else {
      const isFull =
        first === null
          ? batch.add(element)
          : word === 'zset'
            ? batch.add(element, first)
            : batch.add(first, element);
      first = null;
      if (isFull) yield batch.take();
    }
  }
  if (first !== null) throw damaged(`a ${word} ends between two halves of a pair`, cursor.at);
  if (!batch.isEmpty) yield batch.take();
}
