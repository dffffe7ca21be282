import { LengthCode } from './length-code.ts';
import { decodedContent } from './string-value.ts';

const head = new LengthCode();

/** The string that begins at `at`, decoded, and where it ends. The walker has been over it: it is there and well-formed. */
function stringFrom(bytes: Uint8Array, at: number): { readonly content: Uint8Array; readonly end: number } {
  const start = at + head.string(bytes, at, bytes.length);
  const end = start + head.payload;
  return { content: decodedContent(bytes, start, head.payload, head.plain, head.coding), end };
}

/** Name and value of the AUX item whose opcode is at `at`. */
export function auxOf(bytes: Uint8Array, at: number): readonly [name: string, value: string] {
  const name = stringFrom(bytes, at + 1);
  const value = stringFrom(bytes, name.end);
  return [Buffer.from(name.content).toString(), Buffer.from(value.content).toString()];
}

/** The source of the function library whose opcode is at `at`. */
export const functionSourceOf = (bytes: Uint8Array, at: number): Uint8Array =>
  stringFrom(bytes, at + 1).content;
