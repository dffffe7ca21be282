import { createCrc64 } from '../rdb/crc64.ts';
import type { KeySum } from './receipts.ts';

/** The CRC-64 of key names. One at a time: what it says is of the last name. */
export interface NameCrc {
  readonly high: number;
  readonly low: number;
  of(key: Uint8Array): void;
}

export function createNameCrc(): NameCrc {
  const crc = createCrc64();
  return {
    get high() {
      return crc.high >>> 0;
    },
    get low() {
      return crc.low >>> 0;
    },
    of(key) {
      crc.reset();
      crc.add(key);
    },
  };
}

/** A number of keys, and the sum of the CRC-64 of their names modulo 2^64: the same in whatever order they come. */
export class RunningSum {
  keys: number;
  #high: number;
  #low: number;

  constructor({ keys, digest }: KeySum = emptySum) {
    this.keys = keys;
    this.#high = Number.parseInt(digest.slice(0, 8), 16);
    this.#low = Number.parseInt(digest.slice(8), 16);
  }

  add({ high, low }: Pick<NameCrc, 'high' | 'low'>): void {
    const sum = this.#low + low;
    this.keys += 1;
    this.#low = sum >>> 0;
    this.#high = (this.#high + high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  }

  remove({ high, low }: Pick<NameCrc, 'high' | 'low'>): void {
    const rest = this.#low - low;
    this.keys -= 1;
    this.#low = rest >>> 0;
    this.#high = (this.#high - high - (rest < 0 ? 1 : 0)) >>> 0;
  }

  sum(): KeySum {
    const hex = (part: number): string => part.toString(16).padStart(8, '0');
    return { keys: this.keys, digest: `${hex(this.#high)}${hex(this.#low)}` };
  }
}

export const emptySum: KeySum = { keys: 0, digest: '0'.repeat(16) };

/** Of all keys of several parts. */
export function addSums(sums: readonly KeySum[]): KeySum {
  const digest = sums.reduce((sum, one) => BigInt.asUintN(64, sum + BigInt(`0x${one.digest}`)), 0n);
  return {
    keys: sums.reduce((sum, { keys }) => sum + keys, 0),
    digest: digest.toString(16).padStart(16, '0'),
  };
}
