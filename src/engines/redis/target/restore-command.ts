import { payloadBytes, writePayload } from '../rdb/payload.ts';
import type { RdbEntry } from '../rdb/read-rdb.ts';
import { argumentsOf, writeArgument, writeDecimal, writeLength, writeLineEnd } from './command-bytes.ts';

/** What all RESTOREs of a unit have in common. */
export interface RestoreStyle {
  /** The RDB version in the payloads' footers: the target's. */
  readonly version: number;
  /** What is there already gives way. */
  readonly replace: boolean;
  /** Which of the values' eviction facts the target has a use for. */
  readonly eviction: 'idle' | 'frequency' | null;
}

/** More than the bytes of a RESTORE besides key and payload. */
const overhead = 160;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const headOf = (count: number): Uint8Array => ascii(`*${count}\r\n$7\r\nRESTORE\r\n`);
const heads = Array.from({ length: 9 }, (_, count) => headOf(count));
const absTtl = ascii('$6\r\nABSTTL\r\n');
const replace = ascii('$7\r\nREPLACE\r\n');
const idleTime = ascii('$8\r\nIDLETIME\r\n');
const frequency = ascii('$4\r\nFREQ\r\n');

/** Room that a RESTORE needs at most. */
export const restoreRoom = (keyBytes: number, bodyBytes: number): number =>
  overhead + keyBytes + payloadBytes(bodyBytes);

/** `RESTORE key ttl payload [ABSTTL] [REPLACE] ...` of an entry under `key`; returns its end. */
export function writeRestore(
  target: Uint8Array,
  offset: number,
  key: Uint8Array,
  entry: RdbEntry,
  style: RestoreStyle,
): number {
  let at = writeRestoreHead(target, offset, key, entry, entry.body.length, style);
  at = writePayload(target, at, entry.type, entry.body, style.version);
  return writeRestoreTail(target, writeLineEnd(target, at), entry, style);
}

/** The same up to the first byte of the payload. */
export function writeRestoreHead(
  target: Uint8Array,
  offset: number,
  key: Uint8Array,
  entry: RdbEntry,
  bodyBytes: number,
  style: RestoreStyle,
): number {
  const count =
    4 + (entry.expireAt >= 0 ? 1 : 0) + (style.replace ? 1 : 0) + (evictionOf(entry, style) >= 0 ? 2 : 0);
  const head = heads[count] as Uint8Array;
  target.set(head, offset);
  let at = writeArgument(target, offset + head.length, key);
  at = writeNumber(target, at, Math.max(entry.expireAt, 0));
  return writeLength(target, at, payloadBytes(bodyBytes));
}

/** What follows the payload and its line end. */
export function writeRestoreTail(
  target: Uint8Array,
  offset: number,
  entry: RdbEntry,
  style: RestoreStyle,
): number {
  let at = offset;
  const put = (word: Uint8Array): void => {
    target.set(word, at);
    at += word.length;
  };
  if (entry.expireAt >= 0) put(absTtl);
  if (style.replace) put(replace);
  const eviction = evictionOf(entry, style);
  if (eviction >= 0) {
    put(style.eviction === 'idle' ? idleTime : frequency);
    at = writeNumber(target, at, eviction);
  }
  return at;
}

const evictionOf = (entry: RdbEntry, style: RestoreStyle): number => {
  if (style.eviction === null) return -1;
  return style.eviction === 'idle' ? entry.idle : entry.frequency;
};

function writeNumber(target: Uint8Array, offset: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits += 1;
  return writeLineEnd(target, writeDecimal(target, writeLength(target, offset, digits), value));
}

/** What a RESTORE holds. The arrays are views of its bytes. */
export interface RestoredEntry {
  readonly key: Uint8Array;
  readonly type: number;
  /** Milliseconds since 1970; -1: none. */
  readonly expireAt: number;
  readonly body: Uint8Array;
}

/** Reads back a RESTORE of {@link writeRestore}. */
export function readRestore(bytes: Uint8Array, start: number): RestoredEntry {
  const [, key, ttl, payload] = argumentsOf(bytes, start) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const expireAt = Number(Buffer.from(ttl).toString('latin1'));
  return {
    key,
    type: payload[0] as number,
    expireAt: expireAt === 0 ? -1 : expireAt,
    body: payload.subarray(1, payload.length - 10),
  };
}
