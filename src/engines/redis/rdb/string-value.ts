import { coding, LengthCode } from './length-code.ts';
import { decodeLzf } from './lzf.ts';
import { damaged, tooLong } from './rdb-error.ts';

/** More than a server takes as one argument, unless told to. */
export const longestHeld = 512 * 2 ** 20;

const head = new LengthCode();

/** The string whose head and content are `bytes[at, end)`; a view of them where it is stored as it is. */
export function decodedString(bytes: Uint8Array, at: number, end: number): Uint8Array {
  const size = head.string(bytes, at, end);
  if (size <= 0 || size + head.payload !== end - at) throw damaged('what should be a string is none', at);
  return decodedContent(bytes, at + size, head.payload, head.plain, head.coding);
}

/** The same of a content whose head has been read. */
export function decodedContent(
  bytes: Uint8Array,
  at: number,
  payload: number,
  plain: number,
  kind: number,
): Uint8Array {
  if (kind === coding.plain) return bytes.subarray(at, at + payload);
  if (kind === coding.integer) return Buffer.from(String(integerAt(bytes, at, payload)), 'latin1');
  if (plain > longestHeld) throw tooLong(at);
  const target = new Uint8Array(plain);
  if (!decodeLzf(bytes, at, at + payload, target, plain)) {
    throw damaged('a compressed string cannot be decompressed', at);
  }
  return target;
}

/** A signed integer of 1 to 4 bytes, little endian. */
export function integerAt(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let byte = 0; byte < size; byte++) value |= (bytes[at + byte] as number) << (8 * byte);
  const unused = 32 - 8 * size;
  return (value << unused) >> unused;
}
