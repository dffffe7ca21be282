import { coding, LengthCode } from '../rdb/length-code.ts';
import { decodeLzf } from '../rdb/lzf.ts';
import type { RdbEntry } from '../rdb/read-rdb.ts';
import { integerAt } from '../rdb/string-value.ts';
import { writeArgument, writeDecimal, writeLength, writeLineEnd } from './command-bytes.ts';

/** More than the bytes of a SET besides key and value. */
const overhead = 96;
/** What a compressed string of more bytes saves the server is not worth taking it apart here. */
const mostDecoded = 16 * 1024;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const heads = [ascii('*3\r\n$3\r\nSET\r\n'), ascii('*5\r\n$3\r\nSET\r\n')] as const;
const expiry = ascii('$4\r\nPXAT\r\n');

/** Of a command, the byte that tells a SET by the length of its name: `*3\r\n$3`. */
const nameLengthAt = 5;

/** Whether the command that begins at `start` is one of {@link StringSetter.write}. */
export const isSet = (bytes: Uint8Array, start: number): boolean => bytes[start + nameLengthAt] === 0x33;

/**
 * `SET key value [PXAT time]` for strings: without a payload to parse and check it takes a server less than RESTORE does, and strings are what
 * most databases are made of. One at a time: `look`, then `write`.
 */
export class StringSetter {
  readonly #head = new LengthCode();
  #start = 0;

  /** Whether the body can go as a SET; the room that it needs at most is {@link StringSetter.room}. */
  look(body: Uint8Array): boolean {
    const size = this.#head.string(body, 0, body.length);
    if (size <= 0 || size + this.#head.payload !== body.length) return false;
    this.#start = size;
    return this.#head.coding !== coding.lzf || this.#head.plain <= mostDecoded;
  }

  room(keyBytes: number): number {
    return overhead + keyBytes + Math.max(this.#head.plain, this.#head.payload);
  }

  /** Writes the command of the entry that was looked at, under `key`. Returns its end; -1: its value cannot be decompressed. */
  write(target: Uint8Array, offset: number, key: Uint8Array, { body, expireAt }: RdbEntry): number {
    const head = heads[expireAt >= 0 ? 1 : 0];
    target.set(head, offset);
    let at = writeArgument(target, offset + head.length, key);
    const { payload, plain, coding: kind } = this.#head;
    if (kind === coding.integer) {
      at = writeArgument(target, at, ascii(String(integerAt(body, this.#start, payload))));
    } else if (kind === coding.plain) {
      at = writeLength(target, at, payload);
      target.set(body.subarray(this.#start), at);
      at = writeLineEnd(target, at + payload);
    } else {
      at = writeLength(target, at, plain);
      if (!decodeLzf(body, this.#start, body.length, target.subarray(at, at + plain), plain)) return -1;
      at = writeLineEnd(target, at + plain);
    }
    if (expireAt < 0) return at;
    target.set(expiry, at);
    at += expiry.length;
    let digits = 1;
    for (let bound = 10; expireAt >= bound; bound *= 10) digits += 1;
    return writeLineEnd(target, writeDecimal(target, writeLength(target, at, digits), expireAt));
  }
}
