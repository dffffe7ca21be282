import { ascii } from './ascii.ts';
import { type BodyCursor, type Decoding, numberOf } from './body-cursor.ts';

/** Which message of a stream: milliseconds and a number within them, each of 64 bits. */
export interface StreamId {
  readonly ms: bigint;
  readonly sequence: bigint;
}

export const idText = ({ ms, sequence }: StreamId): Uint8Array => ascii(`${ms}-${sequence}`);

export const isZero = ({ ms, sequence }: StreamId): boolean => ms === 0n && sequence === 0n;

/** An id of 16 bytes, big endian: of listpacks and of pending messages. */
export function idIn(bytes: Uint8Array, at = 0): StreamId {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16);
  return { ms: view.getBigUint64(0), sequence: view.getBigUint64(8) };
}

/** An id of two lengths. */
export function* idOf(cursor: BodyCursor): Decoding<never, StreamId> {
  const ms = yield* numberOf(cursor);
  return { ms, sequence: yield* numberOf(cursor) };
}
