import { LengthCode, malformed, needsMore } from '../length-code.ts';
import { damaged, tooLong } from '../rdb-error.ts';
import { decodedContent, longestHeld } from '../string-value.ts';

const firstWindow = 256 * 1024;
const nothing = new Uint8Array(0);

/**
 * Reads the parts of a value whose bytes may still be coming. Each reading answers null, and takes nothing, where bytes are missing; then
 * `wanted` says how many there must be at least. What was read stays valid: its memory is not written again.
 */
export class BodyCursor {
  /** The next byte's index in the window; for messages. */
  at = 0;
  wanted = 0;
  #window: Uint8Array;
  #end: number;
  readonly #head = new LengthCode();

  constructor(bytes: Uint8Array) {
    this.#window = bytes;
    this.#end = bytes.length;
  }

  /** Bytes that are there and have not been read. */
  get left(): number {
    return this.#end - this.at;
  }

  /** Adds a copy of the bytes that come next. */
  append(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#window.length) {
      const { left } = this;
      const larger = new Uint8Array(Math.max(firstWindow, left + piece.length, 2 * left));
      larger.set(this.#window.subarray(this.at, this.#end));
      this.#window = larger;
      this.at = 0;
      this.#end = left;
    }
    this.#window.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** A string, decoded. */
  string(): Uint8Array | null {
    const head = this.#head;
    const size = head.string(this.#window, this.at, this.#end);
    if (size === malformed) throw damaged('a part of a value should be a string and is none', this.at);
    const total = size + head.payload;
    if (size > 0 && head.payload > longestHeld) throw tooLong(this.at);
    if (size === needsMore || total > this.left)
      return this.#lacks(size === needsMore ? this.left + 1 : total);
    const content = decodedContent(this.#window, this.at + size, head.payload, head.plain, head.coding);
    this.at += total;
    return content;
  }

  /** How many things follow. */
  count(): number | null {
    const size = this.#head.count(this.#window, this.at, this.#end);
    if (size === malformed) throw damaged('a part of a value should be a length and is none', this.at);
    if (size === needsMore) return this.#lacks(this.left + 1);
    this.at += size;
    return this.#head.value;
  }

  /** An unsigned number of up to 64 bits. */
  number(): bigint | null {
    const size = this.#head.length(this.#window, this.at, this.#end);
    if (size === malformed) throw damaged('a part of a value should be a number and is none', this.at);
    if (size === needsMore) return this.#lacks(this.left + 1);
    const at = this.at;
    this.at += size;
    if (size < 9) return BigInt(this.#head.value);
    return new DataView(this.#window.buffer, this.#window.byteOffset + at + 1, 8).getBigUint64(0);
  }

  bytes(size: number): Uint8Array | null {
    if (size > this.left) return this.#lacks(size);
    this.at += size;
    return this.#window.subarray(this.at - size, this.at);
  }

  #lacks(wanted: number): null {
    this.wanted = wanted;
    return null;
  }
}

/** Of a value that is there as a whole. */
export const wholeBody = (body: Uint8Array): BodyCursor => new BodyCursor(body);

/** Of a value of which nothing is there yet. */
export const comingBody = (): BodyCursor => new BodyCursor(nothing);

/** A decoder gives null when it needs more bytes, and is then continued. */
export type Decoding<Part, Result = void> = Generator<Part | null, Result>;

export function* stringOf(cursor: BodyCursor): Decoding<never, Uint8Array> {
  for (;;) {
    const string = cursor.string();
    if (string !== null) return string;
    yield null;
  }
}

export function* countOf(cursor: BodyCursor): Decoding<never, number> {
  for (;;) {
    const count = cursor.count();
    if (count !== null) return count;
    yield null;
  }
}

export function* numberOf(cursor: BodyCursor): Decoding<never, bigint> {
  for (;;) {
    const number = cursor.number();
    if (number !== null) return number;
    yield null;
  }
}

export function* bytesOf(cursor: BodyCursor, size: number): Decoding<never, Uint8Array> {
  for (;;) {
    const bytes = cursor.bytes(size);
    if (bytes !== null) return bytes;
    yield null;
  }
}
