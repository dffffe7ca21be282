/** How a string is stored. */
export const coding = { plain: 0, integer: 1, lzf: 2 } as const;

/** More bytes than any string or collection has: whoever claims them is damaged. */
const absurd = 2 ** 40;

/** What {@link LengthCode} answers besides a size: the bytes end too early, or cannot be a length. */
export const needsMore = 0;
export const malformed = -1;

/** Most bytes that the head of a string takes: a mark and two lengths. */
export const longestHead = 19;

/**
 * Reads a length, or the head of a string (all before its content). The answer is the number of bytes it takes, {@link needsMore} or
 * {@link malformed}; the fields say what it is. Nothing is allocated: one object serves many heads.
 */
export class LengthCode {
  /** The length read last; exact up to 2^53. */
  value = 0;
  /** Of the string: bytes that follow its head. */
  payload = 0;
  /** Of the string: bytes it has once it is decoded. */
  plain = 0;
  /** Of the string: a {@link coding}. */
  coding: number = coding.plain;

  /** A length of any size: ids and times too. */
  length(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return needsMore;
    const first = bytes[at] as number;
    if (first < 0x40) {
      this.value = first;
      return 1;
    }
    if (first < 0x80) {
      if (end - at < 2) return needsMore;
      this.value = ((first & 0x3f) << 8) | (bytes[at + 1] as number);
      return 2;
    }
    if (first === 0x80) {
      if (end - at < 5) return needsMore;
      this.value = wordAt(bytes, at + 1);
      return 5;
    }
    if (first !== 0x81) return malformed;
    if (end - at < 9) return needsMore;
    this.value = wordAt(bytes, at + 1) * 2 ** 32 + wordAt(bytes, at + 5);
    return 9;
  }

  /** A number of things that follow. */
  count(bytes: Uint8Array, at: number, end: number): number {
    const size = this.length(bytes, at, end);
    return size > 0 && this.value > absurd ? malformed : size;
  }

  /** The head of a string. */
  string(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return needsMore;
    const first = bytes[at] as number;
    if (first < 0xc0) {
      const size = this.count(bytes, at, end);
      this.coding = coding.plain;
      this.payload = this.value;
      this.plain = this.value;
      return size;
    }
    if (first < 0xc3) {
      this.coding = coding.integer;
      this.payload = 1 << (first - 0xc0);
      this.plain = 0;
      return 1;
    }
    return first === 0xc3 ? this.#compressed(bytes, at, end) : malformed;
  }

  #compressed(bytes: Uint8Array, at: number, end: number): number {
    const first = this.count(bytes, at + 1, end);
    if (first <= 0) return first;
    this.payload = this.value;
    const second = this.count(bytes, at + 1 + first, end);
    if (second <= 0) return second;
    this.plain = this.value;
    this.coding = coding.lzf;
    const isPossible = this.payload > 0 && this.plain > 0 && this.plain <= this.payload * mostGrowth;
    return isPossible ? 1 + first + second : malformed;
  }
}

/** Three bytes of LZF stand for 264 at most. */
const mostGrowth = 88;

const wordAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;
