import { crc64Module, inputAt, inputBytes, sumAt, tableCount, tablesAt } from './crc64-module.ts';

/**
 * CRC-64 as Redis has it ("Jones", reflected, start 0, no final xor); the check over `123456789` is e9c6d914c4b8d9ca.
 */
export interface Crc64 {
  add(bytes: Uint8Array, start?: number, end?: number): void;
  reset(): void;
  /** The sum so far, 8 bytes, little endian. */
  writeTo(target: Uint8Array, offset: number): void;
  equals(bytes: Uint8Array, offset: number): boolean;
  /** The upper half, unsigned. */
  readonly high: number;
  /** The lower half, unsigned. */
  readonly low: number;
}

const polynomialHigh = 0x95ac9329;
const polynomialLow = 0xac4bc9b5 | 0;

/** What a byte does to the sum when `n` more bytes follow it: at `(n * 256 + byte) * 2` the lower half, then the upper one. */
const tables = new Int32Array(tableCount * 256 * 2);
for (let byte = 0; byte < 256; byte++) {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (isOdd) {
      low ^= polynomialLow;
      high ^= polynomialHigh;
    }
  }
  tables[byte * 2] = low;
  tables[byte * 2 + 1] = high;
}
for (let at = 256 * 2; at < tables.length; at += 2) {
  const low = tables[at - 512] as number;
  const high = tables[at - 511] as number;
  const next = (low & 0xff) * 2;
  tables[at] = ((low >>> 8) | (high << 24)) ^ (tables[next] as number);
  tables[at + 1] = (high >>> 8) ^ (tables[next + 1] as number);
}

/** As much of the platform's interface as is used here: the compiler's library has it for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      add(start: number, end: number): void;
    };
  };
};

const { memory, add } = new WebAssembly.Instance(new WebAssembly.Module(crc64Module)).exports;
const words = new Int32Array(memory.buffer);
const input = new Uint8Array(memory.buffer, inputAt, inputBytes);
words.set(tables, tablesAt / 4);

/** From here on copying the bytes and calling the module is faster than a loop here. */
const worthCopying = 64;

class TwoHalves implements Crc64 {
  #low = 0;
  #high = 0;

  get high(): number {
    return this.#high >>> 0;
  }

  get low(): number {
    return this.#low >>> 0;
  }

  reset(): void {
    this.#low = 0;
    this.#high = 0;
  }

  add(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (end - start >= worthCopying) this.#addByModule(bytes, start, end);
    else this.#addByTable(bytes, start, end);
  }

  #addByModule(bytes: Uint8Array, start: number, end: number): void {
    words[sumAt / 4] = this.#low;
    words[sumAt / 4 + 1] = this.#high;
    for (let at = start; at < end; at += inputBytes) {
      const size = Math.min(inputBytes, end - at);
      input.set(bytes.subarray(at, at + size));
      add(inputAt, inputAt + size);
    }
    this.#low = words[sumAt / 4] as number;
    this.#high = words[sumAt / 4 + 1] as number;
  }

  #addByTable(bytes: Uint8Array, start: number, end: number): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = start; at < end; at++) {
      const index = ((low ^ (bytes[at] as number)) & 0xff) * 2;
      low = ((low >>> 8) | (high << 24)) ^ (tables[index] as number);
      high = (high >>> 8) ^ (tables[index + 1] as number);
    }
    this.#low = low;
    this.#high = high;
  }

  writeTo(target: Uint8Array, offset: number): void {
    for (let byte = 0; byte < 4; byte++) {
      target[offset + byte] = this.#low >>> (8 * byte);
      target[offset + 4 + byte] = this.#high >>> (8 * byte);
    }
  }

  equals(bytes: Uint8Array, offset: number): boolean {
    for (let byte = 0; byte < 4; byte++) {
      if (bytes[offset + byte] !== ((this.#low >>> (8 * byte)) & 0xff)) return false;
      if (bytes[offset + 4 + byte] !== ((this.#high >>> (8 * byte)) & 0xff)) return false;
    }
    return true;
  }
}

export const createCrc64 = (): Crc64 => new TwoHalves();
