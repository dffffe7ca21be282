import { damaged } from '../rdb-error.ts';
import { ascii } from './ascii.ts';

const headerBytes = 6;
const endMark = 0xff;

const broken = (at: number): Error => damaged('a listpack is broken', at);

/**
 * Steps through a listpack: 4 bytes size, 2 bytes count, then elements, each followed by its own length written backwards, and 255.
 * https://github.com/antirez/listpack/blob/master/listpack.md
 */
export class Listpack {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = headerBytes;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isWhole =
      bytes.length > headerBytes &&
      this.#view.getUint32(0, true) === bytes.length &&
      bytes[bytes.length - 1] === endMark;
    if (!isWhole) throw broken(0);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length - 1;
  }

  /** The next element as bytes; integers as decimal digits. */
  next(): Uint8Array {
    const element = this.#take();
    return typeof element === 'object' ? element : ascii(element);
  }

  /** The next element, which must be an integer. */
  integer(): bigint {
    const element = this.#take();
    if (typeof element === 'object') throw broken(this.#at);
    return BigInt(element);
  }

  skip(): void {
    this.#take();
  }

  #take(): Uint8Array | number | bigint {
    const at = this.#at;
    const first = this.#bytes[at] as number;
    if (first < 0x80) return this.#after(1, first);
    if (first < 0xc0) return this.#string(1, first & 0x3f);
    this.#mustHave(at + 2);
    const second = this.#bytes[at + 1] as number;
    if (first < 0xe0) return this.#after(2, ((((first & 0x1f) << 8) | second) << 19) >> 19);
    if (first < 0xf0) return this.#string(2, ((first & 0x0f) << 8) | second);
    const size = sizes[first - 0xf0];
    if (size === undefined) throw broken(at);
    this.#mustHave(at + 1 + size);
    const view = this.#view;
    switch (first) {
      case 0xf0:
        return this.#string(5, view.getUint32(at + 1, true));
      case 0xf1:
        return this.#after(3, view.getInt16(at + 1, true));
      case 0xf2:
        return this.#after(
          4,
          ((view.getUint16(at + 1, true) | ((this.#bytes[at + 3] as number) << 16)) << 8) >> 8,
        );
      case 0xf3:
        return this.#after(5, view.getInt32(at + 1, true));
      default:
        return this.#after(9, view.getBigInt64(at + 1, true));
    }
  }

  #string(head: number, length: number): Uint8Array {
    const start = this.#at + head;
    return this.#after(head + length, this.#bytes.subarray(start, start + length));
  }

  #after<Element>(size: number, element: Element): Element {
    this.#at += size + backwardLength(size);
    this.#mustHave(this.#at);
    return element;
  }

  /** The end mark is not an element's. */
  #mustHave(end: number): void {
    if (end > this.#bytes.length - 1) throw broken(this.#at);
  }
}

/** Bytes that follow the first one of elements from 240 on. */
const sizes: readonly number[] = [4, 2, 3, 4, 8];

function backwardLength(size: number): number {
  if (size < 128) return 1;
  if (size < 16_383) return 2;
  if (size < 2_097_151) return 3;
  return size < 268_435_455 ? 4 : 5;
}

/** All elements. */
export function* listpackElements(bytes: Uint8Array): Generator<Uint8Array, void> {
  const listpack = new Listpack(bytes);
  while (!listpack.isAtEnd) yield listpack.next();
}
