import { sizeText } from '../../../base/size-text.ts';
import type { Argument } from '../client/encode-command.ts';
import { RedisError } from '../client/reply.ts';
import { keyPosition } from '../rdb/commands.ts';
import { createCrc64 } from '../rdb/crc64.ts';
import { payloadBytes } from '../rdb/payload.ts';
import type { LargeValue, RdbEntry } from '../rdb/read-rdb.ts';
import { valueType } from '../rdb/value-types.ts';
import { writeLineEnd } from './command-bytes.ts';
import type { Lane } from './lane.ts';
import { type ValueOutcome, writeInParts } from './part-value.ts';
import { type RestoreStyle, restoreRoom, writeRestoreHead, writeRestoreTail } from './restore-command.ts';
import type { TargetState } from './target-state.ts';
import { restoreError, type UnitOrder } from './unit-order.ts';

/** What is appended to a string at once. */
const pieceBytes = 256 * 1024;

/**
 * Writes a value that is too large to be held in memory: a string as one RESTORE, through which it streams, unless the target takes no
 * argument of that size; everything else by commands.
 * @param entry under its name in the target, in memory of its own
 * @param lane of that key, with nothing on its way
 */
export async function writeLargeValue(
  state: TargetState,
  order: UnitOrder,
  style: RestoreStyle,
  lane: Lane,
  entry: RdbEntry,
  value: LargeValue,
  signal: AbortSignal,
): Promise<ValueOutcome> {
  if (value.kind === 'commands') {
    const { commands } = value;
    return await writeInParts(state, order, entry, (part) => about(part, commands), signal);
  }
  if (payloadBytes(value.bodyBytes) > state.largestArgument) {
    const pieces = entry.type === valueType.string ? await plainText(value.pieces) : null;
    if (pieces === null) return { failure: tooLarge(value.bodyBytes) };
    return await writeInParts(state, order, entry, (part) => appended(part, pieces), signal);
  }
  const reply = await lane.stream(restorePieces(entry, value, style));
  if (!(reply instanceof RedisError)) return 'written';
  if (reply.code === 'BUSYKEY') return 'skipped';
  throw restoreError(reply);
}

const tooLarge = (bytes: number): string =>
  `The target takes no value of ${sizeText(bytes)}: raise its proto-max-bulk-len.`;

async function* restorePieces(
  entry: RdbEntry,
  { bodyBytes, pieces }: Extract<LargeValue, { kind: 'string' }>,
  style: RestoreStyle,
): AsyncGenerator<Uint8Array> {
  const crc = createCrc64();
  const head = Buffer.alloc(restoreRoom(entry.key.length, 0));
  const typeAt = writeRestoreHead(head, 0, entry.key, entry, bodyBytes, style);
  head[typeAt] = entry.type;
  crc.add(head, typeAt, typeAt + 1);
  yield head.subarray(0, typeAt + 1);
  for await (const piece of pieces) {
    crc.add(piece);
    yield piece;
  }
  const tail = Buffer.alloc(restoreRoom(0, 0));
  tail.writeUInt16LE(style.version, 0);
  crc.add(tail, 0, 2);
  crc.writeTo(tail, 2);
  yield tail.subarray(0, writeRestoreTail(tail, writeLineEnd(tail, 10), entry, style));
}

/** The same commands about another key. */
async function* about(
  part: Uint8Array,
  commands: AsyncIterable<readonly Uint8Array[]>,
): AsyncGenerator<readonly Uint8Array[]> {
  for await (const command of commands) yield command.with(keyPosition(command), part);
}

/** A string in pieces that are appended to each other. */
async function* appended(
  part: Uint8Array,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly Argument[]> {
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += pieceBytes) {
      yield ['APPEND', part, Buffer.from(piece.subarray(at, at + pieceBytes))];
    }
  }
}

/** A string's body without the length that it begins with; null where its text is compressed. */
async function plainText(pieces: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array> | null> {
  const rest = pieces[Symbol.asyncIterator]();
  const first = await rest.next();
  const head = first.done === true ? 0 : headBytes(first.value[0] as number);
  return head === null ? null : withoutHead(head, first, rest);
}

async function* withoutHead(
  head: number,
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let left = head;
  for (let piece = first; piece.done !== true; piece = await rest.next()) {
    const { length } = piece.value;
    if (length > left) yield piece.value.subarray(left);
    left = Math.max(0, left - length);
  }
}

/** Bytes of a length that begins so. */
function headBytes(first: number): number | null {
  if (first === 0x80) return 5;
  if (first === 0x81) return 9;
  return first >>> 6 === 3 ? null : (first >>> 6) + 1;
}
