import type { TargetTraits } from '../commands.ts';
import { damaged } from '../rdb-error.ts';
import { isAtLeast } from '../server-version.ts';
import { valueType } from '../value-types.ts';
import { ascii } from './ascii.ts';
import { type BodyCursor, bytesOf, countOf, type Decoding, numberOf, stringOf } from './body-cursor.ts';
import { PendingMessages } from './pending-messages.ts';
import { idIn, idOf, idText, isZero, type StreamId } from './stream-id.ts';
import { messagesOf } from './stream-messages.ts';

const idBytes = 16;
/** Of a group that cannot say how many messages it has read. */
const unknownCount = 2n ** 64n - 1n;

/** What a stream says of itself behind its messages. */
interface StreamState {
  readonly last: StreamId;
  /** Null: the body is of an older type, which does not say. */
  readonly history: { readonly maxDeleted: StreamId; readonly added: bigint } | null;
}

/** Messages, counters, groups, consumers and what is pending for them. */
export function* streamCommands(
  key: Uint8Array,
  type: number,
  cursor: BodyCursor,
  target: TargetTraits,
): Decoding<readonly Uint8Array[]> {
  const takesCounters = target.family === 'valkey' || isAtLeast(target.version, 7, 0);
  let isEmpty = true;
  for (let left = yield* countOf(cursor); left > 0; left--) {
    const nodeId = yield* stringOf(cursor);
    if (nodeId.length !== idBytes) throw damaged('a node of a stream has no id', cursor.at);
    for (const message of messagesOf(key, idIn(nodeId), yield* stringOf(cursor))) {
      isEmpty = false;
      yield message;
    }
  }
  yield* countOf(cursor);
  const state = yield* stateOf(type, cursor);
  if (isEmpty) yield* emptyStream(key, state.last);
  yield setId(key, state, takesCounters);
  for (let left = yield* countOf(cursor); left > 0; left--) {
    yield* group(key, type, cursor, target, takesCounters);
  }
}

function* stateOf(type: number, cursor: BodyCursor): Decoding<never, StreamState> {
  const last = yield* idOf(cursor);
  if (type === valueType.stream) return { last, history: null };
  yield* idOf(cursor);
  const maxDeleted = yield* idOf(cursor);
  return { last, history: { maxDeleted, added: yield* numberOf(cursor) } };
}

/** A message that is dropped at once leaves a stream with no messages. */
function* emptyStream(key: Uint8Array, last: StreamId): Generator<readonly Uint8Array[], void> {
  const id = isZero(last) ? { ms: 0n, sequence: 1n } : last;
  yield ['XADD', key, 'MAXLEN', 0, idText(id), 'x', 'y'].map((part) =>
    typeof part === 'object' ? part : ascii(part),
  );
}

function setId(
  key: Uint8Array,
  { last, history }: StreamState,
  takesCounters: boolean,
): readonly Uint8Array[] {
  const command = [ascii('XSETID'), key, idText(last)];
  if (history === null || !takesCounters) return command;
  return [
    ...command,
    ...[ascii('ENTRIESADDED'), ascii(history.added)],
    ...[ascii('MAXDELETEDID'), idText(history.maxDeleted)],
  ];
}

function* group(
  key: Uint8Array,
  type: number,
  cursor: BodyCursor,
  target: TargetTraits,
  takesCounters: boolean,
): Decoding<readonly Uint8Array[]> {
  const name = yield* stringOf(cursor);
  const create = [ascii('XGROUP'), ascii('CREATE'), key, name, idText(yield* idOf(cursor))];
  if (type !== valueType.stream) {
    const read = yield* numberOf(cursor);
    if (takesCounters) create.push(ascii('ENTRIESREAD'), ascii(read === unknownCount ? -1 : read));
  }
  yield create;
  const pending = new PendingMessages();
  yield* pending.read(cursor);
  const createsConsumers = target.family === 'valkey' || isAtLeast(target.version, 6, 2);
  for (let left = yield* countOf(cursor); left > 0; left--) {
    const consumer = yield* stringOf(cursor);
    yield* bytesOf(cursor, type === valueType.stream3 ? 16 : 8);
    if (createsConsumers) yield [ascii('XGROUP'), ascii('CREATECONSUMER'), key, name, consumer];
    yield* pending.claims(cursor, key, name, consumer);
  }
}
